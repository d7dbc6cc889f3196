"""Write a matrix of float32 as text: each number as ``f"{number:.9g}"`` does, but thousands of them at a time.

Nine significant digits are enough to read every float32 back exactly. A number is written into a *cell* of 16 bytes,
its digits four at a time from a table. Bytes that it does not need are NUL, and are deleted at the end:

    sign   whole, 3 decimals   4 decimals   4 decimals   spare   end
    -      0.012               3456         789                  tab
"""

import functools
from collections.abc import Iterator

import numpy as np

NUMBER = np.dtype([("sign", "S1"), ("first", "S5"), ("second", "S4"), ("third", "S4"), ("spare", "S1")])
CELL = np.dtype([("number", NUMBER), ("end", "S1")])
CELLS = 1 << 14  # written at a time, so that they stay in the processor's cache
POWERS = np.array([10**places for places in range(12)], np.float64)


def text_rows(matrix: np.ndarray, separator: str) -> Iterator[str]:
    """Yield each row of ``(N, D)`` float32 as text, with ``separator``, one ASCII character, between its numbers."""
    height = max(1, CELLS // matrix.shape[1])
    for start in range(0, len(matrix), height):
        block = matrix[start : start + height]
        cells = np.zeros(block.shape, CELL)
        _write(block, cells["number"])
        cells["end"] = separator
        cells["end"][:, -1] = "\n"
        yield from cells.tobytes().translate(None, b"\0").decode("ascii").split("\n")[:-1]


def _write(numbers: np.ndarray, cells: np.ndarray) -> None:
    """Write float32 numbers into cells of dtype ``NUMBER``, of the same shape."""
    sizes = np.abs(numbers).astype(np.float64)
    rare = ~((sizes == 0) | (sizes >= 0.001) & (sizes < 10))  # NaN, too
    sizes[rare] = 0
    places = 8 + (sizes < 1) + (sizes < 0.1) + (sizes < 0.01)  # decimals, so that nine digits are significant
    # The product is exact, so it is rounded as Python does: 24 bits of a float32 and 26 of 5**11 fit into float64.
    digits = np.rint(sizes * POWERS[places]) * POWERS[11 - places]  # 12 of them, 11 are decimals
    rest, third = np.divmod(digits.astype(np.int64), 10_000)
    first, second = np.divmod(rest, 10_000)
    thousandths, decimals = _tables()
    cells["sign"] = np.where(np.signbit(numbers), b"-", b"")
    cells["first"] = thousandths[first + 10_000 * ((second == 0) & (third == 0))]
    cells["second"] = decimals[second + 10_000 * (third == 0)]
    cells["third"] = decimals[third + 10_000]
    cells.view("S15")[rare] = [f"{number:.9g}" for number in numbers[rare].tolist()]


@functools.cache
def _tables() -> tuple[np.ndarray, np.ndarray]:
    """The text of 0 to 9,999 as thousandths, and as four decimals: with zeros at the end, then all without."""
    thousandths = [f"{number / 1000:.3f}" for number in range(10_000)]
    decimals = [f"{number:04}" for number in range(10_000)]
    return (
        np.array(thousandths + [text.rstrip("0").rstrip(".") for text in thousandths], "S5"),
        np.array(decimals + [text.rstrip("0") for text in decimals], "S4"),
    )

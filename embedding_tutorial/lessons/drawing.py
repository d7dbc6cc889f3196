"""Pictures for the lessons: SVG, which needs no font to be written and is sharp at any size.

A notebook shows a picture by itself; ``save`` writes it to a file, for slides.
"""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np

from embedding_tutorial.lessons.language import say

CELL = 44  # pixels a side
INK, FAINT, MARK = "#222222", "#999999", "#d9480f"
LINES = ("#d9480f", "#1971c2", "#2f9e44", "#9c36b5", "#868e96")


class Picture:
    """An SVG drawing.

    Args:
        body: SVG elements.
        width, height: in pixels.
    """

    def __init__(self, body: str, width: float, height: float) -> None:
        self.svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'width="{width:g}" height="{height:g}" font-family="sans-serif" font-size="14">{body}</svg>'
        )
        self.body, self.width, self.height = body, width, height

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: Path) -> Path:
        """Write the picture to a file, making its directory; returns the path."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.svg, encoding="utf-8")
        return path


def text(x: float, y: float, words: str, anchor: str = "middle", colour: str = INK) -> str:
    """An SVG text element; its vertical middle lies at ``y``."""
    return f'<text x="{x:g}" y="{y + 5:g}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'


def draw_matrix(
    matrix: np.ndarray,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    highlight: Sequence[int] = (),
    title: str = "",
    digits: int = 2,
) -> Picture:
    """Draw a matrix as shaded cells with their numbers: a larger number is darker, a negative one blue.

    Args:
        matrix: ``(N, M)`` numbers.
        rows, columns: ``N`` and ``M`` labels.
        highlight: rows to frame.
        title: drawn above it.
        digits: digits after the point; trailing zeros are dropped.
    """
    matrix = np.asarray(matrix, dtype=float)
    greatest = max(np.abs(matrix).max(), 1e-9)
    left = 14 + 14 * max((len(label) for label in rows or [""]), default=0)
    top = 14 + (24 if title else 0) + (24 if columns else 0)
    body = [text(14, 18, title, "start")] if title else []
    body += [text(left + (j + 0.5) * CELL, top - 12, label) for j, label in enumerate(columns or [])]
    body += [text(left - 8, top + (i + 0.5) * CELL, label, "end") for i, label in enumerate(rows or [])]
    for (i, j), value in np.ndenumerate(matrix):
        share = abs(value) / greatest
        colour = f"rgba({'217,72,15' if value > 0 else '25,113,194'},{0.75 * share:.2f})"
        body.append(
            f'<rect x="{left + j * CELL}" y="{top + i * CELL}" width="{CELL}" height="{CELL}" '
            f'fill="{colour}" stroke="#dddddd"/>'
        )
        number = f"{round(value, digits) + 0:.{digits}f}"  # + 0 makes -0 a plain 0
        number = number.rstrip("0").rstrip(".") if digits else number
        colour = INK if value else FAINT
        body.append(text(left + (j + 0.5) * CELL, top + (i + 0.5) * CELL, number or "0", colour=colour))
    for i in highlight:
        body.append(
            f'<rect x="{left}" y="{top + i * CELL}" width="{matrix.shape[1] * CELL}" height="{CELL}" '
            f'fill="none" stroke="{MARK}" stroke-width="3"/>'
        )
    return Picture("".join(body), left + matrix.shape[1] * CELL + 14, top + len(matrix) * CELL + 14)


def side_by_side(*pictures: Picture, between: str = "→") -> Picture:
    """Put pictures in a row, with a sign between them."""
    gap, x, body = 50, 0.0, []
    height = max(picture.height for picture in pictures)
    for number, picture in enumerate(pictures):
        if number:
            body.append(text(x + gap / 2, height / 2, between))
            x += gap
        body.append(f'<g transform="translate({x:g},{(height - picture.height) / 2:g})">{picture.body}</g>')
        x += picture.width
    return Picture("".join(body), x, height)


def draw_curves(
    curves: Mapping[str, Sequence[float]],
    x: Sequence[float],
    title: str = "",
    x_label: str = "",
    level: float | None = None,
) -> Picture:
    """Draw lines over a common axis, each with its name at its end.

    Args:
        curves: name -> its values, as many as ``x``.
        x: positions, ascending.
        title, x_label: drawn above and below.
        level: where a dashed line is drawn, for chance.
    """
    width, height, left, right, top, bottom = 640, 320, 60, 150, 40, 45
    values = np.array([*curves.values()], dtype=float)
    low = min(np.nanmin(values), level if level is not None else np.inf)
    high = max(np.nanmax(values), level if level is not None else -np.inf)
    span = (high - low) or 1.0

    def at(px: float, py: float) -> tuple[float, float]:
        across = (px - x[0]) / ((x[-1] - x[0]) or 1)
        return left + across * (width - left - right), height - bottom - (py - low) / span * (height - top - bottom)

    (x0, y0), (x1, y1) = at(x[0], low), at(x[-1], high)
    body = [text(14, 18, title, "start"), text((x0 + x1) / 2, height - 14, x_label)]
    body.append(f'<path d="M{x0:g},{y1:g} V{y0:g} H{x1:g}" fill="none" stroke="{FAINT}"/>')
    body += [text(x0 - 6, at(x[0], v)[1], f"{v:.3g}", "end", FAINT) for v in (low, high)]
    body += [text(at(v, low)[0], y0 + 14, f"{v:g}", colour=FAINT) for v in (x[0], x[-1])]
    if level is not None:
        y = at(x[0], level)[1]
        body.append(f'<path d="M{x0:g},{y:g} H{x1:g}" stroke="{FAINT}" stroke-dasharray="5 5"/>')
        body.append(text(x1 + 6, y, say("随机", "chance"), "start", FAINT))
    taken: list[float] = []
    for (name, line), colour in zip(curves.items(), LINES, strict=False):
        points = " ".join(f"{px:.1f},{py:.1f}" for px, py in (at(a, b) for a, b in zip(x, line, strict=True)))
        body.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        y = at(x[-1], line[-1])[1]
        while any(abs(y - other) < 15 for other in taken):  # names must not overlap
            y -= 3
        taken.append(y)
        body.append(text(x1 + 6, y, name, "start", colour))
    return Picture("".join(body), width, height)


def draw_points(
    points: np.ndarray,
    names: Sequence[str],
    groups: Sequence[str],
    title: str = "",
) -> Picture:
    """Draw tokens as points in the plane, each written at its place and coloured by its group.

    Both axes have the same scale, so distances in the picture are proportional to those in ``points``.

    Args:
        points: ``(N, 2)`` positions.
        names: ``N`` tokens.
        groups: ``N`` groups; the first five get a colour, explained above, the others are grey.
        title: drawn above it.
    """
    side, margin, top = 420, 24, 66
    points = np.asarray(points, dtype=float)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    scale = (side - 2 * margin) / max(np.ptp(points, axis=0).max(), 1e-9)
    colours = dict(zip(dict.fromkeys(groups), LINES, strict=False))
    body = [text(14, 18, title, "start")]
    x = 14
    for group, colour in colours.items():
        body.append(text(x, 44, group, "start", colour))
        x += 16 + sum(14 if letter > "\u2e80" else 8 for letter in group)
    body.append(f'<rect x="1" y="{top}" width="{side - 2}" height="{side - 1}" fill="none" stroke="#dddddd"/>')
    for (across, up), name, group in zip((points - middle) * scale, names, groups, strict=True):
        body.append(text(side / 2 + across, top + side / 2 - up, name, colour=colours.get(group, FAINT)))
    return Picture("".join(body), side, top + side)

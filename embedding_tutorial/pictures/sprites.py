"""Draw tokens as small pictures, which the projector shows at its points.

The projector cannot draw Chinese text in its plot, but it can show cells of one image, a sprite.
``projector.py`` chooses the tokens and writes the image. The font is the one that ``--font`` names,
or is found on the machine. A token is one line in one font: a character that the font lacks, such
as an emoji, appears as the font's empty box.

*The page* is the projector in a browser. Its limits were found by trying; the tests check them against
TensorBoard's own server. Imports neither Keras nor TensorFlow.
"""

import contextlib
import functools
import math
import os
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from embedding_tutorial.config import InputError

CELL = 48  # pixels
GLYPH = 40  # pixels, the largest font size; leaves a margin in the cell
WIDEST = 46  # pixels, the largest width of a token in its cell
MOST_CHARACTERS = 4  # of a token; more would be too small to read
GREY = 170  # visible on the page's white, and the page can tint it with the colours of its colour map
LARGEST_SIDE = 8192  # pixels; the page refuses larger images

HOW_TO_GET_A_FONT = (
    "no Chinese font found, so the projector shows dots only: install Noto Sans CJK "
    "(Debian, Ubuntu: fonts-noto-cjk) or name a font file with --font"
)

FONT_FOLDERS = (
    *("~/.local/share/fonts", "~/.fonts", "/usr/local/share/fonts", "/usr/share/fonts"),  # Linux
    *("~/Library/Fonts", "/Library/Fonts", "/System/Library/Fonts"),  # macOS
    *("$LOCALAPPDATA/Microsoft/Windows/Fonts", "$WINDIR/Fonts"),  # Windows
)
# Sans-serif first, which is easiest to read when small. Any other Chinese font comes after these.
KNOWN_FONTS = (
    *("notosanscjksc", "notosanssc", "notosanscjk", "sourcehansanssc", "sourcehansans", "pingfang", "hiraginosansgb"),
    *("msyh", "deng", "simhei", "stheiti", "wqy", "droidsansfallback", "notoserifcjk", "songti", "simsun"),
)


def find_font(chosen: Path | None = None) -> Path | None:
    """Find the font file to draw with: ``chosen``, or the best Chinese font on this machine.

    Returns:
        The file, or ``None`` if none was chosen and the usual folders hold no Chinese font.

    Raises:
        InputError: the chosen file is no font, or has no Chinese characters.
    """
    if chosen is not None:
        try:
            if not draws(chosen, "中"):
                raise InputError(f"--font {chosen}: holds no Chinese characters (no 中); name another font")
        except OSError:
            problem = "cannot be read as a TrueType or OpenType font" if chosen.exists() else "no such file"
            raise InputError(f"--font {chosen}: {problem}") from None
        return chosen
    found = []
    for folder in FONT_FOLDERS:
        for place, _, names in os.walk(os.path.expandvars(os.path.expanduser(folder))):
            found += [Path(place, name) for name in names if name.lower().endswith((".ttf", ".ttc", ".otf", ".otc"))]
    for path in sorted(found, key=_preference):
        with contextlib.suppress(OSError):  # a damaged font, or one of fixed size
            if draws(path, "中们"):  # fonts for Japanese lack the second
                return path
    return None


def _preference(path: Path) -> tuple:
    """Sort key of a font: known fonts first, in the order of ``KNOWN_FONTS``; regular weight before others."""
    name = path.stem.lower().replace("-", "").replace(" ", "")
    known = [i for i, start in enumerate(KNOWN_FONTS) if name.startswith(start)]
    return known or [len(KNOWN_FONTS)], "regular" not in name, str(path)


def draws(path: Path, characters: str) -> bool:
    """Whether the font has all characters: their pictures differ from each other and from that of a missing one.

    Raises:
        OSError: it is no font.
    """
    font = open_font(path, GLYPH)
    missing = "\U0010ffff"  # Unicode never assigns this code point
    pictures = {bytes(font.getmask(character)) for character in characters + missing}
    return len(pictures) == len(characters) + 1


def open_font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    """Open a font at ``size`` pixels: the simplified Chinese face of a collection, the regular weight if it varies.

    Raises:
        OSError: it is no font.
    """
    if not path.is_file():
        raise FileNotFoundError(path)  # reading a pipe may never end
    faces = []
    try:
        while True:  # not ImageFont.truetype, which would search the machine for another file of that name
            faces.append(ImageFont.FreeTypeFont(str(path), size, index=len(faces)))
    except OSError:
        if not faces:
            raise
    font = next((face for face in faces if str(face.getname()[0]).endswith(" SC")), faces[0])
    with contextlib.suppress(OSError, ValueError):  # most fonts are not variable
        font.set_variation_by_name("Regular")
    return font


def draw_sprite(tokens: Sequence[str], path: Path) -> Image.Image:
    """Draw each token into a cell of a square grid: token k into row ``k // side``, column ``k % side``.

    Args:
        tokens: what to draw; at most four characters of each, on one line, as large as fits.
        path: the font.

    Returns:
        ``(side * 48, side * 48)`` pixels, grey on transparent; ``side`` is the smallest number for
        which ``side * side`` cells hold all tokens. The page requires a square.

    Raises:
        ValueError: the image would be larger than the page accepts.
        OSError: it is no font.
    """
    side = math.ceil(math.sqrt(len(tokens)))
    if side * CELL > LARGEST_SIDE:
        raise ValueError(f"{len(tokens)} tokens need {side * CELL} pixels a side; the page takes {LARGEST_SIDE}")
    sized = functools.cache(lambda size: open_font(path, size))
    largest = sized(GLYPH)
    ink = Image.new("L", (side * CELL, side * CELL))  # how much of each pixel is covered, 0 to 255
    for k, token in enumerate(tokens):
        text = token[:MOST_CHARACTERS]
        cell = Image.new("L", (CELL, CELL))  # its own image, so that nothing is drawn into the next cell
        with contextlib.suppress(OSError):  # a damaged glyph leaves its cell empty
            font = sized(max(1, min(GLYPH, int(GLYPH * WIDEST / max(largest.getlength(text), 1)))))
            # All tokens have the baseline on which 中 is centred, so that , is low and ' is high.
            _, top, _, bottom = font.getbbox("中", anchor="ls")  # relative to the baseline
            place = ((CELL - round(font.getlength(text))) // 2, (CELL - top - bottom) // 2)
            ImageDraw.Draw(cell).text(place, text, fill=255, font=font, anchor="ls")
        ink.paste(cell, (k % side * CELL, k // side * CELL))
    return Image.merge("LA", (Image.new("L", ink.size, GREY), ink))

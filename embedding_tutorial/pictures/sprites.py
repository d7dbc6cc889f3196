"""Draw tokens as small pictures, for the projector to set on its points.

The page cannot draw Chinese in its space of points, but it can cut pictures out of one image
(a sprite). Which tokens are drawn and where the image goes is ``projector.py``'s business.
This file brings no font along: it looks for one on the machine, or takes ``--font``. It breaks
no lines and mixes no fonts: what the font lacks, emoji say, shows as the font's empty box.

Imports neither Keras nor TensorFlow. The page's rules were read from TensorBoard's own
behaviour; the tests ask a real server.
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
GLYPH = 40  # pixels; leaves a margin in the cell
WIDEST = 46  # pixels a token may fill of its cell
MOST_CHARACTERS = 4  # of a token; more could not be read
GREY = 170  # stays visible on the page's white, and takes the colour of its colour map
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
# Sans-serif first, as it is easiest to read when small; after these, any other Chinese font.
KNOWN_FONTS = (
    *("notosanscjksc", "notosanssc", "notosanscjk", "sourcehansanssc", "sourcehansans", "pingfang", "hiraginosansgb"),
    *("msyh", "deng", "simhei", "stheiti", "wqy", "droidsansfallback", "notoserifcjk", "songti", "simsun"),
)


def find_font(chosen: Path | None = None) -> Path | None:
    """The font file to draw with: ``chosen``, or the best Chinese one on this machine.

    Returns:
        ``None`` where nothing was chosen and the usual folders hold no Chinese font.

    Raises:
        InputError: the chosen file is no font, or has no Chinese characters.
    """
    if chosen is not None:
        try:
            if not draws(chosen, "王"):
                raise InputError(f"--font {chosen}: holds no Chinese characters (no 王); name another font")
        except OSError:
            problem = "cannot be read as a TrueType or OpenType font" if chosen.exists() else "no such file"
            raise InputError(f"--font {chosen}: {problem}") from None
        return chosen
    found = []
    for folder in FONT_FOLDERS:
        for place, _, names in os.walk(os.path.expandvars(os.path.expanduser(folder))):
            found += [Path(place, name) for name in names if name.lower().endswith((".ttf", ".ttc", ".otf", ".otc"))]
    for path in sorted(found, key=_preference):
        with contextlib.suppress(OSError):  # broken, or of fixed size
            if draws(path, "王们"):  # fonts for Japanese lack the second
                return path
    return None


def _preference(path: Path) -> tuple:
    """Known fonts in the order of the list, their regular weight before the others."""
    name = path.stem.lower().replace("-", "").replace(" ", "")
    known = [i for i, start in enumerate(KNOWN_FONTS) if name.startswith(start)]
    return known or [len(KNOWN_FONTS)], "regular" not in name, str(path)


def draws(path: Path, characters: str) -> bool:
    """Whether the font draws each of the characters, all different, and none as the box for what it lacks.

    Raises:
        OSError: it is no font.
    """
    font = open_font(path, GLYPH)
    nowhere = "\U0010ffff"  # Unicode will never give this code to a character
    pictures = {bytes(font.getmask(character)) for character in characters + nowhere}
    return len(pictures) == len(characters) + 1


def open_font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    """The font at ``size`` pixels: of a collection the face for simplified Chinese, of a variable font Regular.

    Raises:
        OSError: it is no font.
    """
    if not path.is_file():
        raise FileNotFoundError(path)  # a pipe would never be read to its end
    faces = []
    try:
        while True:  # ImageFont.truetype would search the machine for another file of that name
            faces.append(ImageFont.FreeTypeFont(str(path), size, index=len(faces)))
    except OSError:
        if not faces:
            raise
    font = next((face for face in faces if str(face.getname()[0]).endswith(" SC")), faces[0])
    with contextlib.suppress(OSError, ValueError):  # most fonts do not vary
        font.set_variation_by_name("Regular")
    return font


def draw_sprite(tokens: Sequence[str], path: Path) -> Image.Image:
    """Draw each token into its own cell: token k into row ``k // side``, column ``k % side``.

    Args:
        tokens: what to draw; four characters of each at most, in one line, as large as fits.
        path: the font.

    Returns:
        ``(side * 48, side * 48)`` pixels, grey on transparent; ``side`` is the smallest for
        which ``side * side`` cells hold all. The page reads no other form than a square.

    Raises:
        ValueError: there are so many that the page would refuse the image.
        OSError: it is no font.
    """
    side = math.ceil(math.sqrt(len(tokens)))
    if side * CELL > LARGEST_SIDE:
        raise ValueError(f"{len(tokens)} tokens need {side * CELL} pixels a side; the page takes {LARGEST_SIDE}")
    sized = functools.cache(lambda size: open_font(path, size))
    largest = sized(GLYPH)
    ink = Image.new("L", (side * CELL, side * CELL))  # how much of each pixel is covered
    for k, token in enumerate(tokens):
        text = token[:MOST_CHARACTERS]
        cell = Image.new("L", (CELL, CELL))  # what sticks out is cut off, and leaves the next cell clean
        with contextlib.suppress(OSError):  # a damaged glyph leaves its cell empty
            font = sized(max(1, min(GLYPH, int(GLYPH * WIDEST / max(largest.getlength(text), 1)))))
            # 王 stands in the middle; all others share its line, so that , and ' stay what they are.
            _, top, _, bottom = font.getbbox("王", anchor="ls")  # from the line that characters stand on
            place = ((CELL - round(font.getlength(text))) // 2, (CELL - top - bottom) // 2)
            ImageDraw.Draw(cell).text(place, text, fill=255, font=font, anchor="ls")
        ink.paste(cell, (k % side * CELL, k // side * CELL))
    return Image.merge("LA", (Image.new("L", ink.size, GREY), ink))

"""Typefaces as pen strokes: the centre lines of the letters in the fonts that matplotlib ships.

A printed letter has thick and thin strokes; a written one has the width of the pen. So each letter is drawn large once,
thinned to its centre line, and kept as the *distance* of every point to that line. Drawing it with a pen of any
width is then a threshold on the distance, and bending it is a matter of where the distance is looked up.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy import ndimage

from toolkit._core.names import lookup

__all__ = ["CLASSES", "FONT_GROUPS", "MASTER", "MARGIN", "faces_of", "masters_for"]

# The 47 classes of EMNIST balanced: letters whose two cases look alike when written share a class.
CLASSES = tuple("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt")

MASTER = 64  # the longer side of a letter, in pixels of its drawing
MARGIN = 24  # free pixels around that box
N_POINTS = 48  # points of the centre line that stand for the letter when it is measured

_DIGITS = CLASSES[:10]
_UPPER = CLASSES[10:36]
_LOWER = CLASSES[36:]


@dataclass(frozen=True)
class Face:
    """A font file, the characters of it that are used, and where in Unicode its alphabets start."""

    file: str
    group: str
    characters: tuple[str, ...] = CLASSES
    digit: int = ord("0")
    upper: int = ord("A")
    lower: int = ord("a")
    # Other signs of the face that people write for a character.
    variants: tuple[tuple[str, str], ...] = ()

    def glyphs(self, character):
        """The signs that stand for ``character`` in this face."""
        if character.isdigit():
            sign = chr(self.digit + int(character))
        elif character.isupper():
            sign = chr(self.upper + ord(character) - ord("A"))
        else:
            sign = chr(self.lower + ord(character) - ord("a"))
        signs = (sign,) if character in self.characters else ()
        return signs + tuple(sign for written, sign in self.variants if written == character)


def _without(*left_out):
    return tuple(character for character in CLASSES if character not in left_out)


# A written one is mostly a bar: the sans-serif I. Mono zeros with a dot or a slash inside are left out, as are old-style
# digits. STIX keeps whole alphabets in the mathematical block of Unicode.
_FACES = {
    "dejavu_sans": Face("DejaVuSans", "sans", variants=(("1", "I"), ("1", "/"))),
    "dejavu_sans_oblique": Face("DejaVuSans-Oblique", "sans", variants=(("1", "I"),)),
    "dejavu_sans_bold": Face("DejaVuSans-Bold", "sans", variants=(("1", "I"),)),
    "computer_modern_sans": Face("cmss10", "sans", variants=(("1", "I"),)),
    "stix_sans": Face(
        "STIXGeneral", "sans", digit=0x1D7E2, upper=0x1D5A0, lower=0x1D5BA, variants=(("1", "\U0001d5a8"),)
    ),
    "stix_sans_italic": Face("STIXGeneralItalic", "sans", _UPPER + _LOWER, upper=0x1D608, lower=0x1D622),
    "dejavu_serif": Face("DejaVuSerif", "serif"),
    "stix": Face("STIXGeneral", "serif", variants=(("1", "|"),)),
    "computer_modern": Face("cmr10", "serif", variants=(("1", "/"),)),
    "dejavu_serif_italic": Face("DejaVuSerif-Italic", "italic"),
    "stix_italic": Face("STIXGeneralItalic", "italic", variants=(("1", "/"),)),
    "computer_modern_italic": Face("cmti10", "italic", variants=(("1", "/"),)),
    "computer_modern_math": Face("cmmi10", "italic", _UPPER + _LOWER),
    "stix_script": Face("STIXGeneral", "italic", _LOWER, lower=0x1D4EA),
    "dejavu_mono": Face("DejaVuSansMono", "mono", _without("0")),
    "computer_modern_mono": Face("cmtt10", "mono"),
    "stix_mono": Face("STIXGeneral", "mono", digit=0x1D7F6, upper=0x1D670, lower=0x1D68A),
}

FONT_GROUPS = tuple(dict.fromkeys(face.group for face in _FACES.values()))


def faces_of(fonts=None):
    """Names of the faces meant by ``fonts``: None for all, a group, a face, or several of these."""
    if fonts is None:
        return tuple(_FACES)
    table = {name: (name,) for name in _FACES}
    table |= {group: tuple(n for n, f in _FACES.items() if f.group == group) for group in FONT_GROUPS}
    wanted = (fonts,) if isinstance(fonts, str) else tuple(fonts)
    if not wanted:
        raise ValueError(f"fonts must name at least one font or group, got none. Valid: {', '.join(sorted(table))}.")
    return tuple(dict.fromkeys(name for given in wanted for name in lookup(table, given, "font or font group")))


@dataclass(frozen=True)
class Master:
    """One letter of one face, as a pen would follow it.

    Attributes
    ----------
    distance : ndarray of float32 of shape (MASTER + 2 * MARGIN,) * 2
        Distance of each pixel to the centre line, in pixels.
    points : ndarray of float32 of shape (N_POINTS, 2)
        Points (x, y) of the centre line, in pixels from the centre of the drawing.
    """

    distance: np.ndarray
    points: np.ndarray


def masters_for(faces, characters):
    """Masters of each character in the given faces.

    Parameters
    ----------
    faces : tuple of str
    characters : tuple of str

    Returns
    -------
    dict of str to list of Master
        A character that no face has is an error.
    """
    found = {}
    for character in characters:
        signs = [(_FACES[name].file, sign) for name in faces for sign in _FACES[name].glyphs(character)]
        if not signs:
            raise ValueError(f"None of the fonts {', '.join(faces)} is used for the character {character!r}.")
        found[character] = [_master(*sign) for sign in signs]
    return found


@cache
def _font_folder():
    # Not imported before a letter is drawn: matplotlib takes its time.
    from matplotlib import get_data_path

    return Path(get_data_path(), "fonts", "ttf")


@cache
def _font(file, size):
    from PIL import ImageFont

    return ImageFont.truetype(str(_font_folder() / f"{file}.ttf"), size, layout_engine=ImageFont.Layout.BASIC)


def _draw(file, sign):
    """Boolean drawing of ``sign`` at twice the size of a master, with no margin but a pixel's."""
    from PIL import Image, ImageDraw

    left, top, right, bottom = _font(file, 100).getbbox(sign)
    font = _font(file, max(round(200 * MASTER / max(right - left, bottom - top)), 1))
    left, top, right, bottom = font.getbbox(sign)
    drawing = Image.new("L", (right - left + 2, bottom - top + 2))
    ImageDraw.Draw(drawing).text((1 - left, 1 - top), sign, fill=255, font=font)
    return np.asarray(drawing)


@cache
def _master(file, sign):
    from skimage.morphology import skeletonize

    # Rounding the corners first keeps the centre line from branching into each of them.
    ink = ndimage.gaussian_filter(_draw(file, sign).astype(np.float32), 1.5, mode="constant") > 110
    points = np.argwhere(skeletonize(ink))[:, ::-1].astype(np.float32)
    points = (points - (points.min(axis=0) + points.max(axis=0)) / 2) / 2
    side = MASTER + 2 * MARGIN
    paper = np.ones((side, side), dtype=bool)
    column, row = np.rint(points + (side - 1) / 2).astype(int).T
    paper[row, column] = False
    # A little blur smooths the steps that the line takes from pixel to pixel.
    distance = ndimage.gaussian_filter(ndimage.distance_transform_edt(paper).astype(np.float32), 0.8)
    spread = np.linspace(0, len(points) - 1, N_POINTS).round().astype(int)
    return Master(distance, points[spread])

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

from toolkit._core.inherited import import_matplotlib
from toolkit._core.names import lookup

__all__ = ["CLASSES", "FONT_GROUPS", "MARGIN", "MASTER", "faces_of", "masters_for"]

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
    # Other signs of the face that look like the way people write a character, "digit + signs".
    written: tuple[str, ...] = ()

    def printed(self, character):
        """The sign that the face has for ``character``, if it is used."""
        if character not in self.characters:
            return ()
        if character.isdigit():
            return (chr(self.digit + int(character)),)
        first = "A" if character.isupper() else "a"
        return (chr((self.upper if character.isupper() else self.lower) + ord(character) - ord(first)),)

    def lookalikes(self, character):
        """The signs that stand for ``character`` as it is written."""
        return tuple(sign for row in self.written if row[0] == character for sign in row[1:])


def _without(*left_out):
    return tuple(character for character in CLASSES if character not in left_out)


# Printed digits are not how digits are written: a written one is mostly a bar, a nine ends in a straight stem, a four
# is open at the top, an eight crosses itself. Other scripts have signs of just these shapes.
_SANS = (
    "1I/",
    "2\u0577\u0541",  # Armenian sha and ja
    "3\u0417\u01b7",  # Cyrillic ze, Latin ezh
    "4\u0427",  # Cyrillic che
    "6\u1472\u06f9",  # Canadian ka, Arabic nine
    "7\u0666\u14a3\u204a",  # Arabic six, Canadian ma, Tironian et
    "8\u0222\u221e",  # Latin ou, infinity
    "9\u146b\u06f9",  # Canadian ke, Arabic nine
)
_OBLIQUE = ("1I/", "2\u01a7", "3\u0417\u01b7", "4\u0427", "6\u0431", "8\u0222\u221e", "9q")
_SLIM = ("1/", "3\u0417", "6\u0431")
# Quarter turns, counter-clockwise, with which a sign stands for a digit.
_TURNS = {("6", "\u06f9"): 2, ("8", "\u221e"): 1}

# Mono zeros with a dot or a slash inside are left out, as are old-style digits. STIX keeps whole alphabets in the
# mathematical block of Unicode.
_FACES = {
    "dejavu_sans": Face("DejaVuSans", "sans", written=_SANS),
    "dejavu_sans_oblique": Face("DejaVuSans-Oblique", "sans", written=_OBLIQUE),
    "dejavu_sans_bold": Face("DejaVuSans-Bold", "sans"),
    "computer_modern_sans": Face("cmss10", "sans", written=("1I/",)),
    "stix_sans": Face("STIXGeneral", "sans", digit=0x1D7E2, upper=0x1D5A0, lower=0x1D5BA, written=("1\U0001d5a8",)),
    "stix_sans_italic": Face("STIXGeneralItalic", "sans", _UPPER + _LOWER, upper=0x1D608, lower=0x1D622),
    "dejavu_serif": Face("DejaVuSerif", "serif", written=("1/", "4\u0427", "8\u0222\u221e")),
    "stix": Face("STIXGeneral", "serif", written=(*_SLIM, "8\u221e")),
    "computer_modern": Face("cmr10", "serif", written=("1/",)),
    "dejavu_serif_italic": Face("DejaVuSerif-Italic", "italic", written=("1/", "3\u01b7", "4\u0427", "6\u0431")),
    "stix_italic": Face("STIXGeneralItalic", "italic", written=_SLIM),
    "computer_modern_italic": Face("cmti10", "italic", written=("1/",)),
    "computer_modern_math": Face("cmmi10", "italic", _UPPER + _LOWER),
    "stix_script": Face("STIXGeneral", "italic", _LOWER, lower=0x1D4EA),
    "dejavu_mono": Face("DejaVuSansMono", "mono", _without("0"), written=("1/", "4\u0427", "6\u06f9", "9\u06f9")),
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
    ends : ndarray of float32 of shape (n_ends, 2)
        Where a stroke ends; a closed line has none.
    clearance : float
        Distance to the centre line that all but a tenth of the letter's box is within: how much room there is between
        its strokes, for the pen to leave free. Small for crowded letters such as W, infinite for a bare bar.
    """

    distance: np.ndarray
    points: np.ndarray
    ends: np.ndarray
    clearance: float


def masters_for(faces, characters):
    """Masters of each character in the given faces.

    Parameters
    ----------
    faces : tuple of str
    characters : tuple of str

    Returns
    -------
    dict of str to list of list of Master
        For each character its printed masters, then those of its lookalikes, if there are any. A character that no face
        has is an error.
    """
    found = {}
    for character in characters:
        printed = [(_FACES[name].file, sign, 0) for name in faces for sign in _FACES[name].printed(character)]
        written = [
            (_FACES[name].file, sign, _TURNS.get((character, sign), 0))
            for name in faces
            for sign in _FACES[name].lookalikes(character)
        ]
        if not printed:
            raise ValueError(f"None of the fonts {', '.join(faces)} is used for the character {character!r}.")
        found[character] = [[_master(*key) for key in keys] for keys in (printed, written) if keys]
    return found


@cache
def _font_folder():
    # Not imported before a letter is drawn: matplotlib takes its time.
    return Path(import_matplotlib().get_data_path(), "fonts", "ttf")


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
def _master(file, sign, turns):
    from skimage.morphology import skeletonize

    # Rounding the corners first keeps the centre line from branching into each of them.
    drawing = np.rot90(_draw(file, sign), turns)
    ink = ndimage.gaussian_filter(drawing.astype(np.float32), 1.5, mode="constant") > 110
    line = skeletonize(ink)
    points = np.argwhere(line)[:, ::-1].astype(np.float32)
    is_end = ndimage.uniform_filter(line.astype(np.float32), 3, mode="constant")[line] * 9 < 2.5  # one neighbour
    points = (points - (points.min(axis=0) + points.max(axis=0)) / 2) / 2
    side = MASTER + 2 * MARGIN
    paper = np.ones((side, side), dtype=bool)
    column, row = np.rint(points + (side - 1) / 2).astype(int).T
    paper[row, column] = False
    # A little blur smooths the steps that the line takes from pixel to pixel.
    distance = ndimage.gaussian_filter(ndimage.distance_transform_edt(paper).astype(np.float32), 0.8)
    inside = distance[row.min() : row.max() + 1, column.min() : column.max() + 1]
    clearance = float(np.quantile(inside, 0.9)) if min(inside.shape) > MASTER / 6 else np.inf
    spread = np.linspace(0, len(points) - 1, N_POINTS).round().astype(int)
    return Master(distance, points[spread], points[is_end], clearance)

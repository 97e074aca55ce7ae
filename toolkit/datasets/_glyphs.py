"""Glyphs: letters and digits that look written, made from fonts, without any download."""

from collections.abc import Iterable, Sequence

import numpy as np

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.names import check_names
from toolkit._core.parameters import check_int
from toolkit._core.random import as_generator
from toolkit._core.types import RandomState
from toolkit.datasets._glyph_faces import CLASSES, faces_of, masters_for
from toolkit.datasets._glyph_pen import write
from toolkit.datasets._image_set import ImageSet

__all__ = ["load_glyphs"]


@usual_floating_point
def load_glyphs(
    n_samples: int = 4000,
    *,
    classes: str | Iterable[str] | None = None,
    fonts: str | Sequence[str] | None = None,
    image_size: int = 28,
    random_state: RandomState = None,
) -> ImageSet:
    """Write letters and digits in random hands, in the manner of MNIST and EMNIST.

    The centre lines of the letters in matplotlib's own fonts are bent, slanted, stretched and drawn with a soft round
    pen of random width, then fitted to a box of about 20 of 28 pixels and centred at their centre of mass, as in MNIST.
    No two images are the same.

    Parameters
    ----------
    n_samples : int, default=4000
    classes : str or iterable of str, default=None
        Characters to write, a subset of the 47 of EMNIST balanced: digits, capitals, and the small letters
        ``abdefghnqrt`` that differ from their capitals. None is all. ``"0123456789"`` gives digits.
    fonts : str or list of str, default=None
        Groups of fonts (``"sans"``, ``"serif"``, ``"italic"``, ``"mono"``) or single fonts to write from; None is all.
        The groups share no font file alphabet, so one can be held out.
    image_size : int, default=28
        Height and width of the images, at least 8.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same images each time.

    Returns
    -------
    ImageSet
        uint8 images, 0 (paper) to 255 (ink), of shape (n_samples, image_size, image_size); the labels are the
        characters, each class equally often (to within one).

    See Also
    --------
    fetch_emnist : Real letters, to download.

    References
    ----------
    .. [1] G. Cohen, S. Afshar, J. Tapson and A. van Schaik, EMNIST: an extension of MNIST to handwritten letters, 2017.
    .. [2] P. Simard, D. Steinkraus and J. Platt, Best practices for convolutional neural networks applied to visual
       document analysis, ICDAR 2003 (elastic distortion).

    Examples
    --------
    >>> from toolkit.datasets import load_glyphs
    >>> letters = load_glyphs(100, classes="abc".upper(), random_state=0)
    >>> letters
    <ImageSet 'glyphs': 100 images (28, 28) uint8, with labels>
    >>> sorted(set(letters.labels.tolist()))
    ['A', 'B', 'C']
    """
    check_int("n_samples", n_samples)
    check_int("image_size", image_size, low=8)
    size = int(image_size)
    if classes is None:
        characters = CLASSES
    else:
        # A class given twice counts once, and the order in which they come changes nothing.
        wanted = check_names(tuple(map(str, classes)), CLASSES, "character class")
        characters = tuple(character for character in CLASSES if character in wanted)
    masters = masters_for(faces_of(fonts), characters)
    generator = as_generator(random_state)
    codes = generator.permutation(np.resize(np.arange(len(characters)), n_samples))
    # A printed form or a written lookalike, half and half where there are both; then any of its faces.
    pools = [pool for character in characters for pool in masters[character]]
    n_pools = np.array([len(masters[character]) for character in characters])
    pool = _pick(n_pools, codes, generator)
    which = _pick(np.array([len(pool) for pool in pools]), pool, generator)
    shelf = [master for pool in pools for master in pool]
    images = write(shelf, which, size, generator)
    return ImageSet(images, labels=np.array(characters)[codes], name="glyphs")


def _pick(counts, groups, generator):
    """For each of ``groups`` one of its ``counts`` members, as an index into all members in order."""
    first = np.cumsum(counts) - counts
    return first[groups] + (generator.random(len(groups)) * counts[groups]).astype(int)

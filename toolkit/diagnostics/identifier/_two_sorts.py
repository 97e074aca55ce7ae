"""Does a set consist of two sorts of images, about half and half? Then neither is the usual one.

Every verdict rests on the clean images being the majority, and alike in some way. Half photographs and half scans are
two sets in one folder: each half is strange to the other. Seen as a graph in which each image is linked with its
nearest ones, such a set falls apart at a balanced cut that hardly any link crosses. Classes within a set do not: of the
links of ten digits, of letters or of clothes, three in a hundred and more cross the best balanced cut, of digits mixed
with clothes about one.
"""

import warnings

import numpy as np

__all__ = ["MOST_LINKED", "balanced_cut"]

MOST_LINKED, _LEAST = 1500, 100
_NEAREST = 10
# A cut is balanced if the smaller side holds at least this share of the images.
_SMALLER = 0.38


def balanced_cut(views, generator):
    """Share of links that cross the best balanced cut, relative to a cut at random.

    The normalised cut of Shi and Malik (2000, "Normalized cuts and image segmentation"), by a sweep over the first two
    vectors of the spectral embedding.

    Parameters
    ----------
    views : list of ndarray of shape (n_samples, n_features)
        Descriptions of the images; each counts as much as the others.
    generator : numpy.random.Generator
        Draws at most 1,500 images.

    Returns
    -------
    crossing : float
        0 where the parts are not linked at all, about 1 where there are none; 1 for fewer than 100 images.
    share : float
        Of the images, those on the smaller side.
    """
    from scipy.sparse.csgraph import connected_components
    from sklearn.manifold import spectral_embedding
    from sklearn.neighbors import kneighbors_graph

    n_samples = len(views[0])
    if n_samples < _LEAST:
        return 1.0, 0.5
    rows = np.sort(generator.permutation(n_samples)[:MOST_LINKED])
    joined = np.hstack([_levelled(view[rows]) for view in views])
    links = kneighbors_graph(joined, _NEAREST)
    affinity = (links + links.T) / 2
    _, part = connected_components(affinity, directed=False)
    sizes = np.bincount(part)
    largest = part == sizes.argmax()
    if largest.mean() < _SMALLER:
        return 1.0, 0.5  # many parts with nothing between them: classes, none of them a half
    if largest.mean() <= 1 - _SMALLER:
        return 0.0, float(min(largest.mean(), 1 - largest.mean()))
    # Odd images may form islands of their own; the question is about the rest.
    links, affinity = links[largest][:, largest], affinity[largest][:, largest]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a solver that stops early only makes for a worse cut
        embedding = spectral_embedding(
            affinity, n_components=2, drop_first=True, random_state=int(generator.integers(2**31))
        )
    links = links.tocoo()
    best = (1.0, 0.5)
    for vector in embedding.T:
        order = np.argsort(vector, kind="stable")
        place = np.empty(len(order))
        place[order] = np.arange(len(order)) / len(order)
        for share in np.arange(_SMALLER, 1 - _SMALLER + 1e-9, 0.02):
            side = place < share
            crossing = (side[links.row] != side[links.col]).mean() / (2 * share * (1 - share))
            best = min(best, (float(crossing), float(min(share, 1 - share))))
    return best


def _levelled(view):
    """A view on a scale of its own median distance from the middle."""
    view = view - np.median(view, axis=0)
    return view / max(float(np.median(np.linalg.norm(view, axis=1))), 1e-9)

"""What ModeCoverage learns of real rows among each other, so that samples can be held against it."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from toolkit.coverage._duplicates import distinct_rows, recurring_share
from toolkit.coverage._embedding import fit_embedding
from toolkit.coverage._measures import ImageMeasures, measure_images
from toolkit.coverage._neighbours import nearest
from toolkit.coverage._resemblance import Resembled
from toolkit.coverage._row_pair import RowPair
from toolkit.coverage._splits import reference_figures, split_figures

if TYPE_CHECKING:
    from toolkit.coverage._mode_coverage import ModeCoverage

__all__ = ["N_JUDGED", "calibrate_copies", "calibrate_embedding", "calibrate_neighbours", "calibrate_resemblance"]

_N_HALVINGS, _MOST_HALF = 2, 2500
N_JUDGED = 1000  # samples that are judged one by one, and real rows that they are compared with


def calibrate_neighbours(coverage: "ModeCoverage", measures: ImageMeasures, generator: np.random.Generator) -> None:
    """Real-versus-real figures at the usual size, and the rows that samples are compared with."""
    size = min(coverage.n_neighbour_rows, len(measures) // 2)
    coverage._remainder = measures.remainder.astype(np.float32)
    coverage._reference_figures = None
    if size >= 2:
        coverage._reference_figures = reference_figures(
            measures.whole, size, coverage.n_neighbours, coverage.n_splits, generator
        )
    coverage._neighbour_rows = np.sort(generator.permutation(len(measures))[: max(size, 1)])


def calibrate_embedding(
    coverage: "ModeCoverage", stack: NDArray, measures: ImageMeasures, generator: np.random.Generator
) -> None:
    """By how much figures of fresh rows differ from those of rows that the embedding was fitted to.

    Principal components spread out the very rows that made them. Fresh rows lie a little nearer to the middle: more of
    them fall into balls of the data (precision), and their own balls reach less of it (recall). Components of one half
    of the rows show by how much, and of all the rows, which are twice as many, it is half of that.
    """
    coverage._fresh_rows_shift = {}
    size = min(len(measures) // 2, coverage.n_neighbour_rows, _MOST_HALF)
    if not (isinstance(coverage.embedding, str) and coverage.embedding == "pca") or size < 50:
        return
    differences = []
    for _ in range(_N_HALVINGS):
        order = generator.permutation(len(measures))
        halves = np.sort(order[:size]), np.sort(order[size : 2 * size])
        for known, fresh in (halves, halves[::-1]):
            seed = int(generator.integers(2**31 - 1))
            model = fit_embedding("pca", stack[known], coverage.pixel_scale_, coverage.n_components_, seed)
            ours, theirs = (
                measure_images(model, "pca", stack[part], coverage.pixel_scale_).whole for part in (known, fresh)
            )
            crossed = split_figures(RowPair(ours, theirs, coverage.n_neighbours))
            usual = split_figures(RowPair(measures.whole[known], measures.whole[fresh], coverage.n_neighbours))
            differences.append({name: crossed[name] - usual[name] for name in usual})
    scale = 0.5 * (2 * size) / len(measures)
    coverage._fresh_rows_shift = {
        name: scale * float(np.mean([found[name] for found in differences])) for name in differences[0]
    }


def calibrate_copies(coverage: "ModeCoverage", measures: ImageMeasures, generator: np.random.Generator) -> None:
    """How near real rows come to each other. Rows that occur twice count once: their distance says nothing."""
    distinct = distinct_rows(measures.digests)
    features = measures.features[distinct]
    chosen = np.sort(generator.permutation(len(distinct))[: coverage.n_neighbour_rows])
    # A row is its own nearest neighbour, at distance 0; the second is that of the others.
    found = nearest(features[chosen], features, min(2, len(distinct)))[0]
    coverage._usual_distances = found[:, -1]
    coverage._usual_bins = coverage.bins_[distinct[chosen]]
    coverage._recurring = recurring_share(measures.digests)


def calibrate_resemblance(coverage: "ModeCoverage", measures: ImageMeasures, generator: np.random.Generator) -> None:
    """The real rows that a sample should be like, and how many of as many others are."""
    size = min(N_JUDGED, len(measures) // 2)
    coverage._resembled = None
    if size <= coverage.n_neighbours:
        return
    order = generator.permutation(len(measures))
    shown, others = (measures.take(np.sort(order[start : start + size])) for start in (0, size))
    coverage._resembled, coverage._contrast = shown.whole.astype(np.float32), shown.contrast.astype(np.float32)
    judge = Resembled(shown.whole, coverage.n_neighbours, contrast=shown.contrast)
    coverage._usual_resemblance = float(judge.judge(others.whole, others.contrast).mean())

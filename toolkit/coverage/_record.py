"""What an evaluation finds: numbers with their calibration, what is missing, and a verdict in plain words."""

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.coverage._metrics import COVERAGE_METRICS
from toolkit.coverage._parts import VerdictPart

__all__ = ["CoverageRecord", "DroppedMode"]


@dataclass(frozen=True)
class DroppedMode:
    """A part of the data that samples hardly reach: bins that hang together.

    Parameters
    ----------
    bins : tuple of int
    real_share, sample_share : float
        Of all real rows and of all samples that fall into them.
    rows : ndarray of int
        Examples: indices of real rows as given to ``fit``, the most typical of each bin first.

    Examples
    --------
    >>> from toolkit.coverage import ModeCoverage
    >>> from toolkit.datasets import load_ring
    >>> ring, other = load_ring(400, random_state=0), load_ring(400, random_state=1)
    >>> record = ModeCoverage(random_state=0).fit(ring.points).evaluate(other.points[other.labels != 3])
    >>> mode = record.dropped_modes[0]
    >>> mode.sample_share, set(ring.labels[mode.rows].tolist())
    (0.0, {3})
    """

    bins: tuple[int, ...]
    real_share: float
    sample_share: float
    rows: NDArray[np.intp] = field(repr=False)


@dataclass(frozen=True)
class CoverageRecord:
    """Which parts of the data a sample reaches, see :meth:`ModeCoverage.evaluate`.

    Parameters
    ----------
    n_real, n_samples, n_bins : int
    alpha : float
        Level of the tests, and false discovery rate of the bins.
    figures : dict of str to float
        By name, see :data:`toolkit.coverage.COVERAGE_METRICS`; each is an attribute as well: ``record.js``. ``js`` is
        the Jensen-Shannon divergence between the shares of bins, in nats; ``ndb`` the number of bins that differ at
        ``alpha`` each, not adjusted for their number (Richardson and Weiss). ``clipped_density``, ``clipped_coverage``,
        ``p_precision``, ``p_recall``, ``precision``, ``recall``, ``density`` and ``coverage`` are by nearest
        neighbours, with closed balls; they and ``frechet`` are of ``n_neighbour_rows`` rows of each, and NaN with fewer
        than four real rows or two samples. Noise and grey images can raise precision, density and p_precision; clipped
        density hardly. ``copied_share`` is the share of the samples that equal a real row or are nearer to one than 99
        % of the distinct real rows in the same bins are to each other, ``exact_share`` of those that equal one, pixel
        for pixel, ``resembling`` of those that look like some real row, see :func:`toolkit.coverage.resemblance`; NaN
        with hardly any real rows.
    n_different : int
        Bins that differ at a false discovery rate of ``alpha``.
    n_neighbour_rows : int
    support : float
        How many different things, equally likely, would repeat as often as the samples do, see
        :func:`toolkit.coverage.birthday_support`; infinity when they repeat no more often than the data.
    outcome : {"complete", "distinguishable", "partial", "copied", "collapsed", "undertrained"}
        The samples in a word, of all parts of the verdict, see :func:`toolkit.coverage.name_outcome`.
    lost_share : float
        Of the real rows, those in missing bins, or in bins all but empty beyond chance where there are too few samples
        to call a single one missing.
    n_duplicates : int
        Real rows that equal an earlier one, pixel for pixel.
    n_repeats : int
        Samples that equal an earlier one.
    contradictions : tuple of str
        Where figures speak against each other, and which of them to believe.
    expected : dict of str to float
        What a perfect sampler gives, by figure.
    intervals : dict of str to tuple of float
        95 %.
    p_values : dict of str to float
        Of each figure against real-versus-real.
    bins : DataFrame
        A row a bin: bin, mode, real, samples, real_share, sample_share, ratio, z, p_value, q_value (adjusted), status
        (``"missing"``, ``"under"``, ``"as expected"``, ``"over"``).
    dropped_modes : tuple of DroppedMode
        The largest first.
    over_represented : tuple of int
        Bins with too many samples, the most excessive first.
    missing_ : dict of int to ndarray of int
        Missing bins, and the indices of real rows in them, the most typical first.
    verdict : str
    parts : tuple of VerdictPart
        Fidelity, coverage and originality, each passed or not, with one error rate over all of them.
    scarce : DataFrame
        Real rows about which fewer samples look like them than chance leaves anywhere, the worst first: what is missing
        or rare, told row by row, which bins may be too coarse for. ``row``, and ``ratio`` of the samples that look like
        it to those that are due. Of at most 2,500 rows that are asked; none where the coverage is passed.

    Examples
    --------
    >>> from toolkit.coverage import ModeCoverage
    >>> from toolkit.datasets import load_ring
    >>> ring, other = load_ring(400, random_state=0), load_ring(400, random_state=1)
    >>> record = ModeCoverage(random_state=0).fit(ring.points).evaluate(other.points[other.labels != 3])
    >>> record.outcome, record.flagged, record.js > record.expected["js"]
    ('partial', True, True)
    >>> record.frame().columns.tolist()
    ['metric', 'value', 'low', 'high', 'expected', 'p_value', 'greater_is_better']
    """

    n_real: int
    n_samples: int
    n_bins: int
    alpha: float
    figures: dict[str, float]
    n_different: int
    n_neighbour_rows: int
    support: float
    outcome: str
    lost_share: float
    expected: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    p_values: dict[str, float]
    bins: pd.DataFrame = field(repr=False)
    dropped_modes: tuple[DroppedMode, ...] = ()
    over_represented: tuple[int, ...] = ()
    n_duplicates: int = 0
    n_repeats: int = 0
    contradictions: tuple[str, ...] = ()
    missing_: dict[int, NDArray[np.intp]] = field(default_factory=dict, repr=False)
    verdict: str = ""
    parts: tuple[VerdictPart, ...] = ()
    scarce: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["row", "ratio"]), repr=False)

    def __getattr__(self, name: str) -> float:
        # Without `figures`, as in the midst of a copy, nothing is found.
        figures = vars(self).get("figures", {})
        if name not in figures:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return figures[name]

    def __repr__(self) -> str:
        # In a notebook and in an error: what was found, not every number of it (those are in `frame()`).
        return f"<CoverageRecord: {self.n_samples:,} samples against {self.n_real:,} real rows. {self.verdict}>"

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.figures]

    @property
    def flagged(self) -> bool:
        """Whether the samples differ from the data by more than chance, in any part, at level ``alpha`` over all."""
        if not self.parts:
            return self.p_values["js"] <= self.alpha
        return not all(part.passed for part in self.parts)

    @property
    def scarce_rows(self) -> tuple[int, ...]:
        """Real rows that too few samples look like, the worst first: those of ``scarce``."""
        return tuple(self.scarce["row"].tolist())

    def evidence(self) -> pd.DataFrame:
        """The parts of the verdict and what each rests on.

        Returns
        -------
        DataFrame
            A row a test: ``part``, ``passed`` (of the part), ``part_p_value`` (adjusted for all tests), ``test`` and
            ``p_value`` (by itself).
        """
        return pd.DataFrame(
            [
                {
                    "part": part.name,
                    "passed": part.passed,
                    "part_p_value": part.p_value,
                    "test": test,
                    "p_value": p_value,
                }
                for part in self.parts
                for test, p_value in part.evidence.items()
            ],
            columns=["part", "passed", "part_p_value", "test", "p_value"],
        )

    def frame(self) -> pd.DataFrame:
        """The figures in long form: metric, value, low, high, expected, p_value, greater_is_better."""
        nothing = (float("nan"), float("nan"))
        return pd.DataFrame(
            [
                {
                    "metric": name,
                    "value": self.figures[name],
                    "low": self.intervals.get(name, nothing)[0],
                    "high": self.intervals.get(name, nothing)[1],
                    "expected": self.expected.get(name, float("nan")),
                    "p_value": self.p_values.get(name, float("nan")),
                    "greater_is_better": metric.greater_is_better,
                }
                for name, metric in COVERAGE_METRICS.items()
                if name in self.figures
            ]
        )

    def summary(self) -> dict:
        """Everything but the tables as plain numbers, strings and lists, ready for JSON: what is not known is None."""
        figures = self.frame().drop(columns="greater_is_better").set_index("metric")
        figures = figures.astype(object).where(figures.notna(), None)
        return {
            "verdict": self.verdict,
            "outcome": self.outcome,
            "flagged": bool(self.flagged),
            "parts": {
                part.name: {
                    "passed": bool(part.passed),
                    "p_value": _number(part.p_value),
                    "evidence": {test: _number(p_value) for test, p_value in part.evidence.items()},
                    "sentence": part.sentence,
                }
                for part in self.parts
            },
            "contradictions": list(self.contradictions),
            "n_real": self.n_real,
            "n_duplicates": self.n_duplicates,
            "n_repeats": self.n_repeats,
            "n_samples": self.n_samples,
            "n_bins": self.n_bins,
            "n_different": self.n_different,
            "alpha": self.alpha,
            "support": self.support if math.isfinite(self.support) else None,
            "figures": figures.to_dict(orient="index"),
            "dropped_modes": [
                {
                    "bins": list(mode.bins),
                    "real_share": mode.real_share,
                    "sample_share": mode.sample_share,
                    "rows": mode.rows.tolist(),
                }
                for mode in self.dropped_modes
            ],
            "over_represented": list(self.over_represented),
            "scarce_rows": list(self.scarce_rows),
        }


def _number(value):
    return None if math.isnan(value) else float(value)

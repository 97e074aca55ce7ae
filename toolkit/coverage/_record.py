"""What an evaluation finds: numbers with their calibration, what is missing, and a verdict in plain words."""

import math
from dataclasses import dataclass, field

import numpy as np

__all__ = ["CoverageRecord", "DroppedMode", "plain_verdict"]

_GREATER_IS_BETTER = {
    "js": False,
    "ndb": False,
    "precision": True,
    "recall": True,
    "density": True,
    "coverage": True,
    "frechet": False,
    "copied_share": False,
    "resembling": True,
}


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
    """

    bins: tuple
    real_share: float
    sample_share: float
    rows: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class CoverageRecord:
    """Which parts of the data a sample reaches, see :meth:`ModeCoverage.evaluate`.

    Parameters
    ----------
    n_real, n_samples, n_bins : int
    alpha : float
        Level of the tests, and false discovery rate of the bins.
    js : float
        Jensen-Shannon divergence between the shares of bins, in nats.
    ndb : int
        Bins that differ at ``alpha`` each, not adjusted for their number (Richardson and Weiss).
    n_different : int
        Bins that differ at a false discovery rate of ``alpha``.
    precision, recall, density, coverage, frechet : float
        By nearest neighbours, and the Fréchet distance, of ``n_neighbour_rows`` rows of each; NaN with fewer than four
        real rows or two samples.
    n_neighbour_rows : int
    copied_share : float
        Share of the samples nearer to a real row than 99 % of the real rows in the same bins are to each other.
    resembling : float
        Share of the samples that look like some real row, see :func:`toolkit.coverage.resemblance`; NaN
        with hardly any real rows.
    support : float
        How many different things, equally likely, would repeat as often as the samples do, see
        :func:`toolkit.coverage.birthday_support`; infinity when they repeat no more often than the data.
    outcome : {"complete", "partial", "collapsed", "unlearnt"}
        The samples in a word, see :func:`toolkit.coverage.name_outcome`.
    lost_share : float
        Of the real rows, those in missing bins, or in bins all but empty beyond chance where there are too few samples
        to call a single one missing.
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
    """

    n_real: int
    n_samples: int
    n_bins: int
    alpha: float
    js: float
    ndb: int
    n_different: int
    precision: float
    recall: float
    density: float
    coverage: float
    frechet: float
    n_neighbour_rows: int
    copied_share: float
    resembling: float
    support: float
    outcome: str
    lost_share: float
    expected: dict
    intervals: dict
    p_values: dict
    bins: object = field(repr=False)
    dropped_modes: tuple = ()
    over_represented: tuple = ()
    missing_: dict = field(default_factory=dict, repr=False)
    verdict: str = ""

    @property
    def flagged(self):
        """Whether the samples differ from the data by more than chance, at level ``alpha``: by the divergence."""
        return self.p_values["js"] <= self.alpha

    def frame(self):
        """The figures in long form: metric, value, low, high, expected, p_value, greater_is_better."""
        import pandas as pd

        nothing = (float("nan"), float("nan"))
        return pd.DataFrame(
            [
                {
                    "metric": name,
                    "value": getattr(self, name),
                    "low": self.intervals.get(name, nothing)[0],
                    "high": self.intervals.get(name, nothing)[1],
                    "expected": self.expected.get(name, float("nan")),
                    "p_value": self.p_values.get(name, float("nan")),
                    "greater_is_better": better,
                }
                for name, better in _GREATER_IS_BETTER.items()
            ]
        )

    def summary(self):
        """Everything but the tables as plain numbers, strings and lists, ready for JSON: what is not known is None."""
        figures = self.frame().drop(columns="greater_is_better").set_index("metric")
        figures = figures.astype(object).where(figures.notna(), None)
        return {
            "verdict": self.verdict,
            "outcome": self.outcome,
            "flagged": bool(self.flagged),
            "n_real": self.n_real,
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
        }


def plain_verdict(
    *,
    flagged,
    p_value,
    n_bins,
    n_missing,
    n_modes,
    missing_share,
    n_over,
    over_share,
    over_expected,
    copied,
    outcome,
    repeats,
):
    """One to six sentences for a person who does not know the measures."""
    if n_bins < 2:
        return "The data falls into a single bin: too few different rows to tell what a sample misses."
    sentences = []
    if n_missing:
        where = "one part of the data" if n_modes == 1 else f"{n_modes} parts of the data"
        sentences.append(
            f"{n_missing} of {n_bins} bins are missing: {where}, {missing_share:.1%} of the real rows, that the "
            "samples hardly reach."
        )
    if n_over:
        sentences.append(
            f"{n_over} bin{'s hold' if n_over > 1 else ' holds'} too many samples: {over_share:.1%} of them, where "
            f"{over_expected:.1%} are due."
        )
    if flagged:
        if not sentences:
            sentences.append("No bin stands out, but the shares differ from the data's by more than chance altogether.")
        sentences.append(f"Not a perfect sampler of this data (p {_plain_p(p_value)}).")
    elif sentences:
        sentences.append(f"Altogether the shares differ by no more than chance (p {_plain_p(p_value)}).")
    else:
        sentences.append(f"Nothing is missing that this many samples could show (p {_plain_p(p_value)}).")
    if outcome == "unlearnt":
        sentences.append(
            "Hardly any sample resembles a real row: a generator that has not learnt to draw this data rather than one "
            "that has collapsed."
        )
    if repeats is not None:
        sentences.append(f"The samples repeat themselves as if there were only {_about(repeats)} different ones.")
    if copied:
        sentences.append("More samples than chance allows are all but copies of real rows.")
    return " ".join(sentences)


def _plain_p(p_value):
    return "< .001" if p_value < 0.001 else f"= {p_value:.3f}".replace("0.", ".", 1)


def _about(number):
    """A number that is a rough estimate.

    >>> _about(1.3), _about(37.2), _about(4210.0)
    ('one or two', 'about 40', 'about 4,000')
    """
    rounded = float(f"{number:.1g}")
    return "one or two" if rounded <= 2 else f"about {rounded:,.0f}"

"""The evaluation itself: measures of samples against the calibrated data, into a record."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import poisson

from toolkit.coverage._bin_metrics import group_p_value
from toolkit.coverage._birthday import birthday_support
from toolkit.coverage._duplicates import distinct_rows
from toolkit.coverage._evaluation import Evaluation
from toolkit.coverage._look_judge import LookJudgement
from toolkit.coverage._measures import ImageMeasures
from toolkit.coverage._metrics import COVERAGE_METRICS
from toolkit.coverage._outcome import REPEATING, name_outcome
from toolkit.coverage._parts import judge_parts
from toolkit.coverage._quantise import connect_bins
from toolkit.coverage._record import CoverageRecord, DroppedMode
from toolkit.coverage._tests import adjust_p_values, compare_shares
from toolkit.coverage._verdict import contradictions, plain_verdict

if TYPE_CHECKING:
    from toolkit.coverage._mode_coverage import ModeCoverage

__all__ = ["evaluate_measures"]


def evaluate_measures(
    coverage: "ModeCoverage",
    samples: ImageMeasures,
    generator: np.random.Generator,
    fidelity: tuple[dict[str, float], dict[str, float], dict[str, float]] | None = None,
    looks: LookJudgement | None = None,
) -> CoverageRecord:
    """The record of samples, given as measures.

    Parameters
    ----------
    coverage : ModeCoverage
        Fitted.
    samples : ImageMeasures
    generator : numpy.random.Generator
    fidelity : tuple of dict, optional
        What a :class:`~toolkit.coverage._fidelity.FidelityJudge` says.
    looks : LookJudgement, optional
        What a :class:`~toolkit.coverage._look_judge.LookJudge` says.

    Returns
    -------
    CoverageRecord
    """
    evaluation = Evaluation(coverage, samples, generator)
    real_counts, sample_counts = evaluation.real_counts, evaluation.sample_counts
    n_real, n_samples = int(real_counts.sum()), int(sample_counts.sum())
    bins = _bins(coverage, real_counts, sample_counts)
    figures, calibrations = {}, {}
    for name, metric in COVERAGE_METRICS.items():
        figures[name], calibrations[name] = evaluation.measure(metric)
    expected, intervals, p_values = (
        {name: getattr(calibration, part) for name, calibration in calibrations.items()}
        for part in ("expected", "interval", "p_value")
    )
    support = _support(coverage, evaluation.judged.features)

    missing = bins.loc[bins["status"] == "missing", "bin"].to_numpy()
    over = bins[bins["status"] == "over"].sort_values("z", ascending=False)
    modes = coverage.mode_of_bin_ if coverage.modes_separate_ else None
    groups = connect_bins(missing, coverage.bin_neighbours_, modes)
    dropped = [_dropped(coverage, group, bins) for group in groups]
    dropped = tuple(sorted(dropped, key=lambda mode: -mode.real_share))
    missing_share = float(bins.loc[missing, "real_share"].sum())
    lost_share = max(missing_share, _excess_loss(bins, n_samples, coverage.missing_ratio))
    tests = p_values | {"bins": _lost_bins(bins), "groups": group_p_value(evaluation)}
    looks = LookJudgement() if looks is None else looks
    parts = _parts(coverage.alpha, figures, expected, tests, fidelity, looks)
    # Where all of the data is reached, what lacks most is chance: in one set of twenty it is beyond any that is due.
    scarce = {} if parts[1].passed else looks.scarce
    outcome = name_outcome(
        lost_share,
        resembling=figures["resembling"],
        expected=expected["resembling"],
        support=support,
        n_real=n_real,
        failed=[part.name for part in parts if not part.passed],
    )
    copied = not parts[2].passed
    against = contradictions(figures, expected, lost_share=lost_share, copied=copied)
    verdict = plain_verdict(
        flagged=p_values["js"] <= coverage.alpha,
        p_value=p_values["js"],
        n_bins=coverage.n_bins_,
        n_missing=len(missing),
        n_modes=len(dropped),
        missing_share=missing_share,
        n_over=len(over),
        over_share=float(over["sample_share"].sum()),
        over_expected=float(over["real_share"].sum()),
        copied=copied,
        exact_share=figures["exact_share"],
        n_duplicates=coverage.n_duplicates_,
        n_real=n_real,
        outcome=outcome,
        repeats=support if support < REPEATING * n_real else None,
        contradictions=against,
        parts=parts,
        n_scarce=len(scarce),
        n_asked=looks.n_asked,
    )
    return CoverageRecord(
        n_real=n_real,
        n_samples=n_samples,
        n_bins=coverage.n_bins_,
        alpha=coverage.alpha,
        figures=figures,
        n_different=int((bins["q_value"] <= coverage.alpha).sum()),
        n_neighbour_rows=0 if evaluation.rows is None else len(evaluation.rows.real_rows),
        expected=expected,
        intervals=intervals,
        p_values=p_values,
        bins=bins,
        support=support,
        outcome=outcome,
        lost_share=lost_share,
        dropped_modes=dropped,
        over_represented=tuple(over["bin"].tolist()),
        n_duplicates=coverage.n_duplicates_,
        n_repeats=n_samples - len(distinct_rows(samples.digests)),
        contradictions=against,
        missing_={int(bin_): _examples(coverage, [bin_]) for bin_ in missing},
        verdict=verdict,
        parts=parts,
        scarce=pd.DataFrame(scarce.items(), columns=["row", "ratio"]).astype({"row": int, "ratio": float}),
    )


def _lost_bins(bins):
    """p-value of the bin that lacks the most, adjusted for the number of bins: a small mode is few of them.

    Of lacks alone: where few are due, counts above that vary more than the normal distribution has it, and those below
    less.
    """
    two_sided, z = bins["p_value"].to_numpy(), bins["z"].to_numpy()
    return float(adjust_p_values(np.where(z < 0, 0.5 * two_sided, 1.0 - 0.5 * two_sided)).min())


def _parts(alpha, figures, expected, p_values, fidelity, looks):
    """The parts of the verdict; more recall than real rows have speaks against nothing."""
    tests = p_values | {"look": looks.look, "neighbourhoods": looks.neighbourhoods}
    tests["recall"] = 0.5 * p_values["recall"] if figures["recall"] < expected["recall"] else 1.0
    if fidelity is not None:
        told, found, due = fidelity
        tests, figures, expected = tests | told, figures | found, expected | due
    figures, expected = (
        figures | {"unlike": looks.unlike, "unlike_tail": looks.unlike_tail},
        expected | {"unlike": looks.expected_unlike},
    )
    return judge_parts(tests, figures, expected, alpha)


def _bins(coverage, real_counts, sample_counts):
    """The table of bins."""
    n_real, n_samples = real_counts.sum(), sample_counts.sum()
    z, p_values = compare_shares(real_counts, n_real, sample_counts, n_samples, dispersion=coverage.dispersion_)
    q_values = adjust_p_values(p_values)
    ratio = (sample_counts / n_samples) / (real_counts / n_real)
    status = np.full(len(z), "as expected", dtype=object)
    different = q_values <= coverage.alpha
    status[different & (z > 0)] = "over"
    status[different & (z < 0)] = "under"
    status[different & (z < 0) & (ratio < coverage.missing_ratio)] = "missing"
    return pd.DataFrame(
        {
            "bin": np.arange(len(z)),
            "mode": coverage.mode_of_bin_,
            "real": real_counts,
            "samples": sample_counts,
            "real_share": real_counts / n_real,
            "sample_share": sample_counts / n_samples,
            "ratio": ratio,
            "z": z,
            "p_value": p_values,
            "q_value": q_values,
            "status": status,
        }
    )


def _examples(coverage, bins):
    """Rows of the data in these bins, the most typical of each bin first, bins in turn."""
    rows = coverage.example_rows_[np.asarray(bins, dtype=np.intp)].T.ravel()
    return rows[rows >= 0]


def _excess_loss(bins, n_samples, missing_ratio):
    """Share of the real rows in bins that are all but empty, beyond what chance empties: 0 unless it is far beyond.

    With a few samples a bin, no single one can be called missing, however many are.
    """
    shares = bins["real_share"].to_numpy()
    due = n_samples * shares
    chance = poisson.cdf(np.ceil(missing_ratio * due) - 1, due)
    excess = float((shares * ((bins["ratio"].to_numpy() < missing_ratio) - chance)).sum())
    spread = float(np.sqrt((np.square(shares) * chance * (1.0 - chance)).sum()))
    return excess if excess > max(4.0 * spread, 0.02) else 0.0


def _dropped(coverage, group, bins):
    return DroppedMode(
        bins=tuple(int(bin_) for bin_ in group),
        real_share=float(bins.loc[group, "real_share"].sum()),
        sample_share=float(bins.loc[group, "sample_share"].sum()),
        rows=_examples(coverage, group),
    )


def _support(coverage, samples):
    """How many different things would repeat as often as the samples do."""
    if len(samples) < 2 or len(coverage.features_) < 2:
        return float("inf")
    return birthday_support(samples, coverage.features_[: len(samples)].astype(np.float64)).support

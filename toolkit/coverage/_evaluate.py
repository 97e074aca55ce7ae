"""The evaluation itself: measures of samples against the calibrated data, into a record."""

import numpy as np
import pandas as pd
from scipy.stats import beta, binomtest, poisson

from toolkit.coverage._bins import jensen_shannon
from toolkit.coverage._birthday import birthday_support
from toolkit.coverage._calibration import N_JUDGED
from toolkit.coverage._duplicates import distinct_rows
from toolkit.coverage._neighbour_figures import FIGURES, neighbour_figures
from toolkit.coverage._neighbours import nearest
from toolkit.coverage._null import divergence_interval, judge_bins, judge_figure, null_divergences, null_figures
from toolkit.coverage._outcome import REPEATING, name_outcome
from toolkit.coverage._quantise import assign_bins, connect_bins
from toolkit.coverage._record import CoverageRecord, DroppedMode
from toolkit.coverage._resemblance import Resembled
from toolkit.coverage._tests import adjust_p_values, compare_shares
from toolkit.coverage._verdict import contradictions, plain_verdict

__all__ = ["evaluate_measures"]

_COPY_LEVEL = 0.01  # share of real rows that pass as copies, and level of the test of it


def evaluate_measures(coverage, samples, generator):
    """The record of samples, given as measures.

    Parameters
    ----------
    coverage : ModeCoverage
        Fitted.
    samples : ImageMeasures
    generator : numpy.random.Generator

    Returns
    -------
    CoverageRecord
    """
    judged = samples.take(np.sort(generator.permutation(len(samples))[:N_JUDGED]))
    sample_bins = assign_bins(samples.features, coverage.centres_)
    sample_counts = np.bincount(sample_bins, minlength=coverage.n_bins_)
    real_counts = coverage.counts_
    n_real, n_samples = int(real_counts.sum()), int(sample_counts.sum())
    bins, p_values = _bins(coverage, real_counts, sample_counts)
    js = jensen_shannon(real_counts, sample_counts)
    null = null_divergences(real_counts / n_real, n_real, n_samples, coverage.dispersion_, coverage.n_draws, generator)
    figures = {"js": js, "ndb": int((p_values < coverage.alpha).sum())}
    # A divergence of exactly the null's is no evidence: equal draws count as at least as large.
    tests = {"js": float((1 + (null >= js - 1e-15).sum()) / (1 + len(null)))}
    expected = {"js": float(null.mean())}
    intervals = {"js": divergence_interval(real_counts, sample_counts, coverage.n_draws, generator)}
    size = _judge_neighbours(coverage, samples, generator, figures, expected, intervals, tests)
    _judge_copies(coverage, samples, sample_bins, generator, figures, expected, intervals, tests)
    _judge_resemblance(coverage, judged, figures, expected, intervals, tests)
    support = _support(coverage, judged.features)
    expected["ndb"], intervals["ndb"], tests["ndb"] = judge_bins(
        real_counts, sample_counts, coverage.dispersion_, coverage.alpha, coverage.n_draws, generator
    )

    missing = bins.loc[bins["status"] == "missing", "bin"].to_numpy()
    over = bins[bins["status"] == "over"].sort_values("z", ascending=False)
    modes = coverage.mode_of_bin_ if coverage.modes_separate_ else None
    groups = connect_bins(missing, coverage.bin_neighbours_, modes)
    dropped = [_dropped(coverage, group, bins) for group in groups]
    dropped = tuple(sorted(dropped, key=lambda mode: -mode.real_share))
    missing_share = float(bins.loc[missing, "real_share"].sum())
    lost_share = max(missing_share, _excess_loss(bins, n_samples, coverage.missing_ratio))
    outcome = name_outcome(
        lost_share,
        resembling=figures["resembling"],
        expected=expected["resembling"],
        support=support,
        n_real=n_real,
    )
    copied = tests["copied_share"] < _COPY_LEVEL
    against = contradictions(figures, expected, lost_share=lost_share, copied=copied)
    verdict = plain_verdict(
        flagged=tests["js"] <= coverage.alpha,
        p_value=tests["js"],
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
    )
    return CoverageRecord(
        n_real=n_real,
        n_samples=n_samples,
        n_bins=coverage.n_bins_,
        alpha=coverage.alpha,
        n_different=int((bins["q_value"] <= coverage.alpha).sum()),
        n_neighbour_rows=size,
        expected=expected,
        intervals=intervals,
        p_values=tests,
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
        **figures,
    )


def _bins(coverage, real_counts, sample_counts):
    """The table of bins, and the p-values of the textbook, which the published NDB counts."""
    n_real, n_samples = real_counts.sum(), sample_counts.sum()
    _, textbook = compare_shares(real_counts, n_real, sample_counts, n_samples)
    z, p_values = compare_shares(real_counts, n_real, sample_counts, n_samples, dispersion=coverage.dispersion_)
    q_values = adjust_p_values(p_values)
    ratio = (sample_counts / n_samples) / (real_counts / n_real)
    status = np.full(len(z), "as expected", dtype=object)
    different = q_values <= coverage.alpha
    status[different & (z > 0)] = "over"
    status[different & (z < 0)] = "under"
    status[different & (z < 0) & (ratio < coverage.missing_ratio)] = "missing"
    frame = pd.DataFrame(
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
    return frame, textbook


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


def _judge_neighbours(coverage, samples, generator, figures, expected, intervals, tests):
    """Figures by nearest neighbours, on equally many rows of each; returns how many."""
    size = min(len(coverage._neighbour_rows), len(samples))
    if size < 2 or coverage._null_figures is None:
        figures |= dict.fromkeys(FIGURES, float("nan"))
        return 0
    real = np.column_stack([coverage.features_, coverage._remainder]).astype(np.float64)
    null, rows = coverage._null_figures, coverage._neighbour_rows
    if size < len(rows):
        # Fewer samples than usual: these figures depend on the numbers of rows, so the yardstick is made to measure.
        null = null_figures(real, size, coverage.n_neighbours, coverage.n_splits, generator)
        rows = np.sort(generator.choice(rows, size=size, replace=False))
    chosen = np.sort(generator.permutation(len(samples))[:size])
    found = neighbour_figures(real[rows], samples.whole[chosen], coverage.n_neighbours)
    for place, name in enumerate(FIGURES):
        figures[name] = found[name]
        expected[name], intervals[name], tests[name] = judge_figure(name, found[name], null[:, place], size)
    return size


def _judge_copies(coverage, samples, sample_bins, generator, figures, expected, intervals, tests):
    """Whether samples are nearer to rows of the data than those are to each other.

    Rows lie closer together in some bins than in others, so the real rows are weighted as if they fell into the bins
    as the samples do: a generator that draws only the plainest digit copies no more for that.
    """
    chosen = np.sort(generator.permutation(len(samples))[: max(1, coverage.n_neighbour_rows)])
    distances = nearest(samples.features[chosen], coverage.features_.astype(np.float64))[0][:, 0]
    exact = np.isin(samples.digests[chosen], coverage._digests)
    usual, usual_bins = coverage._usual_distances, coverage._usual_bins
    drawn = np.bincount(sample_bins[chosen], minlength=coverage.n_bins_)
    there = np.bincount(usual_bins, minlength=coverage.n_bins_)
    weights = (drawn / np.maximum(there, 1))[usual_bins]
    if not weights.any():
        weights = np.ones(len(usual))
    weights /= weights.sum()
    order = np.argsort(usual, kind="stable")
    threshold = usual[order][min(np.searchsorted(np.cumsum(weights[order]), _COPY_LEVEL), len(usual) - 1)]
    share = max(_COPY_LEVEL, float(weights[usual <= threshold].sum()))
    # Thresholds and chances are estimates, too: two standard errors are granted, of few rows what their order allows.
    recurring, n_real = coverage._recurring, len(coverage._digests)
    at_most = min(1.0, recurring + 2.0 * np.sqrt(recurring * (1.0 - recurring) / n_real))
    n_usual = 1.0 / np.square(weights).sum()
    near_at_most = float(beta.ppf(0.98, share * n_usual, (1.0 - share) * n_usual + 1.0))
    for name, which, usual_share, granted in (
        ("exact_share", exact, recurring, at_most),
        (
            "copied_share",
            exact | (distances <= threshold),
            recurring + (1.0 - recurring) * share,
            at_most + (1.0 - at_most) * near_at_most,
        ),
    ):
        n_found = int(which.sum())
        interval = binomtest(n_found, len(which)).proportion_ci(method="wilson")
        figures[name], expected[name] = n_found / len(which), min(1.0, float(usual_share))
        intervals[name] = (float(interval.low), float(interval.high))
        tests[name] = float(binomtest(n_found, len(which), min(1.0, granted), alternative="greater").pvalue)


def _judge_resemblance(coverage, judged, figures, expected, intervals, tests):
    """Share of the samples that look like some real row, held against that of real rows."""
    if coverage._resembled is None:
        for found in (figures, expected, tests):
            found["resembling"] = float("nan")
        return
    rows, contrast = (values.astype(np.float64) for values in (coverage._resembled, coverage._contrast))
    found = Resembled(rows, coverage.n_neighbours, contrast=contrast).judge(judged.whole, judged.contrast)
    share, n = coverage._usual_resemblance, len(coverage._resembled)
    # The yardstick is an estimate, too: two standard errors are granted.
    granted = max(0.0, share - 2.0 * np.sqrt(share * (1.0 - share) / n))
    interval = binomtest(int(found.sum()), len(found)).proportion_ci(method="wilson")
    figures["resembling"], expected["resembling"] = float(found.mean()), share
    intervals["resembling"] = (float(interval.low), float(interval.high))
    tests["resembling"] = float(binomtest(int(found.sum()), len(found), granted, alternative="less").pvalue)


def _support(coverage, samples):
    """How many different things would repeat as often as the samples do."""
    if len(samples) < 2 or len(coverage.features_) < 2:
        return float("inf")
    return birthday_support(samples, coverage.features_[: len(samples)].astype(np.float64)).support

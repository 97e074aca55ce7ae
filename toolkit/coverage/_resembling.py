"""The metric of resemblance: the share of the samples that look like some real row, against that of real rows."""

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binomtest

from toolkit._core.metric import Calibration

if TYPE_CHECKING:
    from toolkit.coverage._evaluation import Evaluation

__all__ = ["calibrate_resembling", "resembling_share"]


def resembling_share(evaluation: "Evaluation") -> float:
    """Share of the judged samples that look like some real row; NaN with hardly any real rows."""
    found = evaluation.resembles
    return float("nan") if found is None else float(found.mean())


def calibrate_resembling(evaluation: "Evaluation", value: float) -> Calibration:
    """Against the share among real rows that were held out."""
    found, coverage = evaluation.resembles, evaluation.coverage
    if found is None:
        return Calibration(float("nan"), (float("nan"), float("nan")), float("nan"))
    share, n = coverage._usual_resemblance, len(coverage._resembled)
    # What is expected is an estimate, too: two standard errors are granted.
    granted = max(0.0, share - 2.0 * np.sqrt(share * (1.0 - share) / n))
    n_found = int(found.sum())
    interval = binomtest(n_found, len(found)).proportion_ci(method="wilson")
    p_value = float(binomtest(n_found, len(found), granted, alternative="less").pvalue)
    return Calibration(share, (float(interval.low), float(interval.high)), p_value)

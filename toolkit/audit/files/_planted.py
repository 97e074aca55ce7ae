"""Can a fault be told in this set at all: pictures of it, damaged on purpose, against the same ones as they came."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.audit._everyday_findings import EverydayFindings
from toolkit.audit._everyday_joined import WITNESSES
from toolkit.corruption import apply_corruption
from toolkit.datasets import FileSurvey, read_original
from toolkit.diagnostics import EVERYDAY_FAULTS, damage_scores, everyday_statistics
from toolkit.exceptions import DataFormatError

__all__ = ["not_told_apart"]

_KINDS = {"noisy": "gaussian_noise", "clipped": "clip_contrast"}  # where the network's name is no kind that is planted
_PICTURES, _SIDE = 10, 192  # pictures that are asked, and pixels a side that are looked at of each
_LEAST_AUROC = 0.75
_GRADE = 0.3  # severity, within the range of the kind


def not_told_apart(survey: FileSurvey, readable: NDArray, everyday: EverydayFindings) -> dict[str, str]:
    """Faults that neither the network nor the statistic tells in pictures damaged on purpose, and why.

    Parameters
    ----------
    survey : FileSurvey
    readable : ndarray of bool
        Of the files, those that are pictures.
    everyday : EverydayFindings
        Of these: only what it judges is asked.

    Returns
    -------
    dict of str to str
    """
    pictures = _pictures(survey, np.flatnonzero(readable))
    if len(pictures) < _PICTURES // 2:
        return {}
    came = _measured(pictures)
    found = {}
    for fault, damage in WITNESSES.items():
        if fault not in everyday.competence.index or not everyday.competence.loc[fault, "applicable"]:
            continue
        generator = np.random.default_rng(0)
        planted = _measured([_planted(picture, _KINDS.get(fault, damage), generator) for picture in pictures])
        auroc = max(_auroc(came, planted, f"damage_{damage}", True), _of_statistic(came, planted, fault))
        if auroc < _LEAST_AUROC:
            found[fault] = f"pictures of this set that were damaged so on purpose are not told (AUROC {auroc:.2f})"
    return found


def _pictures(survey: FileSurvey, rows: NDArray) -> list[NDArray]:
    """The middle of some pictures, evenly spread over the set."""
    found = []
    for place in np.unique(np.linspace(0, max(0, len(rows) - 1), _PICTURES).astype(int)) if len(rows) else ():
        try:
            pixels = read_original(survey.root, survey.names[rows[place]])
        except (DataFormatError, OSError):
            continue
        top, left = (max(0, side - _SIDE) // 2 for side in pixels.shape[:2])
        found.append(pixels[top : top + _SIDE, left : left + _SIDE])
    return found


def _planted(picture: NDArray, kind: str, generator: np.random.Generator) -> NDArray:
    unit = picture[None].astype(np.float32) / 255
    changed, _ = apply_corruption(unit, kind, generator=generator, severity=_GRADE)
    return np.rint(np.asarray(changed[0]) * 255).astype(np.uint8)


def _measured(pictures: list[NDArray]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = [
        everyday_statistics(picture) | damage_scores(picture, writing=False) for picture in pictures
    ]
    return pd.DataFrame(rows)


def _of_statistic(came: pd.DataFrame, planted: pd.DataFrame, fault: str) -> float:
    row = EVERYDAY_FAULTS[fault]
    return _auroc(came, planted, row.statistic, row.high)


def _auroc(came: pd.DataFrame, planted: pd.DataFrame, column: str, high: bool) -> float:
    """Of the pictures for which the column says something; a half where it says nothing."""
    from sklearn.metrics import roc_auc_score

    values = np.concatenate([came[column].to_numpy(dtype=float), planted[column].to_numpy(dtype=float)])
    truth = np.repeat([0, 1], [len(came), len(planted)])
    said = np.isfinite(values)
    if len(np.unique(truth[said])) < 2:
        return 0.5
    return float(roc_auc_score(truth[said], values[said] if high else -values[said]))

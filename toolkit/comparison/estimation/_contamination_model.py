"""The contamination model of a set, from an identifier's findings, from arguments, or estimated by LDA."""

import numpy as np

from toolkit._core.labels import check_numbers, check_strings
from toolkit._core.names import check_names
from toolkit._core.parameters import is_number
from toolkit.comparison.estimation._surrogate import ContaminationModel

__all__ = ["build_contamination_model"]


def _from_findings(findings, n_samples, rows):
    """Clean probabilities and kind shares of an identifier's frame."""
    missing = [column for column in ("kind", "clean_probability") if column not in findings]
    if missing or len(findings) != n_samples:
        raise ValueError(
            f"findings must have the columns kind and clean_probability and {n_samples} rows, one an image; "
            f"got {len(findings)} rows, missing columns: {missing}."
        )
    clean = check_numbers("clean_probability", findings["clean_probability"])
    names = check_strings("kind", findings["kind"])
    corrupted = 1.0 - clean
    weights = {kind: float(corrupted[names == kind].sum()) for kind in np.unique(names) if kind != "clean"}
    return clean[rows], weights


def _checked_probability(clean_probability, n_samples, rows):
    probability = check_numbers("clean_probability", clean_probability)
    if probability.shape != (n_samples,) or not ((probability >= 0) & (probability <= 1)).all():
        raise ValueError(
            f"clean_probability must be {n_samples} numbers in [0, 1], one an image, got shape {probability.shape}."
        )
    return probability[rows]


def _checked_weights(weights, kinds):
    from toolkit.corruption import KINDS

    for name in weights:
        check_names(name.split("+"), (*KINDS, "unknown"), "corruption kind")
    weights = {name: float(weight) for name, weight in weights.items() if kinds is None or name in kinds}
    values = np.array(list(weights.values()))
    if len(values) and not (np.isfinite(values).all() and (values >= 0).all()):
        raise ValueError(f"kind_weights must be finite and not negative, got {weights}.")
    return {name: weight for name, weight in weights.items() if weight > 0}


def build_contamination_model(
    stack, scale, *, rows, n_samples, kinds, findings, clean_probability, kind_weights, prevalence, generator
):
    """The :class:`ContaminationModel` of the rows of ``stack``; arguments take precedence over estimates.

    Parameters
    ----------
    stack : ndarray of shape (n_rows, height, width[, 3])
    scale : PixelScale
    rows : ndarray of int of shape (n_rows,)
        Where the rows stand in the set of ``n_samples``.
    generator : numpy.random.Generator

    Returns
    -------
    ContaminationModel
    """
    from toolkit.corruption import KINDS

    if kinds is not None:
        kinds = check_names(kinds, (*KINDS, "unknown"), "corruption kind")
    if prevalence is not None and not (is_number(prevalence) and 0 <= prevalence < 1):
        raise ValueError(f"prevalence must lie in [0, 1), got {prevalence!r}.")
    weights = None
    if findings is not None:
        probability, weights = _from_findings(findings, n_samples, rows)
        if clean_probability is not None:
            probability = _checked_probability(clean_probability, n_samples, rows)
    elif clean_probability is not None:
        probability = _checked_probability(clean_probability, n_samples, rows)
    else:
        from toolkit.comparison.estimation._lda_estimate import estimate_kinds

        probability, weights = estimate_kinds(stack, scale, kinds, generator)
    if kind_weights is not None:
        weights = dict(kind_weights)
    weights = _checked_weights(weights or {}, kinds)
    if not weights:
        weights = dict.fromkeys(KINDS if kinds is None else kinds, 1.0)
    if prevalence is None:
        prevalence = float(np.clip(1.0 - probability.mean(), 0.0, 0.5))
    return ContaminationModel(probability, weights, prevalence)

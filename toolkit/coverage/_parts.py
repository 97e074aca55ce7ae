"""The verdict in three parts, fidelity, coverage and originality, with one error rate over all of them.

Several tests speak to each part. Every one has its share of the level (a weighted Bonferroni correction): a perfect
sampler fails any part at all with a probability of ``alpha`` at most, however the tests depend on each other.
"""

import math
from dataclasses import dataclass, field

__all__ = ["VerdictPart", "judge_parts"]

# Shares of the level; they add up to one. Neighbourhoods have most, since a thinned mode is found by their power; what
# lies in colour and brightness is found by bins: one with bins of its own by the divergence of all, one that shares
# them by that of groups.
_WEIGHTS = {
    "fidelity": {"far": 0.06, "look": 0.1, "texture": 0.04, "detail": 0.04, "resembling": 0.01},
    "coverage": {"neighbourhoods": 0.3, "js": 0.15, "groups": 0.1, "bins": 0.06, "recall": 0.04},
    "originality": {"copied_share": 0.06, "exact_share": 0.04},
}


@dataclass(frozen=True)
class VerdictPart:
    """One part of the verdict on samples.

    Parameters
    ----------
    name : {"fidelity", "coverage", "originality"}
        Whether single samples can be told from real images; whether all of the data is reached, and as often as is
        due; whether samples are new.
    passed : bool
        Nothing speaks against it at the level of the whole verdict. With too little data nothing can.
    p_value : float
        The least of the evidence, adjusted for all tests of all parts; NaN where nothing could be tested.
    evidence : dict of str to float
        p-value of each test by itself. ``far``: more samples than held-out images lie far from the data; ``look``: more
        have edges where no image of the data has them; ``texture`` and ``detail``: fine structure; ``resembling``:
        fewer look like some real row; ``neighbourhoods``: how often each look is drawn; ``js``: shares of all bins;
        ``groups``: of groups of neighbouring bins; ``bins``: too few samples in any one (adjusted for their number);
        ``recall``: less of the data is within reach; ``copied_share`` and ``exact_share``: copies.
    figures : dict of str to float
        What the sentence speaks of.
    sentence : str

    Examples
    --------
    >>> from toolkit.coverage import ModeCoverage
    >>> from toolkit.datasets import load_ring
    >>> ring, other = load_ring(400, random_state=0), load_ring(400, random_state=1)
    >>> record = ModeCoverage(random_state=0).fit(ring.points).evaluate(other.points[other.labels != 3])
    >>> {part.name: part.passed for part in record.parts}
    {'fidelity': True, 'coverage': False, 'originality': True}
    >>> record.parts[1].p_value < 0.05, sorted(record.parts[1].evidence)
    (True, ['bins', 'groups', 'js', 'neighbourhoods', 'recall'])
    """

    name: str
    passed: bool
    p_value: float
    evidence: dict[str, float]
    figures: dict[str, float] = field(default_factory=dict)
    sentence: str = ""


def judge_parts(
    p_values: dict[str, float], figures: dict[str, float], expected: dict[str, float], alpha: float
) -> tuple[VerdictPart, ...]:
    """The three parts.

    Parameters
    ----------
    p_values : dict of str to float
        By test; NaN and missing ones speak against nothing.
    figures, expected : dict of str to float
    alpha : float
        Of the whole verdict.

    Returns
    -------
    tuple of VerdictPart

    Examples
    --------
    >>> parts = judge_parts({"neighbourhoods": 0.01, "far": 0.01, "copied_share": 0.5}, {}, {}, 0.05)
    >>> [(part.name, part.passed, round(part.p_value, 3)) for part in parts]
    [('fidelity', True, 0.167), ('coverage', False, 0.033), ('originality', True, 1.0)]
    """
    parts = []
    for name, weights in _WEIGHTS.items():
        evidence = {test: p_values.get(test, math.nan) for test in weights}
        adjusted = {
            test: min(1.0, p_value / weights[test]) for test, p_value in evidence.items() if not math.isnan(p_value)
        }
        p_value = min(adjusted.values(), default=math.nan)
        passed = not p_value <= alpha
        against = [test for test, value in adjusted.items() if value <= alpha]
        sentence = _PASSED[name] if passed else " ".join(_AGAINST[test](figures, expected) for test in against)
        parts.append(VerdictPart(name, passed, p_value, evidence, dict(figures), sentence))
    return tuple(parts)


_PASSED = {
    "fidelity": "Nothing tells single samples from real images that were held out.",
    "coverage": "Nothing is missing that this many samples could show.",
    "originality": "There are no more copies than chance makes.",
}


def _far(figures, expected):
    return (
        f"{figures.get('far', math.nan):.1%} of the samples lie farther from the data than all but "
        f"{figures.get('far_tail', math.nan):.0%} of the real images that were held out, where "
        f"{expected.get('far', math.nan):.1%} are due."
    )


def _look(figures, expected):
    return (
        f"{figures.get('unlike', math.nan):.1%} of the samples look less like any image of the data than all but "
        f"{figures.get('unlike_tail', math.nan):.0%} of the real images that were held out, where "
        f"{expected.get('unlike', math.nan):.1%} are due."
    )


def _texture(figures, expected):
    return "What the samples have beside the data's principal components is not what real images have there."


def _detail(figures, expected):
    how = "smoother" if figures.get("detail", math.nan) < expected.get("detail", math.nan) else "rougher"
    return f"The samples are {how} than real images that were held out."


def _resembling(figures, expected):
    return (
        f"{figures.get('resembling', math.nan):.1%} of the samples look like some real image, where "
        f"{expected.get('resembling', math.nan):.1%} are due."
    )


def _recall(figures, expected):
    return (
        f"{figures.get('recall', math.nan):.1%} of the real images lie within the reach of the samples (recall), where "
        f"{expected.get('recall', math.nan):.1%} are due."
    )


_AGAINST = {
    "far": _far,
    "look": _look,
    "texture": _texture,
    "detail": _detail,
    "resembling": _resembling,
    "neighbourhoods": lambda figures, expected: (
        "Some looks are drawn more often and others less often than they are due, by more than chance."
    ),
    "js": lambda figures, expected: "The shares of the bins differ from the data's by more than chance.",
    "groups": lambda figures, expected: "Groups of neighbouring bins differ from the data's by more than chance.",
    "bins": lambda figures, expected: "Some bins hold fewer samples than chance leaves them.",
    "recall": _recall,
    "copied_share": lambda figures, expected: "More samples than chance allows are all but copies of real rows.",
    "exact_share": lambda figures, expected: "More samples than chance allows equal a real row, pixel for pixel.",
}

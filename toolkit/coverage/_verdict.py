"""An evaluation in plain words, and what its figures say against each other."""

from toolkit.coverage._metrics import COVERAGE_METRICS
from toolkit.coverage._outcome import COLLAPSED, RESEMBLING
from toolkit.coverage._parts import VerdictPart

__all__ = ["contradictions", "plain_verdict"]

# Figures that whatever lies in the middle of the data can raise, and figures of how much is reached.
_GOOD = ("precision", "density", "clipped_density", "p_precision")
_REACHED = ("coverage", "clipped_coverage")


def contradictions(
    figures: dict[str, float], expected: dict[str, float], *, lost_share: float, copied: bool
) -> tuple[str, ...]:
    """Where figures speak against each other, and which of them to believe.

    Parameters
    ----------
    figures, expected : dict of str to float
        As found, and as a perfect sampler has them; NaN speaks against nothing.
    lost_share : float
        Of the real rows that samples hardly reach.
    copied : bool
        Whether more samples than chance allows are copies.

    Returns
    -------
    tuple of str
        A sentence each.

    Examples
    --------
    >>> figures = {"precision": 1.0, "density": 0.2, "resembling": 0.0}
    >>> contradictions(figures, {"precision": 0.9, "density": 1.0, "resembling": 0.8}, lost_share=1.0, copied=False)[0]
    'Hardly any sample resembles a real row (0.0%), whatever precision 1.000 says: do not read it as quality.'
    """

    def high(names, part):
        there = [name for name in names if name in figures and expected.get(name, 0) > 0]
        return [
            f"{COVERAGE_METRICS[name].words} {figures[name]:.3f}"
            for name in there
            if figures[name] >= part * expected[name]
        ]

    found = []
    good = high(_GOOD, 0.5)
    if good and figures["resembling"] < RESEMBLING * expected["resembling"]:
        which = "it" if len(good) == 1 else "them"
        found.append(
            f"Hardly any sample resembles a real row ({figures['resembling']:.1%}), whatever {_listed(good)} "
            f"{'says' if len(good) == 1 else 'say'}: do not read {which} as quality."
        )
    reached = high(_REACHED, 0.9)
    if reached and lost_share >= COLLAPSED:
        found.append(
            f"{lost_share:.0%} of the data is hardly reached, whatever {_listed(reached)} "
            f"{'says' if len(reached) == 1 else 'say'}: believe the bins."
        )
    if copied and figures["copied_share"] >= 0.5:
        found.append("Figures of quality are those of the copied rows, and say nothing of drawing new ones.")
    return tuple(found)


def _listed(parts):
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _duplicates(n_duplicates, n_real):
    """How many rows of the data repeat others."""
    what = "1 real row repeats" if n_duplicates == 1 else f"{n_duplicates:,} of {n_real:,} real rows repeat"
    return f"{what} another one exactly."


def plain_verdict(
    *,
    flagged: bool,
    p_value: float,
    n_bins: int,
    n_missing: int,
    n_modes: int,
    missing_share: float,
    n_over: int,
    over_share: float,
    over_expected: float,
    copied: bool,
    exact_share: float,
    n_duplicates: int,
    n_real: int,
    outcome: str,
    repeats: float | None,
    contradictions: tuple[str, ...],
    parts: tuple[VerdictPart, ...] = (),
    n_scarce: int = 0,
    n_asked: int = 0,
) -> str:
    """Some sentences for a person who does not know the measures."""
    if n_bins < 2:
        single = "The data falls into a single bin: too few different rows to tell what a sample misses."
        return f"{single} {_duplicates(n_duplicates, n_real)}" if n_duplicates else single
    sentences = [_joined(parts)] if any(not part.passed for part in parts if part.name != "coverage") else []
    n_joined = len(sentences)
    if n_missing:
        where = "one part of the data" if n_modes == 1 else f"{n_modes} parts of the data"
        are = "are" if n_missing > 1 else "is"
        sentences.append(
            f"{n_missing} of {n_bins} bins {are} missing: {where}, {missing_share:.1%} of the real rows, that the "
            "samples hardly reach."
        )
    if n_over:
        sentences.append(
            f"{n_over} bin{'s hold' if n_over > 1 else ' holds'} too many samples: {over_share:.1%} of them, where "
            f"{over_expected:.1%} are due."
        )
    if flagged:
        if len(sentences) == n_joined:
            sentences.append("No bin stands out, but the shares differ from the data's by more than chance altogether.")
        sentences.append(f"Not a perfect sampler of this data (p {_plain_p(p_value)}).")
    elif len(sentences) > n_joined:
        sentences.append(f"Altogether the shares differ by no more than chance (p {_plain_p(p_value)}).")
    elif _failed(parts, "coverage"):
        sentences.append(f"No bin stands out, but {_lower(_failed(parts, 'coverage'))}")
    else:
        sentences.append(f"Nothing is missing that this many samples could show (p {_plain_p(p_value)}).")
    if n_scarce:
        have = "have" if n_scarce > 1 else "has"
        sentences.append(
            f"{n_scarce:,} of {n_asked:,} real images that were asked {have} fewer samples that look like them than "
            "chance leaves to any."
        )
    if outcome == "undertrained":
        sentences.append(
            "Hardly any sample resembles a real row: a generator that has not learnt to draw this data rather than one "
            "that has collapsed."
        )
    if repeats is not None:
        sentences.append(f"The samples repeat themselves as if there were only {_about(repeats)} different ones.")
    if outcome != "undertrained" and (said := _failed(parts, "fidelity")):
        sentences.append(f"Single samples can be told from real ones: {_lower(said)}")
    if copied:
        sentences.append("More samples than chance allows are all but copies of real rows.")
        if exact_share > 0:
            sentences.append(f"{exact_share:.1%} of them all are exact copies, pixel for pixel.")
    sentences += contradictions
    if n_duplicates:
        sentences.append(_duplicates(n_duplicates, n_real))
    return " ".join(sentences)


def _joined(parts):
    """Which parts of the verdict were not passed, before anything that sounds like praise of the others."""
    names = [part.name for part in parts if not part.passed]
    return f"The samples do not pass for the data: {_listed(names)} fail{'s' if len(names) == 1 else ''}."


def _failed(parts, name):
    """What speaks against a part; nothing if it passed."""
    return next((part.sentence for part in parts if part.name == name and not part.passed), "")


def _lower(sentence):
    return sentence[:1].lower() + sentence[1:]


def _plain_p(p_value):
    return "< .001" if p_value < 0.001 else f"= {p_value:.3f}".replace("0.", ".", 1)


def _about(number):
    """A number that is a rough estimate.

    >>> _about(1.3), _about(37.2), _about(4210.0)
    ('one or two', 'about 40', 'about 4,000')
    """
    rounded = float(f"{number:.1g}")
    return "one or two" if rounded <= 2 else f"about {rounded:,.0f}"

"""What can be undone on a set, kind by kind, and why the rest is left alone."""

import numpy as np
import pandas as pd

__all__ = ["repair_table"]

_UNDETECTED = "not shown to be detected on this set"
_BEST = ("restorer", "gain", "gain_low", "gain_high", "worsened", "sound_psnr")


def repair_table(kinds, untried, ranking, order, classifiers, undoable):
    """One row a kind.

    Parameters
    ----------
    kinds : sequence of str
        Kinds that the identifier can name and that some restorer is made for.
    untried : dict of str to str
        Why nothing was tried for a kind, where it is not that the kind is not detected.
    ranking : DataFrame
        Of the candidates tried on this set.
    order : dict of str to tuple of str
        Candidates worth while.
    classifiers : dict of str to RepairClassifier
        Of repairs, by kind.
    undoable : sequence of str
        Kinds that are repaired.

    Returns
    -------
    DataFrame
        ``kind``; ``restorer``, ``gain`` with its interval, ``worsened`` and ``sound_psnr`` of the best candidate;
        ``repair_sensitivity`` and ``repair_false_alarms``; ``repair``: ``"repaired"``, or why not.
    """
    rows = []
    for kind in kinds:
        classifier, tried = classifiers.get(kind), ranking[ranking["kind"] == kind]
        if kind in order:
            tried = tried[tried["restorer"] == order[kind][0]]
        best = tried.iloc[0].to_dict() if len(tried) else {"restorer": ""}
        rows.append(
            {
                "kind": kind,
                **{name: best.get(name, np.nan) for name in _BEST},
                "repair_sensitivity": np.nan if classifier is None else classifier.sensitivity,
                "repair_false_alarms": np.nan if classifier is None else classifier.false_alarm_rate,
                "repair": "repaired"
                if kind in undoable
                else _why_not(len(tried), untried.get(kind, _UNDETECTED), kind in order, classifier),
            }
        )
    return pd.DataFrame(rows, columns=["kind", *_BEST, "repair_sensitivity", "repair_false_alarms", "repair"])


def _why_not(n_tried, why_untried, worthwhile, classifier):
    if not n_tried:
        return why_untried
    if not worthwhile:
        return "no restorer makes planted images better and leaves sound ones alone"
    if classifier is None:
        return "too few sound images to check repairs by"
    return "its repairs are not told from repairs of sound images"

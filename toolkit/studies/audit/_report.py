"""The audit as one page: findings in plain words first, then what they rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.audit import plan_clean
from toolkit.corruption import kind_in_words
from toolkit.report import Report
from toolkit.restoration import restorer_in_words
from toolkit.studies.audit._findings import GUESS, plain_findings
from toolkit.studies.folder._choices import image_plan
from toolkit.studies.folder._decide import add_file_choices, add_image_choices
from toolkit.studies.folder._sections import add_file_sections

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from toolkit.studies.audit._outcome import AuditResult

__all__ = ["add_audit_sections", "build_report", "plan_of", "undoable_kinds"]

_TWO_DECIMALS = ("mean_confidence", "mean_severity")
_DECIBELS = ("gain", "gain_lower", "gain_median", "gain_upper", "sound_psnr")


def build_report(result: AuditResult, figures: dict[str, Figure]) -> Report:
    """Lay the result out on one page.

    Parameters
    ----------
    result : AuditResult
    figures : dict of str to Figure
        As made by :func:`audit_figures`.

    Returns
    -------
    Report
    """
    report = Report("Image audit", _subtitle(result), footer=_footer(result))
    report.findings(plain_findings(result))
    add_audit_sections(report, result, figures)
    if result.files is not None:
        return add_file_choices(report, result.files, plan_of(result), result.per_image)
    return add_image_choices(
        report, result.images, result.repaired, result.per_image, plan_of(result), undoable_kinds(result)
    )


def add_audit_sections(report: Report, result: AuditResult, figures: dict[str, Figure]) -> Report:
    """Add what the findings rest on to a report, and return it."""
    report.facts(_facts(result))
    if result.files is not None:
        add_file_sections(report, result.files, figures, result.applied)
    _files(report, result)
    if result.judgeable:
        _kinds(report, result, figures)
        _repairs(report, result, figures)
    else:
        _order_alone(report, figures)
    _competence(report, result)
    _scores(report, result, figures)
    if result.truth is not None:
        _truth(report, result, figures)
    _method(report, result)
    return report


def plan_of(result: AuditResult) -> pd.DataFrame:
    """What becomes of each file, or of each image, unless somebody decides otherwise."""
    if result.plan is not None:
        return result.plan
    if result.files is not None:
        return plan_clean(result.files, per_image=result.per_image)
    return image_plan(result.images, result.per_image)


def undoable_kinds(result: AuditResult) -> list[str]:
    """Kinds that an image is repaired as where a person names them, if its repair can be confirmed."""
    table = result.competence
    if result.auditor is None or not result.judgeable or table is None or "repair_sensitivity" not in table:
        return []
    return table.loc[table["repair_sensitivity"] > 0, "kind"].tolist()


def _subtitle(result):
    size = " × ".join(map(str, result.images.shape[1:3]))
    colour = ", colour" if result.images.ndim == 4 else ""
    name = result.settings.get("name") or "images"
    return f"{name}: {len(result):,} images of {size} pixels{colour}, audited without labels"


def _footer(result):
    made = ", ".join(f"{package} {version}" for package, version in result.versions.items() if version)
    spent = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in result.timings.items())
    return f"Seed {result.settings['seed']}. Time: {spent}.\n\n{made}."


def _facts(result):
    flagged = result.flagged
    repaired = int(result.per_image["repaired"].sum())
    if not result.judgeable:
        return {"images": len(result), "flagged": "not judged", "repaired": repaired}
    low, high = (round(100 * share, 1) for share in result.prevalence_interval)
    return {
        "images": len(result),
        "flagged, for a look": int(flagged.sum()),
        f"estimated to be corrupted{', of the training set' if result.auditor_given else ''}": f"{low:g} to {high:g}%",
        "repaired": repaired,
        "left as given": int((flagged & (result.per_image["repaired"] == 0)).sum()),
    }


def _files(report, result, n_listed=100):
    """The files to look at first, by name; what was done to the pictures, and what is not among them."""
    rows = result.per_image
    if "path" not in rows:
        return
    left_out = 0 if result.left_out is None else len(result.left_out)
    lost = f" {left_out:,} files are no images of it; left_out.csv says why." if left_out else ""
    report.section(
        "Files" if result.files is None else "The images that networks looked at",
        f"{' '.join(note[:1].upper() + note[1:] for note in result.settings['notes'])}{lost} Every image has its row, "
        "and its path, in per_image.csv.",
    )
    if result.judgeable:
        rows = rows[result.flagged].sort_values("confidence", ascending=False, kind="stable")
        columns, caption = (
            ["path", "kind", "confidence", "repaired", "anomaly_score"],
            "Flagged files, the surest first",
        )
    else:
        rows = rows.sort_values("anomaly_score", ascending=False, kind="stable")
        columns, caption = ["path", "anomaly_score"], "The most anomalous files"
    if len(rows):
        more = f"; {n_listed} of {len(rows):,}" if len(rows) > n_listed else ""
        _table(report, rows[columns].head(n_listed), f"{caption}{more}.", confidence="{:.2f}", anomaly_score="{:.3f}")


def _kinds(report, result, figures):
    report.section(
        "What is wrong",
        "Kinds found, with the images named most confidently. “Unknown” is an image that fits neither the clean "
        "majority nor any single kind that the audit can name.",
    )
    _add(report, figures, "gallery", "Examples of each kind, the most confident first.")
    _table(report, result.by_kind, "Kinds found, and what became of them.")
    if "doubtful" in figures:
        report.figure(
            figures["doubtful"],
            f"Named with a confidence below {GUESS}, the least confident first: worth a look of your own.",
        )


def _repairs(report, result, figures):
    report.section(
        "What was repaired",
        "Each repair was kept only where the audit found the result cleaner than what was given, and a check with no "
        "part in naming the fault (statistics, the image's neighbours in the set, what was replaced) found it nearer "
        "to the others. All other images kept every pixel.",
    )
    if "repairs" in figures:
        report.figure(figures["repairs"], "Before and after, taking turns between the kinds.")
        _table(report, result.by_restorer, "Repairs by restorer.")
    else:
        report.text("Nothing was repaired.")


def _order_alone(report, figures):
    report.section(
        "What stands out",
        "Nothing is claimed of single images of a set that cannot be judged. What remains is an order: the most "
        "anomalous ones, for a look of your own, and beside them the least.",
    )
    _add(report, figures, "gallery", "The most anomalous images first, then the least anomalous ones.")


# Two tables that fit a page: what can be detected, and what can be undone.
_DETECTION = {
    "kind": "kind",
    "recall": "recall",
    "interval": "95% interval",
    "auroc": "AUROC",
    "calibration_gap": "confidence less precision",
    "status": "verdict",
}
_UNDOING = {
    "kind": "kind",
    "gain": "gain, dB",
    "repair_sensitivity": "confirmed",
    "repair_false_alarms": "of sound ones",
    "repair": "what is done",
}
_COMPETENCE_FORMATS = {
    "recall": "{:.2f}",
    "AUROC": "{:.2f}",
    "confidence less precision": "{:.2f}",
    "gain, dB": "{:.1f}",
    "confirmed": "{:.2f}",
    "of sound ones": "{:.2f}",
}


def _competence(report, result):
    """What can be detected on this very set."""
    table = result.competence
    if table is None or "status" not in table:
        return
    measured = not (table["status"] == "not measurable").all()
    whose = "the auditor's training set" if result.auditor_given else "this set"
    known = "" if result.held_out_auroc is None else f" Of all kinds together: AUROC {result.held_out_auroc:.3f}."
    report.section(
        "What the auditor can detect" if result.auditor_given else "What can be detected on this set",
        f"Before anything was claimed it was measured: each kind of damage was planted in images of {whose} that were "
        "held out of a network's training set, and looked for among the others. A kind of which fewer than half are "
        f"found at one false alarm in a hundred is neither named nor repaired.{known}"
        if measured
        else "Nothing could be measured: fewer than 240 held-out images look clean.",
    )
    if not measured:
        return
    interval = [f"{low:.2f} to {high:.2f}" for low, high in zip(table["recall_low"], table["recall_high"])]
    table = table.assign(interval=interval, kind=table["kind"].map(_kind))
    _competence_table(
        report,
        table,
        _DETECTION,
        f"Detected at one false alarm in a hundred, on {int(table['n_sound'].max()):,} held-out sound images.",
    )
    if "repair" in table:
        _competence_table(
            report,
            table[table["repair"].notna()],
            _UNDOING,
            "Undone: median gain on images in which the kind was planted, share of their repairs that the check "
            "confirms, and share that it would confirm of sound images repaired all the same.",
        )


def _competence_table(report, table, words, caption):
    columns = [name for name in words if name in table and table[name].notna().any()]
    shown = table[columns].rename(columns=words)
    formats = {name: how for name, how in _COMPETENCE_FORMATS.items() if name in shown}
    report.table(shown, caption, formats=formats)


def _scores(report, result, figures):
    report.section(
        "How anomalous each image is",
        "The anomaly score needs no name for what is wrong: the higher, the less an image fits the rest of the set.",
    )
    _add(report, figures, "scores", "Anomaly scores of all images.")
    if not len(result.detectors):
        return
    report.table(
        _tidy_detectors(result.detectors),
        "General outlier detectors on this set. The estimated area under the ROC curve comes from corruptions planted "
        "in the set itself, so it needs no truth; 0.5 is chance, and a detector below it puts sound images first.",
    )


def _kind(name):
    return kind_in_words(name, short=True)


def _table(report, frame, caption, **formats):
    """A table with its names as a person writes them."""
    formats = {
        "share": "{:.1%}",
        **dict.fromkeys(_TWO_DECIMALS, "{:.2f}"),
        **dict.fromkeys(_DECIBELS, "{:.1f}"),
        **formats,
    }
    words = {column: column.replace("_", " ").replace("psnr", "PSNR") for column in frame.columns}
    spoken = {"kind": _kind, "most_often_named": _kind, "restorer": restorer_in_words}
    frame = frame.assign(**{column: frame[column].map(how) for column, how in spoken.items() if column in frame})
    frame = frame.rename(columns=words)
    report.table(frame, caption, formats={words[column]: formats[column] for column in words if column in formats})


_DETECTOR_COLUMNS = {
    "method": "detector",
    "estimated_auroc": "estimated AUROC",
    "standard_error": "± sampling error",
    "auroc": "true AUROC",
    "average_precision": "true average precision",
    "fit_seconds": "seconds to fit",
    "estimate_error": "why not estimated",
    "error": "why not measured",
}


def _tidy_detectors(table):
    """The columns worth reading, under names to be read; what went wrong only where something did."""
    table = table[[column for column in _DETECTOR_COLUMNS if column in table.columns]]
    spoken = [column for column in table.columns if table[column].notna().any() and (table[column] != "").any()]
    return table[spoken].rename(columns=_DETECTOR_COLUMNS)


def _truth(report, result, figures):
    report.section(
        "Checked against the truth",
        "The true kinds of this set are known. They were not used to find any of the above; they tell how right it is.",
    )
    names = {
        "auroc": "AUROC",
        "average_precision": "average precision",
        "balanced_accuracy": "balanced accuracy",
        "calibration_error": "calibration error",
        "false_alarm_rate": "false alarms",
        "miss_rate": "missed",
    }
    if not result.judgeable:  # nothing was named, so nothing can be right
        names = {key: name for key, name in names.items() if key in ("auroc", "average_precision")}
    report.facts({name: result.truth[key] for key, name in names.items() if result.truth[key] is not None})
    if "confusion" in figures:
        report.figure(figures["confusion"], "True against found kinds, in percent of the true kind.")
        _table(report, result.truth_per_kind, "By true kind.", named_right="{:.1%}", flagged="{:.1%}")
    if result.repairs_per_kind is not None and len(result.repairs_per_kind):
        _table(
            report,
            result.repairs_per_kind,
            "Repairs against the clean originals: what each image gained in dB of PSNR (capped at 60), as quartiles "
            "over the images of a kind. Images left alone gain nothing; worsened are those that lost more than a "
            "decibel.",
            repaired="{:.1%}",
            worsened="{:.1%}",
        )
    if "roc" in figures:
        report.figure(figures["roc"], "The audit's anomaly score, and the general detectors, against the truth.")
    if "precision_recall" in figures:
        report.figure(figures["precision_recall"], "Precision and recall of the same scores.")


def _method(report, result):
    given = "the training set of its auditor" if result.auditor_given else "the images given"
    report.section(
        "How this was found",
        f"{_how_learnt(result, given)} It takes the clean images to be the majority: a set that is "
        "corrupted throughout, or clean in its smaller part only, cannot be told apart without labels. Some kinds "
        "leave no trace in some images (an O upside down is an O) and stay unfound.",
    )


def _how_learnt(result, given):
    if result.settings.get("quick"):
        return (
            "A quick audit: networks that had learnt from other images, statistics and neighbours were weighed by "
            f"known corruptions planted in {given}; no network learnt anything from them. Without --quick more is "
            "found, and more is repaired."
        )
    return (
        f"The audit planted known corruptions in {given}, learnt to name them, set aside the images it came to call "
        "corrupted, and learnt again from the rest."
    )


def _add(report, figures, name, caption):
    """The figure of that name, if it could be drawn."""
    if name in figures:
        report.figure(figures[name], caption)

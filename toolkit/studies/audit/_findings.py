"""An audit's findings in plain words: how many, what kinds, how sure, what was repaired, what was left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.corruption import kind_in_words

if TYPE_CHECKING:
    from toolkit.studies.audit._outcome import AuditResult

__all__ = ["audit_answer", "plain_findings"]

# From here on a named kind is spoken of as sure, and below as a guess.
SURE, GUESS = 0.9, 0.6
# Below this many images an audit says that it had little to learn from.
FEW = 1000


def _percent(share):
    """A share as a percentage, with a decimal where it matters.

    >>> _percent(0.2), _percent(0.004), _percent(0.0)
    ('20%', '0.4%', '0%')
    """
    value = 100 * share
    return f"{value:.1f}%" if round(value, 1) != round(value) else f"{value:.0f}%"


def _images(n):
    return "1 image" if n == 1 else f"{n:,} images"


def _listed(parts):
    parts = list(parts)
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def plain_findings(result: AuditResult) -> list[str]:
    """Sentences that a person who has never heard of the toolkit can act on, the most important first.

    Parameters
    ----------
    result : AuditResult

    Returns
    -------
    list of str

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import plain_findings, run_audit
    >>> sentences = plain_findings(run_audit(load_digits().images[:4], quick=True))
    >>> sentences[0].split(":")[0], len(sentences)
    ('This set cannot be judged', 2)
    """
    if result.files is not None:
        from toolkit.studies.folder._outcome import cleaning_findings

        said = cleaning_findings(result.applied, result.settings)
        return [*result.files.findings(), *said, *_of_images(result)]
    return _of_images(result)


def _of_images(result):
    rows = result.per_image
    flagged = rows[result.flagged]
    if not result.judgeable:
        sentences = [_why_not(result), _most_anomalous(rows)]
        if result.truth is not None and result.truth["auroc"] is not None:
            sentences.append(
                "Checked against the known truth: of a corrupted and a sound image, the corrupted one comes first in "
                f"that order in {_percent(result.truth['auroc'])} of the cases."
            )
        return sentences + _worse_than_chance(result)
    sentences = [_how_many(result, flagged)]
    if len(flagged):
        sentences += [_what_kinds(flagged, measured=_is_measured(result)), _how_sure(flagged)]
    sentences.append(_what_was_repaired(rows, flagged))
    sentences += _what_can_be_detected(result)
    if result.truth is not None:
        sentences.append(_how_right(result))
    if len(result) < FEW and not result.auditor_given:
        sentences.append(
            f"Caution: {_images(len(result))} {'is' if len(result) == 1 else 'are'} few to learn from; take the names "
            "above as hints."
        )
    if result.prevalence > 0.4:
        sentences.append(
            f"Caution: so much of {_training_set(result)} looks wrong that the clean images may not be the majority, "
            "which every audit without labels has to take for granted."
        )
    return sentences + _worse_than_chance(result)


def audit_answer(result: AuditResult) -> list[str]:
    """The audit in at most three sentences: how many images, what is wrong with them, what was repaired.

    Parameters
    ----------
    result : AuditResult

    Returns
    -------
    list of str
    """
    if not result.judgeable:
        return _of_images(result)[:2]
    flagged = result.per_image[result.flagged]
    return [
        _how_many(result, flagged),
        *([_what_kinds(flagged, measured=_is_measured(result))] if len(flagged) else []),
        _what_was_repaired(result.per_image, flagged),
    ]


def _training_set(result, otherwise="the set"):
    """What was learned from: the images themselves, unless a fitted auditor was handed over."""
    return "the auditor's training set" if result.auditor_given else otherwise


def _why_not(result):
    unjudged = "This set cannot be judged"
    if result.auditor_given:
        unjudged = "These images cannot be judged, since the auditor's training set could not"
    return (
        f"{unjudged}: {'; '.join(result.reasons)}. So no image is called clean or corrupted, and nothing was repaired."
    )


def _most_anomalous(rows, n_listed=20):
    """Rows to look at first, by number: all that can be said of a set that cannot be judged."""
    order = rows["anomaly_score"].sort_values(ascending=False, kind="stable").index[:n_listed]
    if "path" in rows:
        return (
            "What it can do is order the images: the most anomalous, for a look of your own, are "
            f"{', '.join(rows.loc[order, 'path'])} (all scores are in per_image.csv)."
        )
    numbers = ", ".join(str(rows.loc[place, "index"]) for place in order)
    return (
        "What it can do is order the images: the most anomalous, for a look of your own, are numbers "
        f"{numbers} (counted from 0; all scores are in per_image.csv)."
    )


def _how_many(result, flagged):
    n, (low, high) = len(result), result.prevalence_interval
    share = f"{_percent(max(low, 0.0))} to {_percent(min(high, 1.0))}"
    if result.auditor_given:
        verb = "is" if len(flagged) <= 1 else "are"
        which = f"{len(flagged):,} of {_images(n)} ({_percent(len(flagged) / n)})" if len(flagged) else "No image"
        return (
            f"{which} {verb} flagged, by an auditor that was fitted to other images, of which an estimated {share} are "
            "corrupted. How many of these are is not estimated."
        )
    if not len(flagged):
        return (
            f"None of the {_images(n)} is flagged. How many are corrupted all the same is estimated from all images "
            f"together: {share}."
        )
    verb = "is" if len(flagged) == 1 else "are"
    return (
        f"{len(flagged):,} of {_images(n)} ({_percent(len(flagged) / n)}) {verb} flagged: a list of images to look at, "
        "some of them sound (one in twenty is aimed at; of handwritten letters it was one in five). How many are "
        f"corrupted is another question, answered from all images together: an estimated {share}."
    )


def _is_measured(result):
    """Whether it is known what can be detected on this set."""
    table = result.competence
    return table is None or "status" not in table or not (table["status"] == "not measurable").all()


def _what_can_be_detected(result):
    """Kinds that could not be judged here, or that nothing could be measured."""
    table = result.competence
    if table is None or "status" not in table:
        return []
    if not _is_measured(result):
        repaired = (
            "an image was changed only where a network trained on other images and an independent check agreed"
            if result.per_image["repaired"].any()
            else "no image was changed"
        )
        return [
            f"What can be detected on {_training_set(result, 'this set')} could not be measured, for want of held-out "
            f"images that look clean (240 are needed): the names above are hints, and {repaired}."
        ]
    undetected = table.loc[table["status"] == "not detected", "kind"]
    sentences = []
    if len(undetected):
        sentences.append(
            f"Could not be judged here: {_listed(map(kind_in_words, undetected))}. On held-out images fewer than half "
            "of those planted were found at one false alarm in a hundred, so images are neither called that nor "
            "repaired for it."
        )
    return sentences


def _worse_than_chance(result):
    """A warning of detectors that put sound images first."""
    table = result.detectors
    if "estimated_auroc" not in table:
        return []
    worse = table[table["estimated_auroc"] < 0.5]
    if not len(worse):
        return []
    parts = [f"{row.method} ({row.estimated_auroc:.2f})" for row in worse.itertuples()]
    whose = "its" if len(worse) == 1 else "their"
    return [
        f"Worse than chance here, by {whose} estimated AUROC: {_listed(parts)}. Do not use {whose} scores on this set."
    ]


def _what_kinds(flagged, n_named=6, *, measured=True):
    counts = flagged["kind"].value_counts()
    named = counts.drop("unknown", errors="ignore")
    unknown = int(counts.get("unknown", 0))
    parts = [f"{kind_in_words(kind)} ({n:,})" for kind, n in named.head(n_named).items()]
    if len(named) > n_named:
        rest = named.iloc[n_named:]
        parts.append(f"{len(rest)} more kinds ({rest.sum():,})" if len(rest) > 1 else f"one more kind ({rest.sum():,})")
    begin = "What is wrong" if measured else "What may be wrong, a guess by what is known of other images"
    text = f"{begin}: {_listed(parts)}." if parts else ""
    if unknown:
        verb = "is" if unknown == 1 else "are"
        text += f" {_images(unknown)} {verb} {kind_in_words('unknown')}."
    return text.strip()


def _how_sure(flagged):
    confidence = flagged["confidence"]
    sure, guesses = int((confidence >= SURE).sum()), int((confidence < GUESS).sum())
    text = f"How sure: {sure:,} of the {len(flagged):,} are named with a confidence of {_percent(SURE)} or more"
    if guesses:
        text += f", {guesses:,} with less than {_percent(GUESS)}: look at those yourself"
    return text + "."


def _what_was_repaired(rows, flagged):
    repaired = int(rows["repaired"].sum())
    left = int((flagged["repaired"] == 0).sum())
    clean_changed = int(rows.loc[rows["kind"] == "clean", "repaired"].sum())
    if not repaired:
        text = "Nothing was repaired"
    else:
        text = (
            f"{_images(repaired)} {'was' if repaired == 1 else 'were'} repaired, each confirmed by an independent check"
        )
    if left:
        verb = "was" if left == 1 else "were"
        noun = "image" if left == 1 else "images"
        text += f"; {left:,} flagged {noun} {verb} left as given, for want of a repair that could be confirmed"
    text += "; the images taken for clean kept every pixel." if not clean_changed else "."
    return text


def _how_right(result):
    truth = result.truth
    parts = [f"{_percent(truth['balanced_accuracy'])} of each true kind, on average, are named right"]
    if truth["miss_rate"] is not None:
        parts.append(f"{_percent(1 - truth['miss_rate'])} of the corrupted images are flagged")
    if truth["false_alarm_rate"] is not None:
        parts.append(f"{_percent(truth['false_alarm_rate'])} of the clean ones are flagged by mistake")
    return f"Checked against the known truth: {_listed(parts)}."

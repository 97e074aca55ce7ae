"""A collapse study in plain words: what collapsed, on what evidence, since when, and what cured it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit.coverage import COLLAPSED, RESEMBLING
from toolkit.studies.collapse._outcome import draws_the_data
from toolkit.studies.collapse._summary import compare_settings, hardly_reached, rank_settings, settings_table

if TYPE_CHECKING:
    from toolkit.studies.collapse._study import CollapseStudy

__all__ = ["collapse_answer", "collapse_findings", "differing_parameters", "trajectory"]

_ALPHA = 0.05
_NOTABLE = 0.1  # of the data: a smaller rise or fall of what is reached is not worth a sentence

_CURED = 0.05  # of the data hardly reached, below which a setting counts as cured
_LOST = ("collapsed", "undertrained")


def collapse_findings(study: CollapseStudy) -> list[str]:
    """The study in sentences, the most important first.

    Parameters
    ----------
    study : CollapseStudy

    Returns
    -------
    list of str

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import collapse_findings, run_collapse_study
    >>> images = load_digits().images[:100, ::2, ::2]
    >>> tiny = {"generator_widths": (8,), "discriminator_widths": (8,)}
    >>> settings = {"plain": tiny, "packed": {**tiny, "packing": 2}}
    >>> study = run_collapse_study(images, settings, seeds=[0], steps=1, n_samples=20)
    >>> print(collapse_findings(study)[-1])
    Caution: with 1 seed a setting, no difference between two settings could be significant at .05, however large; four
    seeds are the fewest that could.
    """
    table = settings_table(study).set_index("setting")
    tests = compare_settings(study).set_index("setting")
    collapsed = table.index[table["outcome"] == "collapsed"].tolist()
    undertrained = table.index[table["outcome"] == "undertrained"].tolist()
    sentences = [_headline(table, collapsed, undertrained)]
    sentences += [_evidence(study, table.loc[setting], setting) for setting in collapsed]
    sentences += _never_drew(study, table.loc[undertrained])
    sentences += _cures(study, table, tests)
    sentences += _failures(study, table)
    sentences += _no_cures(study, table, tests)
    sentences += _significance(study, tests)
    return sentences


def collapse_answer(study: CollapseStudy) -> list[str]:
    """The study in at most four sentences: what collapsed, what cured it, what failed, and how far to trust that.

    Parameters
    ----------
    study : CollapseStudy

    Returns
    -------
    list of str
    """
    table = settings_table(study).set_index("setting")
    tests = compare_settings(study).set_index("setting")
    named = {outcome: table.index[table["outcome"] == outcome].tolist() for outcome in _LOST}
    cautions = [sentence for sentence in _significance(study, tests) if sentence.startswith("Caution")]
    return [
        _headline(table, *named.values()),
        *_cure_in_short(study, table),
        *_failures(study, table)[:1],
        *cautions,
    ]


def _cure_in_short(study, table):
    if table.loc[study.baseline, "outcome"] not in _LOST:
        return []
    good = table[table["outcome"].isin(["complete", "partial"])].sort_values("js_mean")
    if not len(good):
        return [f"Nothing that was tried cured “{study.baseline}”."]
    best, missing = good.index[0], good["lost_share_mean"].iloc[0]
    others = f"; {len(good) - 1} further settings did not collapse either" if len(good) > 2 else ""
    others = "; one further setting did not collapse either" if len(good) == 2 else others
    verb = "helped most" if missing >= _CURED else "cured it best"
    left = "nothing is missing" if missing == 0 else f"{_share(missing)} of the real images are still missed"
    return [f"What {verb}: “{best}” ({differing_parameters(study, best)}); {left}{others}."]


def _share(value):
    """A share as a person reads it.

    >>> _share(0.78), _share(0.004), _share(0.0)
    ('78%', '0.4%', '0%')
    """
    percent = 100 * value
    return f"{percent:.1f}%" if 0 < percent < 9.95 else f"{percent:.0f}%"


def _figure(value):
    """Two significant digits, three below a hundredth's.

    >>> _figure(0.4361), _figure(0.0117)
    ('0.44', '0.012')
    """
    return f"{value:.2g}"


def _spread(mean, sd, show=_figure):
    return show(mean) if not np.isfinite(sd) else f"{show(mean)} ± {show(sd)}"


def _p(value):
    return "p < .001" if value < 0.001 else f"p = {value:.2g}".replace("= 0.", "= .")


def _listed(parts):
    parts = list(parts)
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _named(settings):
    return _listed([f"“{setting}”" for setting in settings])


def _runs(n):
    return "1 run" if n == 1 else f"{n} runs"


def _headline(table, collapsed, undertrained):
    n = len(table)
    settings = "The only setting" if n == 1 else f"{len(collapsed)} of {n} settings"
    if not collapsed and undertrained:
        return f"No setting collapsed, but {_named(undertrained)} never learnt to draw the data."
    if not collapsed:
        text = "No setting collapsed" if n > 1 else "The only setting did not collapse"
        return f"{text}: none left out a quarter of the data in most of its runs."
    if len(collapsed) == n:
        return (
            f"{'Every setting' if n > 1 else settings} collapsed, and drew hardly anything of a large part of the data."
        )
    rest = f" {_named(undertrained)} did not collapse, but never learnt to draw." if undertrained else ""
    return f"{settings} collapsed, and drew hardly anything of a large part of the data: {_named(collapsed)}.{rest}"


def _evidence(study, row, setting):
    runs = study.final[(study.final["setting"] == setting) & (study.final["status"] == "finished")]
    lost = hardly_reached(runs)
    # No bin can be called missing that is due a handful of samples, though many together are all but empty.
    is_few = ((lost >= COLLAPSED) & (runs["missing_share"] < COLLAPSED)).any()
    few = " for certain: samples are few" if is_few else ""
    text = (
        f"“{setting}” collapsed in {row['collapsed']} of {_runs(row['n_runs'])}: "
        f"{_spread(lost.mean(), lost.std(ddof=1), _share)} of the real images lie where it hardly draws "
        f"({row['bins_missing_mean']:.0f} of {runs['n_bins'].iloc[0]:.0f} bins missing{few}), and the divergence is "
        f"{_spread(row['js_mean'], row['js_sd'])} where a perfect sampler has {_figure(runs['js_expected'].mean())} "
        f"({_p(runs['p_value'].max())})."
    )
    text += _manner(study, runs, setting)
    support = runs["support"].median()
    if np.isfinite(support) and support < len(study.reference) / 4:
        text += f" It repeats itself as if it knew {_about(support)}."
    return f"{text} {trajectory(study, setting)}".rstrip()


def _manner(study, runs, setting):
    """Whether a setting that collapsed draws well what it draws."""
    if "resembling" not in runs or not np.isfinite(runs["resembling_expected"].mean()):
        return ""
    share, expected = runs["resembling"].mean(), runs["resembling_expected"].mean()
    compared = f"{_share(share)} of its samples resemble a real image, where {_share(expected)} of real ones do"
    if share >= RESEMBLING * expected:
        return f" What it draws is of the data's kind: {compared}."
    earlier = study.runs[(study.runs["setting"] == setting) & study.runs["missing_share"].notna()]
    if any(draws_the_data(figures) for figures in earlier.to_dict(orient="records")):
        return f" It no longer draws the data, as it once did: {compared}."
    return f" What it repeats is nothing like the data, and never was: {compared}."


def _never_drew(study, rows):
    """One sentence for all settings of which the same is to be said."""
    if not len(rows):
        return []
    runs = study.final[study.final["setting"].isin(rows.index) & (study.final["status"] == "finished")]
    one = len(rows) == 1
    each = list(dict.fromkeys(f"{row['undertrained']} of {_runs(row['n_runs'])}" for _, row in rows.iterrows()))
    counts = _listed(each) + ("" if one or len(each) > 1 else " each")
    lost = [hardly_reached(own).mean() for _, own in runs.groupby("setting")]
    least, most = _share(min(lost)), _share(max(lost))
    missing = least if least == most else f"{least} to {most}"
    return [
        f"{_named(rows.index)} never learnt to draw, in {counts}: at no checkpoint did as much as "
        f"{_share(RESEMBLING * runs['resembling_expected'].mean())} of {'its' if one else 'their'} samples resemble a "
        f"real image, and they are not alike either. That {missing} of the real images lie where "
        f"{'it hardly draws' if one else 'they hardly draw'} is no collapse."
    ]


def _about(number):
    """A number that is a rough estimate.

    >>> _about(1.3), _about(37.2), _about(4210.0)
    ('one image only', 'about 40 images only', 'about 4,000 images only')
    """
    rounded = float(f"{number:.1g}")
    return "one image only" if rounded <= 1 else f"about {rounded:,.0f} images only"


def trajectory(study: CollapseStudy, setting: str) -> str:
    """When a setting lost the data, or found it, by the mean over its seeds.

    Parameters
    ----------
    study : CollapseStudy
    setting : str

    Returns
    -------
    str
        A sentence; empty with fewer than two checkpoints.
    """
    rows = study.runs[(study.runs["setting"] == setting) & study.runs.get("missing_share", np.nan).notna()]
    seeds = rows["seed"].nunique()
    # Runs that were cut short have steps of their own: only steps that all runs share have a mean.
    counts = hardly_reached(rows).groupby(rows["step"]).agg(["mean", "size"])
    reached = 1.0 - counts.loc[counts["size"] == seeds, "mean"]
    if len(reached) < 2:
        return ""
    steps, values = reached.index.to_numpy(), reached.to_numpy()
    best, end = int(values.argmax()), values[-1]
    if end < 1.0 - COLLAPSED:
        if values[best] - end >= _NOTABLE:
            return f"It reached {_share(values[best])} of the data at step {steps[best]:,} and fell to {_share(end)}."
        return f"It never reached more than {_share(values[best])}."
    below = np.flatnonzero(values < 1.0 - COLLAPSED)
    if not len(below):
        return f"It had {_share(values[0])} of the data by step {steps[0]:,}."
    last = int(below[-1])
    earlier = values[:last].max() if last else 0.0
    if earlier - values[last] >= _NOTABLE and earlier >= 1.0 - COLLAPSED:
        return f"It fell to {_share(values[last])} of the data at step {steps[last]:,}, and recovered."
    return f"It has had most of the data since step {steps[last + 1]:,}."


def differing_parameters(study: CollapseStudy, setting: str) -> str:
    """What a setting has that the first one has not, in words.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> study = SimpleNamespace(settings={"a": {"packing": 1}, "b": {"packing": 2, "betas": (0.0, 0.9)}}, baseline="a")
    >>> differing_parameters(study, "b")
    'betas 0, 0.9; packing 2'
    """
    own, base = study.settings[setting], study.settings[study.baseline]
    changed = sorted(key for key in {*own, *base} if own.get(key) != base.get(key))
    parts = []
    for key in changed:
        value = own.get(key, "as usual")
        if isinstance(value, (tuple, list)):
            value = ", ".join(f"{part:g}" for part in value)
        elif isinstance(value, float):
            value = f"{value:g}"
        parts.append(f"{key.replace('_', ' ')} {value}")
    return "; ".join(parts)


def _cures(study, table, tests):
    """What reaches the data where the first setting does not."""
    if table.loc[study.baseline, "outcome"] not in _LOST:
        return []
    good = table[table["outcome"].isin(["complete", "partial"])].drop(index=study.baseline, errors="ignore")
    if not len(good):
        return [f"Nothing that was tried cured “{study.baseline}”."]
    good = good.sort_values("js_mean")
    sentences, short = [], {}
    for setting, row in good.head(3).iterrows():
        missing = row["lost_share_mean"]
        reached = "Nothing is missing" if missing == 0 else f"{_share(missing)} of the real images are still missed"
        cured = "What helped, without curing it" if missing >= _CURED else "What cured it"
        cured += ", too" if any(sentence.startswith(f"{cured}:") for sentence in sentences) else ""
        sentences.append(
            f"{cured}: “{setting}” ({differing_parameters(study, setting)}). {reached}, and the divergence "
            f"is {_spread(row['js_mean'], row['js_sd'])} ({_p(tests.loc[setting, 'p_value'])} against "
            f"“{study.baseline}” over {_runs(row['n_runs'])} each). {trajectory(study, setting)}".rstrip()
        )
        if cured.endswith(", too"):
            short.setdefault(cured, []).append(
                f"“{setting}” ({differing_parameters(study, setting)}: {_share(missing)} missed, divergence "
                f"{_spread(row['js_mean'], row['js_sd'])}, {_p(tests.loc[setting, 'p_value'])})"
            )
    for cured, parts in short.items():
        if len(parts) > 1:  # sentences that differ in their figures alone are one
            place = next(i for i, sentence in enumerate(sentences) if sentence.startswith(f"{cured}:"))
            sentences = [sentence for sentence in sentences if not sentence.startswith(f"{cured}:")]
            sentences.insert(place, f"{cured}: {_listed(parts)}.")
    if len(good) > 3:
        rest = good.iloc[3:]
        parts = [f"“{name}” ({_figure(row['js_mean'])})" for name, row in rest.iterrows()]
        sentences.append(f"Further settings that did not collapse, with their divergence: {_listed(parts)}.")
    return sentences


def _failures(study, table):
    sentences = []
    for status, verb in (("diverged", "diverged"), ("failed", "failed")):
        found = table[table[status] > 0]
        if len(found):
            parts = [f"“{name}” ({row[status]} of {_runs(row['n_runs'])})" for name, row in found.iterrows()]
            sentences.append(f"Training {verb}: {_listed(parts)}.")
    return sentences


def _no_cures(study, table, tests):
    """Famous or not: what ends where the first setting ends."""
    if table.loc[study.baseline, "outcome"] not in _LOST or not len(tests):
        return []
    same = [name for name in tests.index if table.loc[name, "outcome"] in _LOST]
    no_help = [name for name in same if not tests.loc[name, "better"]]
    some = [name for name in same if tests.loc[name, "better"]]
    sentences = []
    if some:
        parts = [f"“{name}” ({_figure(table.loc[name, 'js_mean'])})" for name in some]
        sentences.append(f"A lower divergence than “{study.baseline}”, but collapsed all the same: {_listed(parts)}.")
    if no_help:
        sentences.append(f"No better than “{study.baseline}”: {_named(no_help)}.")
    return sentences


def _significance(study, tests):
    sentences = []
    if len(study.settings) > 2:
        ranks, outcome = rank_settings(study)
        order = [f"{name} {rank:.1f}" for name, rank in ranks["mean_rank"].head(5).items()]
        sentences.append(f"Mean ranks by divergence, 1 is best: {', '.join(order)}. {outcome.sentence}")
    n = len(study.facts["seeds"])
    if len(tests) and tests["smallest_p"].min() > _ALPHA:
        sentences.append(
            f"Caution: with {n} {'seed' if n == 1 else 'seeds'} a setting, no difference between two settings could be "
            "significant at .05, however large; four seeds are the fewest that could."
        )
    return sentences

"""The figures of a collapse study: samples side by side, coverage over training, the map, what is never drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit._core.inherited import import_matplotlib
from toolkit._core.names import lookup
from toolkit._core.printable import plot_text
from toolkit._core.showing import only_shows
from toolkit.coverage import COVERAGE_METRICS
from toolkit.plots import SampleRowsDisplay
from toolkit.plots.style import COLOURS, INK, MUTED, tidy_axes
from toolkit.studies.collapse._summary import hardly_reached, settings_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from toolkit.plots import Display
    from toolkit.studies.collapse._study import CollapseStudy

__all__ = [
    "collapse_figures",
    "coverage_curves",
    "coverage_maps",
    "missing_gallery",
    "run_picture",
    "samples_side_by_side",
]

_COLUMNS = 14
_PANELS = 8  # settings on the map, the first ones
_PER_PANEL, _ON_MAP = 300, 1500
_DASHES = ("-", (0, (4, 1.5)), (0, (1, 1.2)))


def collapse_figures(study: CollapseStudy, *, maps: bool = True) -> dict[str, Figure]:
    """Draw what the study has to show.

    Parameters
    ----------
    study : CollapseStudy
    maps : bool, default=True
        With the UMAP of real and generated images, which takes some seconds.

    Returns
    -------
    dict of str to matplotlib Figure
        ``samples``, ``curves``, ``never_drawn`` if anything is, ``map``.
    """
    ways = {"samples": samples_side_by_side, "curves": coverage_curves, "never_drawn": missing_gallery}
    if maps and any(len(samples) for samples in study.samples.values()):
        ways["map"] = coverage_maps
    figures = {}
    for name, draw in ways.items():
        with only_shows(f"{name}.png"):
            figures[name] = draw(study)
    return {name: figure for name, figure in figures.items() if figure is not None}


def typical_run(study: CollapseStudy, setting: str) -> int:
    """The seed whose divergence is the median of its setting's, and whose pictures stand for it."""
    runs = study.final[study.final["setting"] == setting]
    drawn = runs[[len(study.samples[setting, seed]) > 0 for seed in runs["seed"]]]
    if not len(drawn):
        return int(runs["seed"].iloc[0])
    order = drawn.sort_values("js", kind="stable")
    return int(order["seed"].iloc[(len(order) - 1) // 2])


def _details(study):
    table = settings_table(study).set_index("setting")
    details = {}
    for setting, row in table.iterrows():
        details[setting] = f"divergence {row['js_mean']:.3f}" if np.isfinite(row["js_mean"]) else row["outcome"]
    return details


def samples_side_by_side(study: CollapseStudy) -> Figure:
    """Real images, and what the median run of each setting draws: not chosen."""
    rows = {"real images": study.reference[:: max(1, len(study.reference) // _COLUMNS)][:_COLUMNS]}
    for setting in study.settings:
        samples = study.samples[setting, typical_run(study, setting)][:_COLUMNS]
        if len(samples):
            rows[setting] = samples
    display = SampleRowsDisplay.from_predictions(rows, details=_details(study), scale=study.coverage.pixel_scale_)
    return display.plot().figure_


def run_picture(study: CollapseStudy, setting: str, seed: int) -> Display | None:
    """One run as a picture: a row a checkpoint, the same latents in each.

    Parameters
    ----------
    study : CollapseStudy
    setting : str
    seed : int

    Returns
    -------
    SampleRowsDisplay or None
        None for a run that drew nothing.
    """
    growth = study.growth[setting, seed]
    figures = study.records[setting, seed]["checkpoints"]
    if not figures:
        return None
    rows = {f"step {entry['step']:,}": images for entry, images in zip(figures, growth)}
    details = {f"step {entry['step']:,}": f"divergence {entry['js']:.3f}" for entry in figures}
    return SampleRowsDisplay.from_predictions(
        rows, details=details, scale=study.coverage.pixel_scale_, title=f"{setting}, seed {seed}"
    )


def missing_gallery(study: CollapseStudy) -> Figure | None:
    """Real images of what the median run of each setting never draws, the largest part first; None if there is none."""
    rows, details = {}, {}
    for setting in study.settings:
        seed = typical_run(study, setting)
        dropped = study.records[setting, seed]["dropped"]
        places = _in_turn(dropped, _COLUMNS)
        if len(places):
            rows[setting] = study.reference[places]
            final = study.final[(study.final["setting"] == setting) & (study.final["seed"] == seed)].iloc[0]
            details[setting] = f"misses {100 * final['missing_share']:.0f}% of the data"
    if not rows:
        return None
    display = SampleRowsDisplay.from_predictions(rows, details=details, scale=study.coverage.pixel_scale_)
    return display.plot().figure_


def _in_turn(dropped, n):
    """The first of each mode, then the second of each, without repeats."""
    longest = max(map(len, dropped), default=0)
    rows = [mode[place] for place in range(longest) for mode in dropped if place < len(mode)]
    return np.array(list(dict.fromkeys(rows))[:n], dtype=np.intp)


def coverage_curves(study: CollapseStudy, metric: str = "js") -> Figure | None:
    """Share of the data that is reached, and a metric, over training: a line a setting, its seeds as a band.

    Parameters
    ----------
    study : CollapseStudy
    metric : str, default="js"
        Name in :data:`toolkit.coverage.COVERAGE_METRICS`.

    Returns
    -------
    Figure or None
        None where no run has two checkpoints.
    """
    import_matplotlib()
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullLocator

    shown = lookup(COVERAGE_METRICS, metric, "metric")
    runs = study.runs
    if metric not in runs or runs.dropna(subset=[metric]).groupby(["setting", "seed"]).size().max() < 2:
        return None
    runs = runs.assign(reached=1.0 - hardly_reached(runs))
    figure = Figure(
        figsize=(10.5, 3.9 + 0.22 * math.ceil(len(study.settings) / 4)), layout="constrained", facecolor="white"
    )
    axes = figure.subplots(1, 2)
    for place, setting in enumerate(study.settings):
        rows = runs[runs["setting"] == setting].dropna(subset=[metric])
        if not len(rows):
            continue
        style = {
            "color": COLOURS[place % len(COLOURS)],
            "linestyle": _DASHES[(place // len(COLOURS)) % len(_DASHES)],
        }
        for ax, column in zip(axes, ("reached", metric)):
            band = rows.groupby("step")[column].agg(["mean", "min", "max", "size"])
            band = band[band["size"] == rows["seed"].nunique()]
            ax.fill_between(band.index, band["min"], band["max"], color=style["color"], alpha=0.15, linewidth=0)
            ax.plot(
                band.index, band["mean"], linewidth=1.9, marker="o", markersize=3.2, label=plot_text(setting), **style
            )
    axes[0].set(ylim=(-0.03, 1.03), ylabel="share of the data that is reached", xlabel="training steps")
    axes[0].yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")
    axes[1].set(ylabel=f"{shown.words} (nats)" if metric == "js" else shown.words, xlabel="training steps")
    expected = runs.get(f"{metric}_expected", pd.Series(dtype=float)).mean()
    if np.isfinite(expected):
        _draw_expected(axes[1], expected)
    if metric == "js":
        axes[1].set_yscale("log")
        axes[1].set_ylim(bottom=0.6 * expected)
        axes[1].yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes[1].yaxis.set_minor_locator(NullLocator())
        axes[1].yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    for ax in axes:
        tidy_axes(ax)
        ax.set_xlim(left=0)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=min(4, len(labels)),
        frameon=False,
        fontsize=9,
        labelcolor=INK,
    )
    return figure


def _draw_expected(ax, expected):
    ax.axhline(expected, color=MUTED, linewidth=1.0, linestyle=(0, (2, 3)))
    ax.annotate(
        "a perfect sampler",
        (0.0, expected),
        xycoords=("axes fraction", "data"),
        xytext=(4, -3),
        textcoords="offset points",
        va="top",
        fontsize=8,
        color=MUTED,
    )


def coverage_maps(study: CollapseStudy) -> Figure | None:
    """One UMAP of real images and of what the median run of each setting draws: a panel a setting."""
    import_matplotlib()
    from matplotlib.figure import Figure

    names: list[str] = []
    parts: list = []
    for setting in study.settings:
        samples = study.samples[setting, typical_run(study, setting)][:_PER_PANEL]
        if len(samples) and len(names) < _PANELS:
            names.append(setting)
            parts.append(samples)
    drawn = np.concatenate(parts)
    view = study.coverage.view(drawn, n_samples=len(drawn), n_rows=_ON_MAP, random_state=0)
    points = view.frame()
    real = points[points["source"] == "real"]
    generated = points[points["source"] == "generated"]
    owner = np.repeat(np.arange(len(names)), [len(part) for part in parts])[generated["row"].to_numpy()]
    n_columns = min(4, len(names))
    n_rows = -(-len(names) // n_columns)
    figure = Figure(figsize=(2.9 * n_columns, 3.1 * n_rows), layout="constrained", facecolor="white")
    axes = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True).ravel()
    for place, ax in enumerate(axes):
        if place >= len(names):
            ax.set_axis_off()
            continue
        mine = generated[owner == place]
        ax.scatter(real["x"], real["y"], s=3, color="#c3cacf", linewidths=0)
        ax.scatter(mine["x"], mine["y"], s=6, color=COLOURS[1], linewidths=0, alpha=0.75)
        ax.set_title(plot_text(names[place]), fontsize=10, color=INK, loc="left")
        ax.set(aspect="equal", xticks=[], yticks=[])
        for spine in ax.spines.values():
            spine.set(color="#d5dade", linewidth=0.8)
    return figure

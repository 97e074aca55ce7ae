"""The collapse study: which settings of a GAN lose a part of the data, since when, and what cures it? No labels."""

from __future__ import annotations

import inspect
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from toolkit._core.files import plain_json
from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import as_stack
from toolkit._core.jobs import run_jobs
from toolkit._core.printable import printable
from toolkit._core.progress import Stages
from toolkit._core.random import as_generator, check_seeds
from toolkit._core.versions import versions
from toolkit.report import Report
from toolkit.studies._result import StudyOutcome
from toolkit.studies.collapse._outcome import outcome_of
from toolkit.studies.collapse._recipes import collapse_recipe
from toolkit.studies.collapse._run import Plan, RunFiles, digest_of, run_one

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from toolkit.coverage import ModeCoverage

__all__ = ["CollapseStudy", "check_collapse_settings", "run_collapse_study"]

_logger = logging.getLogger(__name__)

_REFERENCE = 20_000  # images that coverage is measured against, at most
_MIN_IMAGES = 100
_QUICK_STEPS = 8000  # of all runs together


@dataclass(repr=False)
class CollapseStudy(StudyOutcome):
    """What was run, and what was measured.

    Attributes
    ----------
    runs : DataFrame
        A row for each run and checkpoint: ``setting``, ``seed``, ``status`` (``"finished"``, ``"diverged"``,
        ``"failed"``), ``step``, ``seconds`` (of training), ``final`` (the last checkpoint of a run), ``outcome`` (see
        :func:`outcome_of`), the figures of :class:`toolkit.coverage.CoverageRecord` with what a perfect sampler would
        have (``..._expected``), ``bins_missing``, ``missing_share`` (of the real images that lie in them),
        ``lost_share`` (those in bins all but empty, too, where samples are too few to call one missing), ``resembling``
        (share of the samples that look like some real image), ``support`` (how many different images would repeat as
        often as the samples), and ``error``. A run that measured nothing has one row.
    records : dict of (str, int) to dict
        By setting and seed: parameters, outcome, verdict, seconds, and the rows of ``reference`` in the modes dropped.
    samples, growth : dict of (str, int) to ndarray
        What each run drew in the end, and at each checkpoint from the same latents.
    settings : dict of str to dict
        Parameters of the GAN. The first setting is the one that the others are compared with.
    reference : ndarray of shape (n_reference, height, width[, 3])
        The images that coverage was measured against.
    coverage : ModeCoverage
    facts : dict
        ``name``, ``n_images``, ``image_shape``, ``seeds``, ``steps``, ``seconds``, ``n_samples``, ``recipe``.
    timings, versions : dict
    left_out : DataFrame or None
        Files that are no images of the set, and why, as :attr:`toolkit.datasets.ImageFolder.skipped` has them.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import run_collapse_study
    >>> images = load_digits().images[:100, ::2, ::2]
    >>> tiny = {"generator_widths": (8,), "discriminator_widths": (8,)}
    >>> settings = {"plain": tiny, "packed": {**tiny, "packing": 2}}
    >>> study = run_collapse_study(images, settings, seeds=[0], steps=1, n_samples=20)
    >>> study.baseline, study.final[["setting", "step"]].values.tolist(), study.samples["packed", 0].shape
    ('plain', [['plain', 1], ['packed', 1]], (20, 14, 14))
    >>> list(study.tables())
    ['runs', 'settings', 'against_baseline', 'ranks']
    """

    runs: pd.DataFrame
    records: dict
    samples: dict
    growth: dict
    settings: dict
    reference: np.ndarray
    coverage: ModeCoverage
    facts: dict
    timings: dict
    versions: dict = field(default_factory=versions)
    left_out: pd.DataFrame | None = None

    def findings(self) -> list[str]:
        """What was found, in sentences, the most important first."""
        from toolkit.studies.collapse._findings import collapse_findings

        return collapse_findings(self)

    def figures(self) -> dict[str, Figure]:
        """Matplotlib figures by name."""
        from toolkit.studies.collapse._figures import collapse_figures

        return collapse_figures(self)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Frames by name: runs, settings, and where there are several, their tests and ranks."""
        from toolkit.studies.collapse._summary import compare_settings, rank_settings, settings_table

        tables = {"runs": self.runs, "settings": settings_table(self)}
        if len(self.settings) > 1:
            tables |= {"against_baseline": compare_settings(self), "ranks": rank_settings(self)[0]}
        return tables

    def report(self) -> Report:
        """The study as one page."""
        from toolkit.studies.collapse._write import build_collapse_report

        return build_collapse_report(self, self.figures())

    def write(self, out: str | os.PathLike) -> Path:
        """Write the study as a folder of files: :func:`write_collapse_study`."""
        from toolkit.studies.collapse._write import write_collapse_study

        return write_collapse_study(self, out)

    @property
    def baseline(self) -> str:
        """The setting that the others are compared with."""
        return next(iter(self.settings))

    @property
    def final(self) -> pd.DataFrame:
        """The last row of each run; a DataFrame."""
        return self.runs[self.runs["final"]].reset_index(drop=True)


def check_collapse_settings(settings: dict[str, dict]) -> dict[str, dict]:
    """Check the parameters of every setting, before the long work.

    Parameters
    ----------
    settings : dict of str to dict
        Parameters of :class:`toolkit.generators.GAN` by name; those of a recipe are what :func:`collapse_recipe` gives.

    Returns
    -------
    dict of str to dict
        The same, copied.

    Raises
    ------
    ValueError
        There is no setting, or one that is not made of parameters that a study may set of a GAN.

    See Also
    --------
    collapse_recipe, collapse_grid : Settings to begin with.

    Examples
    --------
    >>> from toolkit.studies import check_collapse_settings
    >>> check_collapse_settings({"packed": {"packing": 2}})
    {'packed': {'packing': 2}}
    >>> check_collapse_settings({"packed": {"packin": 2}})
    Traceback (most recent call last):
        ...
    ValueError: settings['packed']: 'packin' is no parameter that a study may set of a GAN.
    """
    from toolkit.generators import GAN, check_gan

    if not isinstance(settings, dict) or not settings:
        hint = "; collapse_recipe gives the settings of a recipe" if isinstance(settings, str) else ""
        raise ValueError(f"settings must name at least one setting and its parameters, got {settings!r}{hint}.")
    own = {"epochs", "max_steps", "snapshot_epochs", "random_state", "verbose"}
    valid = set(inspect.signature(GAN).parameters) - own
    for name, parameters in settings.items():
        if not isinstance(parameters, dict):
            raise ValueError(f"settings[{name!r}] must be a dict of parameters of a GAN, got {parameters!r}.")
        unknown = sorted(set(parameters) - valid)
        if unknown:
            raise ValueError(f"settings[{name!r}]: {unknown[0]!r} is no parameter that a study may set of a GAN.")
        if not isinstance(parameters.get("architecture", "mlp"), str):
            raise ValueError(f"settings[{name!r}]: architecture must be a name in a study.")
        try:
            check_gan(GAN(**parameters))
        except ValueError as error:
            raise ValueError(f"settings[{name!r}]: {error}") from error
    return {str(name): dict(parameters) for name, parameters in settings.items()}


@usual_floating_point
def run_collapse_study(
    images: ArrayLike,
    settings: str | dict[str, dict] = "collapse",
    *,
    seeds: Sequence[int] | None = None,
    steps: int | None = 4000,
    seconds: float | None = None,
    checkpoints: int | Sequence[int] = 8,
    n_samples: int = 5000,
    coverage: ModeCoverage | None = None,
    quick: bool = False,
    folder: str | os.PathLike | None = None,
    n_jobs: int = 1,
    verbose: bool = False,
    name: str = "images",
    left_out: pd.DataFrame | None = None,
) -> CollapseStudy:
    """Train a GAN with every setting and every seed, and watch which modes of the data it reaches.

    Parameters
    ----------
    images : array-like of shape (n_images, height, width[, 3]) or (n_images, n_features)
        At least a hundred, without labels.
    settings : str or dict of str to dict, default="collapse"
        Name of a recipe, see :func:`collapse_recipe`, or parameters of :class:`toolkit.generators.GAN` by name; the
        first setting is what the others are compared with.
    seeds : sequence of int, optional
        A run of each setting each. None is 0, 1 and 2.
    steps : int, default=4000
        Length of each training; None needs ``seconds``.
    seconds : float, optional
        Of each training, at most. How many steps fit in is measured first.
    checkpoints : int or sequence of int, default=8
        How often coverage is measured, evenly spaced, or at which steps. The end is always measured.
    n_samples : int, default=5000
        Drawn at each of them.
    coverage : ModeCoverage, optional
        Not fitted; it is fitted on the images, 20,000 of them at most.
    quick : bool, default=False
        Small networks, fewer settings, 8,000 steps shared by all runs (at least 300 each), and seeds 0 and 1 unless
        others are named: takes the place of ``steps``, ``seconds``, ``checkpoints`` and ``n_samples``.
    folder : path-like, optional
        Where finished runs are kept, two files each. A study that was stopped goes on from them: only what is missing
        is run. What a run depends on (parameters, images, seed, length, version) is part of its name.
    n_jobs : int, default=1
        Runs at a time, one thread each; as in joblib.
    verbose : bool, default=False
    name : str, default="images"
        What to call the images.
    left_out : DataFrame, optional
        Files that are no images of the set: :attr:`toolkit.datasets.ImageFolder.skipped`.

    Returns
    -------
    CollapseStudy

    See Also
    --------
    write_collapse_study : The same as files.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import run_collapse_study
    >>> settings = {"plain": {"generator_widths": (16,)}, "packed": {"generator_widths": (16,), "packing": 2}}
    >>> images = load_digits().images[:200]
    >>> study = run_collapse_study(images, settings, seeds=[0], steps=20, checkpoints=2, n_samples=100)
    >>> study.runs[["setting", "step", "outcome"]].values.tolist()[:2]
    [['plain', 10, 'collapsed'], ['plain', 20, 'collapsed']]
    """
    from toolkit.coverage import ModeCoverage

    recipe, given = (settings, {}) if isinstance(settings, str) else (None, settings)
    seeds = check_seeds(((0, 1) if quick else (0, 1, 2)) if seeds is None else seeds)
    if quick:
        n_runs = len(seeds) * len(given if recipe is None else collapse_recipe(recipe, quick=True))
        steps, seconds, checkpoints, n_samples = max(300, _QUICK_STEPS // max(1, n_runs)), None, 5, 2000
    plan = _check_plan(steps, seconds, checkpoints, n_samples)
    if recipe is not None:
        given = collapse_recipe(recipe, steps=plan.steps or 10_000, quick=quick)
    checked = check_collapse_settings(given)
    stack = as_stack(images)
    if len(stack) < _MIN_IMAGES:
        raise ValueError(f"images must be at least {_MIN_IMAGES}, got {len(stack)}.")
    if coverage is None:
        coverage = ModeCoverage(random_state=0)
        if quick:
            coverage.set_params(n_neighbour_rows=1000)
    folder = None if folder is None else Path(folder)
    with Stages({"learning the modes of the data": 0.1, "training": 0.9}, verbose=verbose) as stages:
        with stages("learning the modes of the data"):
            reference = _reference(stack)
            coverage = coverage.fit(reference)
        shared = _dependencies(stack, coverage, plan)
        cells = [(setting, seed) for setting in checked for seed in seeds]
        tasks = [
            {
                "images": stack,
                "coverage": coverage,
                "setting": setting,
                "parameters": checked[setting],
                "seed": seed,
                "plan": plan,
                "files": RunFiles(folder, setting, seed, digest_of([checked[setting], seed, shared])),
            }
            for setting, seed in cells
        ]
        with stages("training"):
            found = run_jobs(run_one, tasks, n_jobs=n_jobs, verbose=verbose, desc="runs")
    records = {cell: record for cell, (record, _) in zip(cells, found)}
    drawn = {cell: images for cell, (_, images) in zip(cells, found)}
    for (setting, seed), record in records.items():
        if record["status"] != "finished":
            _logger.warning("%s with seed %d %s: %s", setting, seed, record["status"], record["error"])
    return CollapseStudy(
        runs=_table(records, len(reference)),
        records=records,
        samples={cell: images["samples"] for cell, images in drawn.items()},
        growth={cell: images["growth"] for cell, images in drawn.items()},
        settings=checked,
        reference=reference,
        coverage=coverage,
        facts={
            "name": printable(name),
            "n_images": len(stack),
            "image_shape": list(stack.shape[1:]),
            "seeds": list(seeds),
            "steps": plan.steps,
            "seconds": plan.seconds,
            "n_samples": plan.n_samples,
            "recipe": recipe,
        },
        timings={stage: round(value, 3) for stage, value in stages.seconds.items()},
        left_out=left_out,
    )


def _check_plan(steps, seconds, checkpoints, n_samples):
    from toolkit._core.parameters import check_int, check_number, check_sizes

    if steps is None and seconds is None:
        raise ValueError("steps or seconds must say how long each run trains, got None for both.")
    if steps is not None:
        check_int("steps", steps)
    if seconds is not None:
        check_number("seconds", seconds, above=True)
    check_int("n_samples", n_samples, low=10)
    if isinstance(checkpoints, (int, np.integer)):
        check_int("checkpoints", checkpoints)
        checkpoints = int(checkpoints)
    else:
        checkpoints = tuple(checkpoints)
        check_sizes("checkpoints", checkpoints)
    return Plan(steps, seconds, checkpoints, n_samples)


def _reference(stack):
    if len(stack) <= _REFERENCE:
        return stack
    return stack[np.sort(as_generator(0).choice(len(stack), _REFERENCE, replace=False))]


def _dependencies(stack, coverage, plan):
    """What every run of a study depends on, besides its own parameters."""
    import hashlib

    from toolkit import __version__

    data = hashlib.sha256(np.ascontiguousarray(stack)).hexdigest()
    parameters = {key: repr(value) for key, value in coverage.get_params().items()}
    return [data, list(stack.shape), stack.dtype.name, parameters, plain_json(vars(plan)), __version__]


def _table(records, n_real):
    rows = []
    for (setting, seed), record in records.items():
        shared = {"setting": setting, "seed": seed, "status": record["status"]}
        places = record["checkpoints"] or [{"step": record["steps"], "seconds": record["seconds"]}]
        for place, figures in enumerate(places):
            last = place == len(places) - 1
            # Before its end a run has neither diverged nor failed.
            status = record["status"] if last else "finished"
            so_far = record["checkpoints"][: place + 1]
            rows.append(
                shared
                | figures
                | {
                    "final": last,
                    "outcome": outcome_of(status, so_far, n_real=n_real),
                    "error": record["error"] if last else None,
                }
            )
    table = pd.DataFrame(rows)
    first = ["setting", "seed", "status", "step", "seconds", "final", "outcome"]
    measured = [column for column in table.columns if column not in (*first, "error")]
    table = table[[*first, *measured, "error"]]
    # null is how JSON says infinity and nothing alike: that nothing repeats is an infinite support.
    return table.astype(dict.fromkeys(measured, float))

"""One run of a collapse study: a GAN trained within a budget, its coverage measured on the way, kept in two files."""

import hashlib
import json
import re
import time
import zipfile
import zlib
from dataclasses import dataclass

import numpy as np

from toolkit._core.files import atomic_path, plain_json, write_json
from toolkit.exceptions import DivergenceError
from toolkit.studies.collapse._outcome import outcome_of

__all__ = ["Plan", "RunFiles", "digest_of", "run_one"]

_KEPT = 400  # samples kept of each run, for pictures and maps
_SHOWN = 12  # of each checkpoint
_TRIAL = (10, 30)  # steps between which the speed of a training is measured
_GRACE = 1.25  # by which a training may exceed its seconds, since its speed was an estimate
_SAMPLE_SEED = 1  # the same latents at each checkpoint
_EARLIER_OUTCOMES = {"unlearnt": "undertrained"}  # as runs were named that an earlier version kept


@dataclass(frozen=True)
class Plan:
    """How long each run trains, and when and on how many samples its coverage is measured.

    Parameters
    ----------
    steps : int or None
        Of the discriminator.
    seconds : float or None
        Of training, measuring left out. How many steps fit is found by a short trial, so that schedules end in time.
    checkpoints : int or tuple of int
        How many, evenly spaced, or at which steps; the end is always one.
    n_samples : int
    """

    steps: int | None
    seconds: float | None
    checkpoints: object
    n_samples: int

    def places(self, steps):
        """The steps to measure at, for a training of that length."""
        if isinstance(self.checkpoints, int):
            return sorted({max(1, round(steps * (k + 1) / self.checkpoints)) for k in range(self.checkpoints)})
        return sorted({step for step in self.checkpoints if step < steps} | {steps})


def digest_of(content):
    """A short name for what a run depends on."""
    return hashlib.sha256(json.dumps(plain_json(content), sort_keys=True).encode()).hexdigest()[:10]


class RunFiles:
    """The two files of a run: a record as JSON, and what it drew. The record is written last: it says the run is whole.

    Parameters
    ----------
    folder : Path or None
        None keeps nothing.
    setting : str
    seed : int
    digest : str
        Of all that the run depends on; a run of another digest is another run.
    """

    def __init__(self, folder, setting, seed, digest):
        slug = re.sub(r"[^a-z0-9]+", "-", setting.lower()).strip("-") or "setting"
        self.name, self.digest = f"{slug}-seed{seed}-{digest}", digest
        self.record = None if folder is None else folder / f"{self.name}.json"
        self.images = None if folder is None else folder / f"{self.name}.npz"

    def load(self):
        """Record and images of a finished run, or None."""
        if self.record is None:
            return None
        try:
            record = json.loads(self.record.read_text(encoding="utf-8"))
            with np.load(self.images, allow_pickle=False) as archive:
                images = {name: archive[name] for name in archive.files}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error):  # not there, or damaged: to be run
            return None
        if not isinstance(record, dict) or record.get("digest") != self.digest or set(images) != {"samples", "growth"}:
            return None
        outcome = record.get("outcome")
        return record | {"outcome": _EARLIER_OUTCOMES.get(outcome, outcome)}, images

    def save(self, record, images):
        """Write both."""
        if self.record is None:
            return
        with atomic_path(self.images) as temporary:
            np.savez_compressed(temporary, **images)
        write_json(self.record, record)


def run_one(images, coverage, setting, parameters, seed, plan, files):
    """Train, measure, keep; or take what was kept.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width[, 3])
    coverage : ModeCoverage
        Fitted.
    setting : str
    parameters : dict
        Of the GAN.
    seed : int
    plan : Plan
    files : RunFiles

    Returns
    -------
    record : dict
        ``setting``, ``seed``, ``status`` (``"finished"``, ``"diverged"``, ``"failed"``), ``error``, ``steps``,
        ``seconds``, ``cpu_seconds``, ``checkpoints`` (a dict of figures each), ``dropped``, ``outcome``,
        ``verdict``.
    images : dict of str to ndarray
        ``samples``, and ``growth`` of shape (n_checkpoints, n_shown, ...).
    """
    kept = files.load()
    if kept is not None:
        return kept
    from threadpoolctl import threadpool_limits

    from toolkit.generators import GAN

    status, error, cpu = "finished", None, time.process_time()
    watcher = _Watcher(coverage, plan)
    with threadpool_limits(1):  # runs go side by side; a second thread in each would only wait
        try:
            steps = _length(GAN, parameters, seed, images, plan)
            gan = GAN(**parameters, max_steps=steps, snapshot_epochs=(), random_state=seed)
            watcher.start(plan.places(steps))
            gan.fit(images, hooks=(watcher,))
            watcher.finish()
        except DivergenceError as failure:
            status, error, watcher.step = "diverged", str(failure), failure.step or watcher.step
        except Exception as failure:  # a study goes on without it, and its report says so
            status, error = "failed", f"{type(failure).__name__}: {failure}"
    last = watcher.last
    record = {
        "digest": files.digest,
        "setting": setting,
        "seed": seed,
        "status": status,
        "error": error,
        "parameters": parameters,
        "steps": watcher.step,
        "seconds": watcher.seconds,
        "cpu_seconds": time.process_time() - cpu,
        "checkpoints": watcher.figures,
        "dropped": [] if last is None else [mode.rows.tolist() for mode in last.dropped_modes],
        "outcome": outcome_of(status, plain_json(watcher.figures), n_real=len(coverage.features_)),
        "verdict": "" if last is None else last.verdict,
    }
    empty = np.empty((0, *images.shape[1:]), images.dtype)
    drawn = {
        "samples": watcher.samples if watcher.samples is not None else empty,
        "growth": np.stack(watcher.growth) if watcher.growth else empty[None],
    }
    if status != "failed":  # whatever failed may be put right; a divergence comes again
        files.save(record, drawn)
    return plain_json(record), drawn


def _length(make, parameters, seed, images, plan):
    """Steps to train: as planned, or as many as fit in the seconds."""
    if plan.seconds is None:
        return plan.steps
    marks = {}

    class Clock:
        def __call__(self, trainer, entry):
            return False

        def after_step(self, trainer, step):
            marks[step] = time.perf_counter()

    make(**parameters, max_steps=_TRIAL[1], snapshot_epochs=(), random_state=seed).fit(images, hooks=(Clock(),))
    per_step = (marks[_TRIAL[1]] - marks[_TRIAL[0]]) / (_TRIAL[1] - _TRIAL[0])
    fitting = max(1, int(plan.seconds / per_step))
    return fitting if plan.steps is None else min(plan.steps, fitting)


class _Watcher:
    """A hook that measures coverage at chosen steps and ends a training that takes too long."""

    def __init__(self, coverage, plan):
        self.coverage, self.plan = coverage, plan
        self.figures, self.growth, self.samples, self.last = [], [], None, None
        self.places, self.step, self.seconds = (), 0, 0.0

    def start(self, places):
        self.places = set(places)
        self._resumed = time.perf_counter()

    def __call__(self, trainer, entry):
        self.trainer = trainer
        return False

    def after_step(self, trainer, step):
        self.trainer, self.step = trainer, step
        self.seconds += time.perf_counter() - self._resumed
        if step in self.places:
            self._measure()
        self._resumed = time.perf_counter()
        return self.plan.seconds is not None and self.seconds > _GRACE * self.plan.seconds

    def finish(self):
        """Measure the end, where a training ended before its time."""
        if not self.figures or self.figures[-1]["step"] != self.step:
            self._measure()

    def _measure(self):
        samples = self.trainer.sample(self.plan.n_samples, random_state=_SAMPLE_SEED)
        record = self.coverage.evaluate(samples)
        self.last, self.samples = record, samples[:_KEPT]
        self.growth.append(samples[:_SHOWN])
        self.figures.append({"step": self.step, "seconds": self.seconds} | _figures(record))


def _figures(record):
    """What is kept of a record: a row of numbers."""
    missing = record.bins["status"] == "missing"
    low, high = record.intervals["js"]
    found = {
        "js": record.js,
        "js_low": low,
        "js_high": high,
        "js_expected": record.expected["js"],
        "p_value": record.p_values["js"],
        "ndb": record.ndb,
        "n_bins": record.n_bins,
        "bins_different": record.n_different,
        "bins_missing": int(missing.sum()),
        "missing_share": float(record.bins.loc[missing, "real_share"].sum()),
    }
    for name, value in record.figures.items():
        found |= {name: value, f"{name}_expected": record.expected[name]}
    return found | {"support": record.support, "lost_share": record.lost_share}

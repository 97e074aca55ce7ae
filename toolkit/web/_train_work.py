"""A training in a process of its own: it fills the folder that ``toolkit train`` fills, and shows itself as it goes."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from toolkit._core.files import write_csv
from toolkit._core.showing import only_shows
from toolkit.exceptions import TrainingFolderError
from toolkit.web._reading import Choice, read_images

__all__ = ["COMMANDS", "Settings", "settings_of", "train"]

COMMANDS = ("gan", "cgan", "flow", "vae", "autoencoder")
# What is trained for a number of epochs, of steps, or for a time.
_TIMED = ("gan", "cgan", "flow")
# Seconds between the rows of pictures of growth.png.
_GROWTH = {"gan": 10.0, "flow": 30.0}
_LOOK = 1.0  # seconds from one look at the training to the next, or so many times what a look takes:
_PATIENCE = 4
_N_SHOWN, _N_JUDGED = 36, 4000
_POINTS = 400  # of a curve


@dataclass(frozen=True)
class Settings:
    """What is to be trained, and how it is watched.

    Parameters
    ----------
    command : {"gan", "cgan", "flow", "vae", "autoencoder"}
    preset : str
        Of a GAN or a flow.
    length : {"seconds", "steps", "epochs"}
    amount : int
    latent_dim : int
        Of autoencoders.
    coverage_every : int
        Steps from one look at the coverage to the next; 0 for none.
    seed : int
    """

    command: str
    preset: str
    length: str
    amount: int
    latent_dim: int
    coverage_every: int
    seed: int

    def estimator(self) -> Any:
        """The model that is to be trained."""
        from toolkit.generators import GAN, Autoencoder, ConditionalGAN, FlowMatching, VariationalAutoencoder

        if self.command in _TIMED:
            lengths: dict[str, Any] = {"epochs": None, "max_steps": None, "max_seconds": None}
            lengths[{"epochs": "epochs", "steps": "max_steps", "seconds": "max_seconds"}[self.length]] = self.amount
            if self.length == "seconds":
                lengths["max_seconds"] = float(self.amount)
            kind = {"gan": GAN, "cgan": ConditionalGAN, "flow": FlowMatching}[self.command]
            shown: dict[str, Any] = {"snapshot_epochs": ()} if self.command == "gan" else {}
            return kind(preset=self.preset, random_state=self.seed, **lengths, **shown)
        if self.length != "epochs":
            raise ValueError("Autoencoders are trained for a number of epochs.")
        coder = VariationalAutoencoder if self.command == "vae" else Autoencoder
        return coder(latent_dim=self.latent_dim, epochs=self.amount, random_state=self.seed)


def train(
    *,
    choice: Choice,
    settings: Settings,
    out: str,
    resume: bool,
    overwrite: bool,
    say: Callable[[str, object], None],
    progress: Callable[[str, float], object],
    should_stop: Callable[[], bool],
    should_finish: Callable[[], bool],
) -> dict[str, Any]:
    """Train, and fill the folder ``out``."""
    from toolkit._core.pixel_scale import PixelScale
    from toolkit.plots import LiveSamples
    from toolkit.studies import train_into_folder, training_pictures

    model = settings.estimator()
    pictures = training_pictures(settings.command)
    looks: list[LiveSamples] = []
    observers: list[Any] = []
    labelled = settings.command == "cgan"
    progress("reading images", 0.0)
    found = read_images(choice)
    if labelled and found.labels is None:
        raise ValueError(f"{choice.title} has no labels, and a conditional GAN learns from them.")
    observers.append(_Looks(model, found, settings, say))

    def hooks(images):
        # As of `toolkit train`, so that either goes on with what the other began.
        if settings.command in _GROWTH:
            every = _GROWTH[settings.command]
            looks.append(LiveSamples(Path(out) / "growth.png", every=every, scale=PixelScale.learn(images)))
        return looks

    if settings.command in _GROWTH:
        pictures["growth.png"] = lambda model, found: looks[0].display()
    if labelled:
        model.set_params(n_snapshot_samples=5 * min(len(np.unique(np.asarray(found.labels))), 12))
    if settings.coverage_every:
        progress("learning what real images look like", 0.0)
        observers.append(_Coverage(found.images, settings, Path(out) / "coverage.csv", say))
    gan = settings.command in ("gan", "cgan")
    curves = ["generator_loss", "discriminator_loss"] if gan else ["loss"] if settings.command == "flow" else None
    with _said_as_on_the_page():
        return train_into_folder(
            model,
            lambda: (found, choice.title.removesuffix("/train") if choice.kind == "set" else choice.title),
            command=settings.command,
            out=out,
            resume=resume,
            overwrite=overwrite,
            pictures=pictures,
            curves=curves,
            labelled=labelled,
            hooks=hooks,
            observers=observers,
            progress=lambda stage, share: progress(stage or "training", share),
            should_stop=should_stop,
            should_finish=should_finish,
        )


train.can_finish = True  # type: ignore[attr-defined]


# Parameters as the page calls them.
_FIELDS = {"n_images": "Images at most", "random_state": "Seed", "latent_dim": "Latent dimensions", "data": "Which"}


@contextlib.contextmanager
def _said_as_on_the_page():
    """What is refused of a folder, with the buttons and fields of the page for the parameters of a call."""
    try:
        yield
    except TrainingFolderError as error:
        anew = "“In the place of what is there” and Train begin anew, and another folder keeps both."
        words = {
            "ended": f"There is a finished model in this folder: Resume with a greater length trains it longer, {anew}",
            "unfinished": f"There is a training in this folder that has not ended: Resume goes on with it, {anew}",
            "changed": f"The training in this folder has {_FIELDS.get(error.key, error.key)} = {error.earlier}, not "
            f"{error.present}: choose the same to go on with it; {anew}",
        }
        raise ValueError(words.get(error.reason, str(error))) from error


class _Looks:
    """An observer: curves of what the trainer last measured, and a grid of the same latents."""

    def __init__(self, model, found, settings, say):
        from toolkit._core.pixel_scale import PixelScale

        self.model, self.settings, self.say = model, settings, say
        self.scale, self.n = PixelScale.learn(found.images), len(found)
        self.history: list[dict[str, float]] = []
        self.next_look = self.next_point = 0.0
        self.title = f"{settings.command} on {getattr(found, 'name', '')}"

    def resumed(self, trainer, step, history):
        """Go on with the curves of the training so far."""
        self.history = [_losses_of(entry) for entry in history]
        while len(self.history) > _POINTS:
            self.history = self.history[::2]
        self._look(trainer, step)

    def after_step(self, trainer, step):
        now = time.monotonic()
        last = getattr(trainer, "last", None)
        if last and now >= self.next_point:
            self.next_point = now + 0.1
            batch = getattr(self.model, "batch_size_", None) or min(self.n, 64)
            self.history.append(
                {"epoch": step / -(-self.n // batch), **{name: float(value) for name, value in last.items()}}
            )
            if len(self.history) > _POINTS:
                self.history = self.history[::2]
        if now >= self.next_look:
            self._look(trainer, step)

    def __call__(self, trainer, entry):
        if not getattr(trainer, "last", None):
            self.history.append(_losses_of(entry))
        if time.monotonic() >= self.next_look:
            self._look(trainer, entry["step"])

    def _look(self, trainer, step):
        from toolkit.plots import LossCurveDisplay, SampleGridDisplay
        from toolkit.web._parts import figure_png

        begun = time.monotonic()
        with contextlib.suppress(ValueError, RuntimeError):  # weights that are no numbers: the training itself says so
            images = trainer.sample(_N_SHOWN, random_state=0)
            grid = SampleGridDisplay.from_predictions(images, n_columns=9, scale=self.scale, title=f"step {step:,}")
            self.say("grid", (step, figure_png(grid)))
        if self.history:
            self.say("losses", (step, figure_png(LossCurveDisplay.from_history(self.history, title=self.title))))
        took = time.monotonic() - begun
        self.next_look = time.monotonic() + max(_LOOK, _PATIENCE * took)


def _losses_of(entry):
    """Of an entry of a history what is drawn, and where."""
    return {key: value for key, value in entry.items() if key not in ("step", "seconds")}


class _Coverage:
    """An observer: which bins of the real images the samples reach, every so many steps; kept in a table."""

    def __init__(self, images, settings, path, say):
        from toolkit.coverage import CoverageMonitor, ModeCoverage

        coverage = ModeCoverage(random_state=settings.seed).fit(np.asarray(images[:_N_JUDGED]))
        self.n_bins, self.say = int(coverage.n_bins_), say
        self.monitor = CoverageMonitor(
            coverage, every=settings.coverage_every, n_samples=1000, patience=None, keep_best=False
        )
        self.seen, self.path = 0, path

    def resumed(self, trainer, step, history):
        """Go on with what was seen before this step."""
        import pandas as pd

        with only_shows(self.path.name):
            if self.path.exists():
                earlier = pd.read_csv(self.path)[list(self.monitor.frame().columns)]
                looks = earlier[earlier["step"] <= step].to_dict("records")  # later ones are seen again
                self.monitor.load_state_dict(self.monitor.state_dict() | {"looks": looks})
                self._show()

    def after_step(self, trainer, step):
        self.monitor.after_step(trainer, step)
        self._show()

    def __call__(self, trainer, entry):
        """Nothing but at steps."""

    def _show(self):
        frame = self.monitor.frame()
        if len(frame) > self.seen:
            self.seen = len(frame)
            self.say("coverage", (self.n_bins, frame))
            with only_shows(self.path.name):
                write_csv(self.path, frame)


def settings_of(folder: Path) -> tuple[Settings, str, int]:
    """What a training folder is a training of, to go on with it, on which data set, and of how many images.

    Raises
    ------
    ValueError
        Its record says nothing of that, or it is a training that is not made here.
    """
    try:
        record = json.loads((folder / "training.json").read_text(encoding="utf-8"))
        parameters, command = dict(record["parameters"]), str(record["command"])
        data, n_images = str(record["data"]), int(record["n_images"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"training.json in {folder.name} is no record of a training.") from error
    if command not in COMMANDS:
        raise ValueError(f"A training of {command!r} cannot be gone on with here: `toolkit train {command} --resume`.")
    lengths = {"max_seconds": "seconds", "max_steps": "steps", "epochs": "epochs"}
    numbers = {name: parameters[name] for name in lengths if isinstance(parameters.get(name), (int, float))}
    seed = parameters.get("random_state")
    if not numbers or not isinstance(seed, int):
        raise ValueError(
            f"The training in {folder.name} was not begun here: `toolkit train {command} --resume` goes on with it."
        )
    name, amount = next(iter(numbers.items()))
    preset, latent_dim = str(parameters.get("preset", "modern")), parameters.get("latent_dim")
    latent_dim = latent_dim if isinstance(latent_dim, int) else 2
    return Settings(command, preset, lengths[name], int(amount), latent_dim, 0, seed), data, n_images

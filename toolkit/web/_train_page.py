"""The page of trainings: choose a generator, watch it learn, stop it, go on with it, keep it."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from toolkit.web._parts import bind, figure_png, follow, picture, progress, said
from toolkit.web._paths import below_root, shown
from toolkit.web._source import SourcePicker, _whole
from toolkit.web._train_work import COMMANDS, Settings, settings_of
from toolkit.web._visits import Visits

__all__ = ["TrainPage"]

_NAMES = {
    "GAN": "gan",
    "Conditional GAN (labels on demand)": "cgan",
    "Flow (or diffusion model)": "flow",
    "Variational autoencoder": "vae",
    "Autoencoder": "autoencoder",
}
_LENGTHS = ("seconds", "steps", "epochs")
_LEAVES = 10.0  # seconds until a tab that was closed has been missed, and its training been asked to stop


class TrainPage:
    """Train a generator, and see it learn, or collapse, while it happens."""

    def __init__(self, gr: Any, root: Path, visits: Visits):
        from toolkit.generators import FLOW_PRESETS, GAN_PRESETS

        self.gr, self.root, self.visits = gr, root, visits
        self.presets = {"gan": list(GAN_PRESETS), "cgan": list(GAN_PRESETS), "flow": list(FLOW_PRESETS)}
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                with gr.Group():
                    self.kind = gr.Dropdown(list(_NAMES), value="GAN", label="Generator", elem_id="train-kind")
                    self.preset = gr.Dropdown(
                        self.presets["gan"], value="modern", label="Preset", elem_id="train-preset"
                    )
                    self.latent_dim = gr.Number(
                        2, label="Latent dimensions", precision=0, visible="hidden", elem_id="train-latent"
                    )
                    with gr.Row():
                        self.amount = gr.Number(60, label="Length", precision=0, elem_id="train-amount")
                        self.length = gr.Dropdown(list(_LENGTHS), value="seconds", label="in", elem_id="train-length")
                    self.every = gr.Number(
                        200,
                        label="Look at coverage every so many steps (0: never)",
                        precision=0,
                        elem_id="train-coverage",
                    )
                    self.seed = gr.Number(0, label="Seed", precision=0, elem_id="train-seed")
                    self.out = gr.Textbox(
                        "outputs/web/gan", label="Folder to fill, below the one that is served", elem_id="train-out"
                    )
                    self.overwrite = gr.Checkbox(False, label="In the place of what is there", elem_id="train-over")
                self.source = SourcePicker(gr, root, label="Learn from", name="train", n_images=2000)
                with gr.Row():
                    self.start = gr.Button("Train", variant="primary", min_width=120, elem_id="train-start")
                    self.stop = gr.Button("Stop", min_width=120, elem_id="train-stop")
                    self.resume = gr.Button("Resume", min_width=120, elem_id="train-resume")
                    self.keep = gr.Button("Keep as it is", min_width=120, elem_id="train-keep")
            with gr.Column(scale=2, min_width=320):
                self.status = gr.HTML(said("Choose what to train, and press Train."), elem_id="train-status")
                self.grid = gr.HTML("", elem_id="train-grid")
                self.losses = gr.HTML("", elem_id="train-losses")
                self.coverage = gr.HTML("", elem_id="train-bins")
        settings = [self.kind, self.preset, self.latent_dim, self.amount, self.length, self.every, self.seed, self.out]
        outputs = [self.status, self.grid, self.losses, self.coverage]
        inputs = [*settings, self.overwrite, *self.source.inputs]
        bind(
            gr,
            self.kind.input,
            self.choose,
            [self.kind, self.out],
            [self.status, self.preset, self.latent_dim, self.amount, self.length, self.out],
        )
        bind(gr, self.start.click, self.train, inputs, outputs)
        follows = [*outputs, *settings[:5], self.seed, self.source.set, self.source.n_images]
        bind(gr, self.resume.click, self.go_on, inputs, follows)
        bind(gr, self.stop.click, self.halt, [], [self.status])
        bind(gr, self.keep.click, self.finish, [], [self.status])

    def choose(self, request, kind, out):
        """What can be set of this generator, and what is usual."""
        gr, command = self.gr, _NAMES[kind]
        coder = command in ("vae", "autoencoder")
        usual = Path(str(out)).name in COMMANDS
        return {
            self.preset: gr.update(visible="hidden")
            if coder
            else gr.update(visible=True, choices=self.presets[command], value="modern"),
            self.latent_dim: gr.update(visible=True if coder else "hidden"),
            self.amount: 30 if coder else 60,
            self.length: "epochs" if coder else "seconds",
            self.out: str(Path(str(out)).with_name(command)) if usual else gr.update(),
        }

    def train(self, request, *values):
        """Train from the start."""
        yield from self._train(request, values, resume=False)

    def go_on(self, request, *values):
        """Go on from the last checkpoint, of what the folder is a training of: the form follows it."""
        kind, _, _, amount, length, *_, out = values[:8]
        place = below_root(self.root, out, exists=False)
        if not (place / "training.json").is_file():
            raise ValueError(f"There is no training in {shown(self.root, place)} to go on with: Train begins one.")
        there, data, n_images = settings_of(place)
        if (length, _NAMES.get(kind)) == (there.length, there.command) and isinstance(amount, (int, float)):
            there = replace(there, amount=max(there.amount, int(amount)))  # it may become longer
        where, chosen, *files, _ = values[9:]
        chosen = self.source.set_named(data) or chosen
        values, shows = self._with_settings((*values[:9], where, chosen, *files, n_images), there)
        shows |= {self.source.n_images: n_images, self.source.set: chosen}
        yield from self._train(request, values, resume=True, shows=shows)

    def _with_settings(self, values, there):
        """The values of the form as those of a training, and what the form then shows."""
        gr, coder = self.gr, there.command in ("vae", "autoencoder")
        kind = next(words for words, command in _NAMES.items() if command == there.command)
        presets = self.presets.get(there.command, [there.preset])
        every, out = values[5], values[7]
        settings = (kind, there.preset, there.latent_dim, there.amount, there.length, every, there.seed, out)
        shows = {
            self.kind: kind,
            self.preset: gr.update(visible="hidden" if coder else True, choices=presets, value=there.preset),
            self.latent_dim: gr.update(visible=True if coder else "hidden", value=there.latent_dim),
            self.amount: there.amount,
            self.length: there.length,
            self.seed: there.seed,
        }
        return (*settings, *values[8:]), shows

    def halt(self, request):
        """Stop at a checkpoint."""
        job = self._job(request)
        job.stop()
        return {self.status: said("Stopping at a checkpoint. Resume goes on from it.")}

    def finish(self, request):
        """End the training here, and keep the model."""
        job = self._job(request)
        job.finish()
        return {self.status: said("The training ends here, and the model is kept.")}

    def _job(self, request):
        job = self.visits.of(request).jobs.get("train")
        if job is None or not job.running:
            raise ValueError("Nothing is trained here at the moment.")
        return job

    def _train(self, request, values, *, resume, shows=None):
        kind, preset, latent_dim, amount, length, every, seed, out, overwrite, *source = values
        visit = self.visits.of(request)
        command = _NAMES.get(kind)
        known = command is not None and preset in self.presets.get(command, [preset])
        if not known or length not in _LENGTHS:
            raise ValueError("Choose a generator, a preset and a unit of its length.")
        settings = Settings(
            command,
            preset,
            length,
            _whole("Length", amount, 1, 10**7),
            _whole("Latent dimensions", latent_dim, 1, 1024),
            _whole("Steps between looks at the coverage", every, 0, 10**7),
            _whole("Seed", seed, 0, 2**31),
        )
        settings.estimator()
        place = below_root(self.root, out, exists=False)
        if place == self.root:
            raise ValueError("Name a folder of its own for the training.")
        choice = self.source.choice(*source, seed=settings.seed)
        yield from self._wait_for_earlier(visit, place)
        job = self.visits.start(
            visit,
            "train",
            "toolkit.web._train_work:train",
            {
                "choice": choice,
                "settings": settings,
                "out": str(place),
                "resume": resume,
                "overwrite": bool(overwrite) and not resume,
            },
            fills=place,
        )
        yield shows or {self.grid: "", self.losses: "", self.coverage: ""}
        told: dict[str, Any] = {}
        for _ in follow(job):
            yield {self.status: progress(job)} | self._news(job, told)
        name = shown(self.root, place)
        news = self._news(job, told)
        if job.state == "done":
            yield {self.status: said(f"Trained and kept in {name}: the page Generate draws from it.")} | news
        elif job.state == "stopped":
            yield {self.status: said(f"Stopped. Resume goes on from the checkpoint in {name}.")} | news
        else:
            raise ValueError(job.error)

    def _wait_for_earlier(self, visit, place):
        """Let a training end that is about to: one that was stopped a moment ago, or whose tab was reloaded."""
        own, there = visit.jobs.get("train"), self.visits.filling(place)
        waits = [job for job in (own, there) if job is not None]
        end = time.monotonic() + _LEAVES
        # Whether the other tab is gone shows only after some seconds. One that stays is refused by the lock.
        while any(job.stopping or (job is not own and job.running and time.monotonic() < end) for job in waits):
            yield {self.status: said("Waiting for the training that is there to stop at a checkpoint.")}
            time.sleep(0.2)

    def _news(self, job, told):
        """What of the training has changed since it was last shown."""
        news = {}
        latest = dict(job.latest)
        for kind, component, words in (
            ("grid", self.grid, "the same latents, as drawn at step"),
            ("losses", self.losses, "losses, accuracies and gradient norms up to step"),
        ):
            if kind in latest and told.get(kind) != latest[kind][0]:
                step, content = latest[kind]
                told[kind] = step
                news[component] = picture(content, f"{words} {step:,}", name=kind)
        if "coverage" in latest and told.get("coverage") != len(latest["coverage"][1]):
            n_bins, frame = latest["coverage"]
            told["coverage"] = len(frame)
            news[self.coverage] = _coverage(n_bins, frame)
        return news


def _coverage(n_bins, frame):
    """Bins reached, and the divergence against what real images have among themselves."""
    from toolkit.plots import LossCurveDisplay

    last = frame.iloc[-1]
    names = {"js": "samples", "js_real": "real images among themselves"}
    history = [
        {"epoch": row["step"], **{words: row[name] for name, words in names.items()}} for _, row in frame.iterrows()
    ]
    display = LossCurveDisplay.from_history(history, ylabel="divergence (nats)", title="Coverage of the real images")
    display.plot()
    display.axes_[-1].set_xlabel("step")
    words = (
        f"At step {last['step']:,.0f} the samples reach {last['bins_reached']:.0f} of {n_bins} bins of the real "
        f"images; {last['bins_different']:.0f} hold another share of them than they should. "
        f"Divergence {last['js']:.3f} nats, of real images among themselves {last['js_real']:.3f}."
    )
    return said(words) + picture(figure_png(display), words, name="coverage")

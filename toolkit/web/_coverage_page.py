"""The page of coverage: which parts of real images do samples from anywhere reach?"""

from html import escape
from pathlib import Path
from typing import Any

from toolkit.web._models import model_names, named_model
from toolkit.web._parts import bind, findings, follow, picture, progress, said
from toolkit.web._source import SourcePicker, _whole
from toolkit.web._visits import Visits

__all__ = ["CoveragePage"]

_MODEL, _IMAGES = "A trained model", "Images"
_WORDS = {
    "dropped": "real images of the modes that the samples miss",
    "map": "a map of the real images and the samples",
    "samples": "some of the samples, not chosen",
}


class CoveragePage:
    """Real images against samples: verdict, missing modes, a map."""

    def __init__(self, gr: Any, root: Path, visits: Visits):
        self.gr, self.root, self.visits = gr, root, visits
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                self.real = SourcePicker(gr, root, label="Real images from", name="real", n_images=2000)
                self.what = gr.Radio([_MODEL, _IMAGES], value=_MODEL, label="Samples", elem_id="coverage-what")
                with gr.Group() as self.by_model:
                    self.model = gr.Dropdown(
                        model_names(root), label="Trained folder", allow_custom_value=True, elem_id="coverage-model"
                    )
                    self.look = gr.Button("Look for models", elem_id="coverage-look")
                    self.count = gr.Number(2000, label="Draw", precision=0, elem_id="coverage-count")
                with gr.Group(visible="hidden") as self.by_images:
                    self.samples = SourcePicker(gr, root, label="Samples from", name="samples", n_images=2000)
                self.view = gr.Checkbox(False, label="Draw the map, which takes longest", elem_id="coverage-map")
                self.seed = gr.Number(0, label="Seed", precision=0, elem_id="coverage-seed")
                with gr.Row():
                    self.start = gr.Button("Compare", variant="primary", elem_id="coverage-start")
                    self.stop = gr.Button("Cancel", elem_id="coverage-stop")
            with gr.Column(scale=2, min_width=320):
                self.status = gr.HTML(
                    said("Choose real images and samples, and press Compare."), elem_id="coverage-status"
                )
                self.found = gr.HTML("", elem_id="coverage-findings")
                self.figures = gr.HTML("", elem_id="coverage-figures")
                self.pictures = gr.HTML("", elem_id="coverage-pictures")
                self.report = gr.DownloadButton("report.html", interactive=False, elem_id="coverage-report")
        bind(gr, self.what.input, self.choose, [self.what], [self.status, self.by_model, self.by_images])
        bind(gr, self.look.click, self.search, [], [self.status, self.model])
        bind(
            gr,
            self.start.click,
            self.run,
            [self.what, self.model, self.count, self.view, self.seed, *self.real.inputs, *self.samples.inputs],
            [self.status, self.found, self.figures, self.pictures, self.report],
        )
        bind(gr, self.stop.click, self.cancel, [], [self.status])

    def choose(self, request, what):
        """Samples of a model, or images from anywhere."""
        gr = self.gr
        return {
            self.by_model: gr.update(visible=True if what == _MODEL else "hidden"),
            self.by_images: gr.update(visible=True if what == _IMAGES else "hidden"),
        }

    def search(self, request):
        """The models that there are by now."""
        names = model_names(self.root)
        return {self.model: self.gr.update(choices=names, value=names[0] if names else None)}

    def run(self, request, what, model, count, view, seed, *sources):
        """Compare."""
        visit, gr = self.visits.of(request), self.gr
        seed = _whole("Seed", seed, 0, 2**31)
        n = len(sources) // 2
        place = visit.place("coverage")
        if what == _MODEL:
            samples, model = None, str(named_model(self.root, model))
        else:
            samples, model = self.samples.choice(*sources[n:], seed=seed + 1), ""
        arguments = {
            "real": self.real.choice(*sources[:n], seed=seed),
            "samples": samples,
            "model": model,
            "root": str(self.root),
            "n_samples": _whole("Draw", count, 100, 100_000),
            "with_map": bool(view),
            "seed": seed,
            "out": str(place),
        }
        job = self.visits.start(visit, "coverage", "toolkit.web._coverage_work:cover", arguments)
        yield {self.found: "", self.figures: "", self.pictures: "", self.report: gr.update(interactive=False)}
        for _ in follow(job):
            yield {self.status: progress(job)}
        if job.state != "done":
            raise ValueError(job.error)
        found = job.result
        pictures = "".join(
            f"<h4>{escape(words.capitalize())}</h4>{picture(found['pictures'][name], words, name=name)}"
            for name, words in _WORDS.items()
            if name in found["pictures"]
        )
        yield {
            self.status: said("Compared."),
            self.found: findings(found["findings"]),
            self.figures: _table(found["figures"]),
            self.pictures: pictures,
            self.report: gr.update(value=str(place / "coverage" / "report.html"), interactive=True),
        }

    def cancel(self, request):
        """Stop a comparison."""
        job = self.visits.of(request).jobs.get("coverage")
        if job is None or not job.running:
            return {self.status: said("Nothing is at work here.")}
        job.stop(grace=3.0)
        return {self.status: said("Stopping.")}


def _table(frame):
    """The figures of coverage beside what real images have."""
    from toolkit.coverage import COVERAGE_METRICS

    rows = "".join(
        f"<tr><th scope='row'>{escape(COVERAGE_METRICS[name].words)}</th>"
        f"<td>{value:.3f}</td><td>{expected:.3f}</td></tr>"
        for name, value, expected in frame[["metric", "value", "expected"]].itertuples(index=False)
    )
    head = "<tr><th scope='col'>figure</th><th scope='col'>samples</th><th scope='col'>of real images</th></tr>"
    return f"<table class='figures'>{head}{rows}</table>"

"""The page of learned arithmetic: teach a model, ask it, and see where it looked."""

import json
import re
from html import escape
from pathlib import Path
from typing import Any

from toolkit.web._models import load_model, model_names, named_model
from toolkit.web._parts import bind, figure_png, findings, follow, picture, progress, said
from toolkit.web._paths import below_root, shown
from toolkit.web._source import _whole
from toolkit.web._visits import Visits

__all__ = ["ArithmeticPage"]

_SIDES = ("text", "image")


class ArithmeticPage:
    """Type a query, or let it be drawn in somebody's hand."""

    def __init__(self, gr: Any, root: Path, visits: Visits):
        self.gr, self.root, self.visits = gr, root, visits
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                with gr.Group():
                    self.source = gr.Radio(
                        list(_SIDES), value="text", label="What goes in", elem_id="arithmetic-source"
                    )
                    self.target = gr.Radio(
                        list(_SIDES), value="text", label="What comes out", elem_id="arithmetic-target"
                    )
                    self.digits = gr.Slider(1, 3, 2, step=1, label="Digits of a number", elem_id="arithmetic-digits")
                    self.steps = gr.Number(2000, label="Steps", precision=0, elem_id="arithmetic-steps")
                    self.seed = gr.Number(0, label="Seed", precision=0, elem_id="arithmetic-seed")
                    self.out = gr.Textbox(
                        "outputs/web/arithmetic",
                        label="Folder to fill, below the one that is served",
                        elem_id="arithmetic-out",
                    )
                with gr.Row():
                    self.start = gr.Button("Teach", elem_id="arithmetic-start")
                    self.stop = gr.Button("Cancel", elem_id="arithmetic-stop")
                self.found = gr.HTML("", elem_id="arithmetic-findings")
            with gr.Column(scale=2, min_width=320):
                with gr.Row():
                    self.name = gr.Dropdown(
                        model_names(root, arithmetic=True),
                        label="Model",
                        allow_custom_value=True,
                        elem_id="arithmetic-model",
                    )
                    self.look = gr.Button("Look for models", min_width=120, elem_id="arithmetic-look")
                with gr.Row():
                    self.query = gr.Textbox("45+23", label="Query", max_length=20, elem_id="arithmetic-query")
                    self.hand = gr.Number(
                        0, label="Whose hand, of drawn queries", precision=0, elem_id="arithmetic-hand"
                    )
                    self.ask = gr.Button("Ask", variant="primary", min_width=120, elem_id="arithmetic-ask")
                self.status = gr.HTML(said("Teach a model or choose one, and ask it."), elem_id="arithmetic-status")
                self.answer = gr.HTML("", elem_id="arithmetic-answer")
        teaching = [self.source, self.target, self.digits, self.steps, self.seed, self.out]
        bind(gr, self.start.click, self.teach, teaching, [self.status, self.found, self.name])
        bind(gr, self.stop.click, self.cancel, [], [self.status])
        bind(gr, self.look.click, self.search, [], [self.status, self.name])
        asking = [self.name, self.query, self.hand]
        for event in (self.ask.click, self.query.submit):
            bind(gr, event, self.reply, asking, [self.status, self.answer])

    def teach(self, request, source, target, digits, steps, seed, out):
        """Teach a model."""
        visit = self.visits.of(request)
        if source not in _SIDES or target not in _SIDES:
            raise ValueError("Text or image goes in, and text or image comes out.")
        place = below_root(self.root, out, exists=False)
        if place == self.root:
            raise ValueError("Name a folder of its own.")
        arguments = {
            "source": source,
            "target": target,
            "n_digits": _whole("Digits", digits, 1, 3),
            "steps": _whole("Steps", steps, 1, 10**6),
            "seed": _whole("Seed", seed, 0, 2**31),
            "out": str(place),
        }
        job = self.visits.start(visit, "arithmetic", "toolkit.web._arithmetic_work:teach", arguments)
        for _ in follow(job):
            yield {self.status: progress(job)}
        if job.state != "done":
            raise ValueError(job.error)
        name = shown(self.root, place)
        names = model_names(self.root, arithmetic=True)
        yield {
            self.status: said(f"Taught, and kept in {name}."),
            self.found: findings(job.result["findings"]),
            self.name: self.gr.update(choices=names, value=name),
        }

    def cancel(self, request):
        """Stop teaching."""
        job = self.visits.of(request).jobs.get("arithmetic")
        if job is None or not job.running:
            return {self.status: said("Nothing is at work here.")}
        job.stop(grace=3.0)
        return {self.status: said("Stopping.")}

    def search(self, request):
        """The models that there are by now."""
        names = model_names(self.root, arithmetic=True)
        return {self.name: self.gr.update(choices=names, value=names[0] if names else None)}

    def reply(self, request, name, query, hand):
        """Ask the model."""
        from toolkit.plots import AttentionDisplay, QueryPageDisplay
        from toolkit.studies import ask_arithmetic

        visit = self.visits.of(request)
        settings = _settings(named_model(self.root, name, "Teach makes one"))
        model = load_model(visit, self.root, name, ("predict", "answer_probability", "attention_weights"))
        query = _query(query, settings)
        asked, answer, text = ask_arithmetic(
            model, query, digits=settings.get("digits") or "digits", seed=_whole("Whose hand", hand, 0, 2**31)
        )
        first, sign, second = re.fullmatch(r"(\d+)([+-])(\d+)", query).groups()
        truth = str(int(first) + int(second) if sign == "+" else int(first) - int(second))
        parts = []
        if text is not None:
            sure = float(model.answer_probability(asked)[0])
            right = "right" if text == truth else f"not right: {truth}"
            parts.append(f'<p class="answer">{escape(query)} = {escape(text)}</p>')
            parts.append(said(f"The model gives its answer a probability of {sure:.2f}, and it is {right}."))
        if "image" in (model.source, model.target):
            page = QueryPageDisplay.from_predictions(asked, answer, [truth], read=[text or truth])
            parts.append(picture(figure_png(page), f"the query {query} and its answer as pictures", name="asked"))
        if model.attention and text is not None:
            weights = AttentionDisplay.from_predictions(
                model.attention_weights(asked), [query], [_in_order(model, text)], title="Where it looked"
            )
            parts.append(
                picture(figure_png(weights), "which characters each part of the answer looked at", name="attention")
            )
        return {self.status: said("Answered."), self.answer: "".join(parts)}


def _in_order(model, text):
    return text if model.reverse_target else text.ljust(model.target_length_)


def _settings(folder):
    """What a model was taught, as its study wrote down."""
    try:
        return dict(json.loads((folder / "summary.json").read_text(encoding="utf-8"))["settings"])
    except (OSError, ValueError, LookupError, TypeError):
        raise ValueError("That folder holds no study of arithmetic.") from None


def _query(text, settings):
    n_digits, operations = int(settings["n_digits"]), str(settings["operations"])
    found = re.fullmatch(rf"(\d{{1,{n_digits}}})([+-])(\d{{1,{n_digits}}})", "".join(str(text).split()), flags=re.ASCII)
    if found is None or found[2] not in operations:
        raise ValueError(
            f"A query has one sign of {operations} between numbers of up to {n_digits} "
            f"digit{'s' if n_digits > 1 else ''}, as in 4+3."
        )
    return found[0]

"""The page of generators: draw, digits on demand, ways between them, the latent plane, walks, strategies."""

from pathlib import Path
from typing import Any

import numpy as np

from toolkit.web._models import load_model, model_names
from toolkit.web._parts import as_pil, bind, figure_png, image_png, picture, said, thumbnails
from toolkit.web._reading import Choice, read_images
from toolkit.web._source import _whole, usable_sets
from toolkit.web._visits import Visits

__all__ = ["GeneratePage"]

_MOST = 400  # images at a time
_STEPS = 24  # of a way
_SIDE = 20  # cells of the latent plane along a side
_N_START = 500  # images that strategies start from


class GeneratePage:
    """Draw from a model that was trained here or by ``toolkit train``."""

    def __init__(self, gr: Any, root: Path, visits: Visits):
        self.gr, self.root, self.visits = gr, root, visits
        with gr.Row():
            self.name = gr.Dropdown(
                model_names(root), label="Trained folder", allow_custom_value=True, scale=3, elem_id="generate-model"
            )
            self.look = gr.Button("Look for models", scale=1, min_width=120, elem_id="generate-look")
            self.open = gr.Button("Open", variant="primary", scale=1, min_width=120, elem_id="generate-open")
        self.status = gr.HTML(said("Choose a folder, and press Open."), elem_id="generate-status")
        with gr.Row():
            with gr.Column(scale=1, min_width=280):
                with gr.Row():
                    self.count = gr.Number(36, label="How many", precision=0, elem_id="generate-count")
                    self.seed = gr.Number(0, label="Seed", precision=0, elem_id="generate-seed")
                self.draw = gr.Button("Draw", elem_id="generate-draw")
                with gr.Group(visible="hidden") as self.labelled:
                    self.label = gr.Radio([], label="Only this label", elem_id="generate-label")
                with gr.Group():
                    with gr.Row():
                        self.start = gr.Dropdown(
                            ["0"],
                            value="0",
                            label="From",
                            allow_custom_value=True,
                            min_width=80,
                            elem_id="generate-from",
                        )
                        self.end = gr.Dropdown(
                            ["1"], value="1", label="To", allow_custom_value=True, min_width=80, elem_id="generate-to"
                        )
                    self.way = gr.Slider(0, _STEPS - 1, 0, step=1, label="On the way", elem_id="generate-way")
                    self.film = gr.Button("Make a GIF of it", elem_id="generate-film")
                    self.gif = gr.DownloadButton("Take the GIF home", interactive=False, elem_id="generate-gif")
                self.walks = gr.Button("Walks along the latent directions", elem_id="generate-walks")
                self.ways = gr.Button("Sampling strategies side by side", elem_id="generate-ways")
                self.data = gr.Dropdown(
                    usable_sets(), value="digits", label="Images to start from, for both", elem_id="generate-data"
                )
            with gr.Column(scale=2, min_width=320):
                self.result = gr.HTML("", elem_id="generate-result")
                self.moving = gr.HTML("", elem_id="generate-moving")
                with gr.Group(visible="hidden") as self.planar:
                    gr.HTML(said("The latent plane: press a place to see what is there."))
                    self.plane = gr.Image(
                        label="The latent plane",
                        show_label=False,
                        format="png",
                        interactive=False,
                        buttons=[],
                        elem_id="generate-plane",
                    )
                    with gr.Row():
                        self.first = gr.Slider(-3, 3, 0, step=0.05, label="first", elem_id="generate-first")
                        self.second = gr.Slider(-3, 3, 0, step=0.05, label="second", elem_id="generate-second")
                    self.there = gr.HTML("", elem_id="generate-there")
        drawing = [self.name, self.count, self.seed]
        between = [self.name, self.start, self.end, self.way, self.seed]
        bind(gr, self.look.click, self.search, [], [self.status, self.name])
        bind(
            gr,
            self.open.click,
            self.show,
            drawing,
            [
                self.status,
                self.result,
                self.moving,
                self.labelled,
                self.label,
                self.start,
                self.end,
                self.planar,
                self.plane,
                self.there,
                self.gif,
            ],
        )
        bind(gr, self.draw.click, self.sample, drawing, [self.status, self.result])
        bind(gr, self.label.input, self.one_label, [*drawing, self.label], [self.status, self.result])
        for control in (self.start, self.end, self.way):
            bind(gr, control.input, self.between, between, [self.status, self.moving])
        bind(gr, self.film.click, self.animate, between, [self.status, self.moving, self.gif])
        bind(
            gr,
            self.plane.select,
            self.press,
            [self.name],
            [self.status, self.there, self.first, self.second],
            selects=True,
        )
        for control in (self.first, self.second):
            bind(gr, control.input, self.place, [self.name, self.first, self.second], [self.status, self.there])
        bind(gr, self.walks.click, self.walk, [self.name, self.data], [self.status, self.result])
        bind(gr, self.ways.click, self.strategies, [self.name, self.data, self.seed], [self.status, self.result])

    def search(self, request):
        """The models that there are by now."""
        names = model_names(self.root)
        found = f"{len(names)} trained models below the folder that is served."
        return {self.status: said(found), self.name: self.gr.update(choices=names, value=names[0] if names else None)}

    def show(self, request, name, count, seed):
        """Open a model, and show what it draws."""
        gr, model = self.gr, self._model(request, name)
        labels = [str(label) for label in getattr(model, "classes_", [])]
        has_plane = _latent_dim(model) == 2 and hasattr(model, "inverse_transform")
        answer = {
            self.status: said(f"{_what(model)} with {_latent_dim(model)} latent dimensions."),
            self.result: self._grid(model, _whole("How many", count, 1, _MOST), _whole("Seed", seed, 0, 2**31)),
            self.moving: "",
            self.there: "",
            self.gif: gr.update(interactive=False, value=None),
            self.labelled: gr.update(visible=True if labels else "hidden"),
            self.label: gr.update(choices=labels, value=None),
            self.planar: gr.update(visible=True if has_plane else "hidden"),
        }
        ends = labels or [str(number) for number in range(10)]
        of = "" if labels else " the latents of seed"
        answer |= {
            self.start: gr.update(choices=ends, value=ends[0], label=f"From{of}"),
            self.end: gr.update(choices=ends, value=ends[1], label=f"To{of}"),
        }
        if has_plane:
            answer[self.plane] = _plane(model)
        return answer

    def sample(self, request, name, count, seed):
        """Draw as the model likes."""
        model = self._model(request, name)
        return {self.result: self._grid(model, _whole("How many", count, 1, _MOST), _whole("Seed", seed, 0, 2**31))}

    def one_label(self, request, name, count, seed, label):
        """Draw what was asked for."""
        from toolkit.plots import SampleGridDisplay

        model = self._model(request, name)
        count, seed = _whole("How many", count, 1, _MOST), _whole("Seed", seed, 0, 2**31)
        label = _label(model, label)
        images = model.sample(count, y=np.array([label] * count), random_state=seed)
        grid = SampleGridDisplay.from_predictions(images, scale=model.pixel_scale_, image_shape=model.image_shape_)
        return {self.result: picture(figure_png(grid), f"{count} images of the label {label}", name="grid")}

    def between(self, request, name, start, end, step, seed):
        """A place on the way from one to another."""
        model = self._model(request, name)
        images = self._way(model, start, end, seed)
        step = _whole("On the way", step, 0, _STEPS - 1)
        words = f"{100 * step / (_STEPS - 1):.0f} % of the way from {start} to {end}"
        return {self.moving: picture(_one(model, images[step]), words, name="pixels")}

    def animate(self, request, name, start, end, step, seed):
        """The whole way as a GIF."""
        from toolkit.plots import AnimationDisplay

        visit, model = self.visits.of(request), self._model(request, name)
        film = AnimationDisplay.from_predictions(
            self._way(model, start, end, seed), scale=model.pixel_scale_, image_shape=model.image_shape_, bounce=True
        )
        content = film.to_gif()
        path = visit.place("film") / "way.gif"
        path.write_bytes(content)
        return {
            self.moving: picture(content, f"the way from {start} to {end}, and back", kind="gif", name="film"),
            self.gif: self.gr.update(value=str(path), interactive=True),
        }

    def press(self, request, selected, name):
        """What is at the place that was pressed in the latent plane."""
        model = self._model(request, name)
        display, (width, height) = _cells(model)
        x, y = (float(value) for value in selected.index)
        if not (0 <= x < width and 0 <= y < height):
            raise ValueError("That place is not in the plane.")
        # Lines of the plane part the density into equal shares, so places between them are read off its edges.
        first = float(np.interp(x / width * _SIDE - 0.5, np.arange(_SIDE), display.first))
        second = float(np.interp(y / height * _SIDE - 0.5, np.arange(_SIDE), display.second))
        shown = [round(min(3.0, max(-3.0, value)), 2) for value in (first, second)]
        return self._at(model, first, second) | {self.first: shown[0], self.second: shown[1]}

    def place(self, request, name, first, second):
        """What is at a place given in numbers."""
        return self._at(self._model(request, name), float(first), float(second))

    def walk(self, request, name, data):
        """Along the directions in which real images spread most; of a GAN, ways between latents."""
        from toolkit.generators import latent_walks
        from toolkit.plots import SampleGridDisplay

        model = self._model(request, name)
        if hasattr(model, "transform"):
            images, shares = latent_walks(model, self._images(data), n_directions=6, n_steps=11)
            words = "walks along the widest latent directions, " + ", ".join(f"{share:.0%}" for share in shares)
            rows, n_columns = np.concatenate(list(images)), 11
        else:
            words, n_columns = "ways from one latent to another, a row each", 11
            pairs = [(2 * row, 2 * row + 1) for row in range(5)]
            if hasattr(model, "classes_"):
                labels = model.classes_
                rows = [model.interpolate(labels[0], labels[0], 11, start=a, end=b) for a, b in pairs]
            else:
                rows = [model.interpolate(a, b, 11) for a, b in pairs]
            rows = np.concatenate(rows)
        grid = SampleGridDisplay.from_predictions(
            rows, n_columns=n_columns, scale=model.pixel_scale_, image_shape=model.image_shape_
        )
        return {self.status: said(words[0].upper() + words[1:] + "."), self.result: picture(figure_png(grid), words)}

    def strategies(self, request, name, data, seed):
        """The same model, sampled in each of the ways that it allows."""
        from toolkit.generators import LATENT_WAYS, decode_latents, draw_latents
        from toolkit.plots import SampleRowsDisplay

        model, seed = self._model(request, name), _whole("Seed", seed, 0, 2**31)
        X = self._images(data) if hasattr(model, "transform") else None
        if hasattr(model, "classes_"):
            raise ValueError("A conditional GAN draws by its labels: press one of them.")
        ways = [way for way in LATENT_WAYS if X is not None or way in ("prior", "truncated_prior")]
        rows = {
            way.replace("_", " "): decode_latents(model, draw_latents(model, 12, way=way, X=X, random_state=seed))
            for way in ways
        }
        display = SampleRowsDisplay.from_predictions(rows, scale=model.pixel_scale_, image_shape=model.image_shape_)
        return {self.result: picture(figure_png(display), f"samples in {len(rows)} ways, a row each", name="ways")}

    def _model(self, request, name):
        return load_model(self.visits.of(request), self.root, name, ("sample", "pixel_scale_"))

    def _images(self, data):
        if data not in usable_sets():
            raise ValueError("Choose one of the data sets.")
        return read_images(Choice("set", data, _N_START, self.root)).images

    def _grid(self, model, count, seed):
        from toolkit.plots import SampleGridDisplay

        grid = SampleGridDisplay.from_estimator(model, count, random_state=seed)
        return picture(figure_png(grid), f"{count} samples", name="grid")

    def _way(self, model, start, end, seed):
        seed = _whole("Seed", seed, 0, 2**31)
        if hasattr(model, "classes_"):
            return model.interpolate(_label(model, start), _label(model, end), _STEPS, random_state=seed)
        places = [_whole("From and To", _number(place), 0, 2**31) for place in (start, end)]
        if hasattr(model, "latents"):
            return model.interpolate(*places, _STEPS)
        first, last = (model.sample(1, random_state=place) for place in places)
        return model.interpolate(first, last, _STEPS).reshape(_STEPS, *first.shape[1:])

    def _at(self, model, first, second):
        if _latent_dim(model) != 2 or not hasattr(model, "inverse_transform"):
            raise ValueError("The latent space of this model is no plane.")
        if not (np.isfinite([first, second]).all() and abs(first) < 1e3 and abs(second) < 1e3):
            raise ValueError("A place in the plane has two numbers.")
        image = model.inverse_transform([[first, second]])[0]
        words = f"at {first:.2f}, {second:.2f}"
        return {self.there: thumbnails([_shaped(model, image)], [words], model.pixel_scale_)}


_NAMES = {
    "GAN": "A GAN",
    "ConditionalGAN": "A conditional GAN",
    "FlowMatching": "A flow",
    "Autoencoder": "An autoencoder",
    "VariationalAutoencoder": "A variational autoencoder",
}


def _what(model):
    return _NAMES.get(type(model).__name__, type(model).__name__)


def _latent_dim(model):
    return model.latent_dim_ if hasattr(model, "latent_dim_") else model.settings_["latent_dim"]


def _number(text):
    try:
        return int(str(text))
    except ValueError:
        raise ValueError("From and To are seeds of latents: whole numbers.") from None


def _label(model, text):
    """The label of a model that reads as ``text``."""
    for label in getattr(model, "classes_", np.array([])).tolist():
        if str(label) == str(text):
            return label
    raise ValueError(f"{text!r} is none of the labels of this model.")


def _shaped(model, image):
    return np.asarray(image).reshape(model.image_shape_)


def _one(model, image):
    return image_png(_shaped(model, image), model.pixel_scale_)


def _cells(model):
    """The latent plane as its display, and the size of its picture in pixels, width first."""
    from toolkit.plots import LatentGridDisplay

    display = LatentGridDisplay.from_estimator(model, n_per_side=_SIDE)
    height, width = display.images.shape[2:4]
    return display, (_SIDE * width, _SIDE * height)


def _plane(model):
    """The plane as one picture, cell by cell, without axes: a press on it is a place in it."""
    display, _ = _cells(model)
    sheet = np.moveaxis(display.images, 2, 1)
    n_rows, height, n_columns, width = sheet.shape[:4]
    sheet = sheet.reshape(n_rows * height, n_columns * width, *sheet.shape[4:])
    return as_pil(np.rint(255 * np.clip(sheet, 0, 1)).astype(np.uint8))

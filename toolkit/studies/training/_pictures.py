"""The pictures that a training folder ends with, by kind of generator: what it learnt, and the ways between."""

from __future__ import annotations

__all__ = ["CLASS_PICTURES", "CODER_PICTURES", "GAN_PICTURES", "training_pictures"]

_COLUMNS, _MOST_CLASSES = 12, 20


def _samples(model, found):
    """A hundred samples."""
    from toolkit.plots import SampleGridDisplay

    return SampleGridDisplay.from_estimator(model, 100, random_state=0, title="Samples")


def _reconstructions(model, found):
    """Twenty images and what became of them."""
    from toolkit.plots import ReconstructionDisplay

    return ReconstructionDisplay.from_estimator(model, found.images, title="Reconstructions")


def _latent_points(model, found):
    """Where the images lie; labels, where there are any, only colour them."""
    from toolkit.plots import LatentDisplay

    few = found.labels is not None and len(set(found.labels.tolist())) <= 62
    return LatentDisplay.from_estimator(model, found.images, found.labels if few else None, title="Latent space")


def _latent_grid(model, found):
    """What places in the latent space decode to, if it has two dimensions."""
    from toolkit.plots import LatentGridDisplay

    if model.latent_dim_ != 2:
        return None
    return LatentGridDisplay.from_estimator(model, title="What the latent space decodes to")


# What a trained autoencoder shows of itself, variational or not.
CODER_PICTURES = {
    "samples.png": _samples,
    "reconstructions.png": _reconstructions,
    "latent.png": _latent_points,
    "manifold.png": _latent_grid,
}


def _gan_ways(model, found):
    """Ways between latents, a row each."""
    import numpy as np

    from toolkit.plots import SampleGridDisplay

    rows = np.concatenate([model.interpolate(2 * row, 2 * row + 1, 12) for row in range(5)])
    return SampleGridDisplay.from_predictions(
        rows, n_columns=12, scale=model.pixel_scale_, title="From one latent to another"
    )


def _categories(model, found):
    """Ten draws of each category, a row each; None where there are none."""
    import numpy as np

    from toolkit.plots import SampleGridDisplay

    n_categories = model.settings_["n_categories"]
    if not n_categories:
        return None
    rows = np.concatenate([model.sample(10, category=place, random_state=0) for place in range(n_categories)])
    return SampleGridDisplay.from_predictions(
        rows, n_columns=10, scale=model.pixel_scale_, title="Categories, a row each"
    )


def _class_samples(model, found):
    """A row for each class; down a column the latent is the same."""
    from toolkit.plots import SampleRowsDisplay

    images = model.class_grid(_COLUMNS, random_state=0)
    rows = {str(label): images[row * _COLUMNS :][:_COLUMNS] for row, label in enumerate(model.classes_[:_MOST_CLASSES])}
    return SampleRowsDisplay.from_predictions(rows, scale=model.pixel_scale_, title="The same latents under each label")


def _class_ways(model, found):
    """From each class to the next, the latent unchanged."""
    import numpy as np

    from toolkit.plots import SampleRowsDisplay

    pairs = list(zip(model.classes_, np.roll(model.classes_, -1)))[:_MOST_CLASSES]
    rows = {f"{a} to {b}": model.interpolate(a, b, _COLUMNS, start=row) for row, (a, b) in enumerate(pairs)}
    return SampleRowsDisplay.from_predictions(rows, scale=model.pixel_scale_, title="From each label to the next")


def _class_growth(model, found):
    """The same latents and labels, epoch after epoch."""
    import numpy as np

    from toolkit.plots import AnimationDisplay

    frames = list(model.snapshots_.values())
    return AnimationDisplay.from_predictions(
        np.concatenate(frames),
        n_images=len(frames[0]),
        n_columns=len(frames[0]) // 5,
        scale=model.pixel_scale_,
        seconds=0.8,
    )


GAN_PICTURES = {"samples.png": _samples, "interpolation.png": _gan_ways, "categories.png": _categories}
CLASS_PICTURES = {"samples.png": _class_samples, "interpolation.png": _class_ways, "growth.gif": _class_growth}

_PICTURES = {
    "autoencoder": CODER_PICTURES,
    "cgan": CLASS_PICTURES,
    "flow": {"samples.png": _samples},
    "gan": GAN_PICTURES,
    "vae": CODER_PICTURES,
}


def training_pictures(command: str) -> dict:
    """File names to functions that draw, as :func:`train_into_folder` takes them.

    Parameters
    ----------
    command : {"autoencoder", "cgan", "flow", "gan", "vae"}

    Returns
    -------
    dict of str to callable

    Examples
    --------
    >>> list(training_pictures("gan"))
    ['samples.png', 'interpolation.png', 'categories.png']
    """
    from toolkit._core.names import lookup

    return dict(lookup(_PICTURES, command, "kind of training"))

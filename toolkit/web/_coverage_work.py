"""Samples held against real images, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from toolkit.web._models import model_folder
from toolkit.web._paths import below_root
from toolkit.web._reading import Choice, read_images

__all__ = ["cover"]


def cover(
    *,
    real: Choice,
    samples: Choice | None,
    model: str,
    root: str,
    n_samples: int,
    with_map: bool,
    seed: int,
    out: str,
    say: Callable[[str, object], None],
    progress: Callable[[str, float], object],
    should_stop: Callable[[], bool],
) -> dict[str, Any]:
    """Hold a choice of samples, or what a model draws, against a choice of real images; the result goes to ``out``."""
    import toolkit
    from toolkit._core.images import as_stack
    from toolkit.studies import run_coverage
    from toolkit.web._parts import png

    progress("reading images", 0.0)
    given = read_images(real)
    if samples is None:
        folder = model_folder(below_root(Path(root), model))
        generator = toolkit.load(folder)
        if not hasattr(generator, "sample"):
            raise ValueError(f"A {type(generator).__name__} cannot be drawn from.")
        progress("drawing samples", 0.0)
        drawn = as_stack(generator.sample(n_samples, random_state=seed), getattr(generator, "image_shape_", None))
        title = Path(model).name
    else:
        drawn, title = read_images(samples).images, samples.title
    result = run_coverage(
        given.images,
        drawn,
        with_map=with_map,
        names=(real.title, title),
        paths=getattr(given, "paths", None),
        random_state=seed,
        progress=progress,
        should_stop=should_stop,
    )
    progress("writing the report", 1.0)
    result.write(Path(out) / "coverage")
    pictures = {name: png(figure) for name, figure in result.figures().items()}
    return {"findings": result.findings(), "figures": result.tables()["figures"], "pictures": pictures}

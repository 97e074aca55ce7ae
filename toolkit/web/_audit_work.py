"""An audit in a process of its own; its results go to a folder, where the page finds them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.web._reading import Choice, read_images

__all__ = ["audit"]


def audit(
    *,
    choice: Choice,
    quick: bool,
    planted: float,
    seed: int,
    out: str,
    say: Callable[[str, object], None],
    progress: Callable[[str, float], object],
    should_stop: Callable[[], bool],
) -> dict[str, Any]:
    """Audit the images of a choice, and write result, images and repaired images to ``out``."""
    from toolkit.corruption import Corruptor
    from toolkit.studies import run_audit

    progress("reading images", 0.0)
    found = read_images(choice)
    images, kinds, clean = found.images, found.kinds, None
    if planted:
        if kinds is not None:
            raise ValueError(f"{choice.title} holds its true kinds already, so it has been corrupted before.")
        clean = images
        images, kinds = Corruptor(fraction=planted, random_state=np.random.default_rng([seed, 1])).corrupt(images)
    result = run_audit(
        images,
        kinds_truth=kinds,
        clean=clean,
        detectors=(),
        quick=quick,
        random_state=seed,
        name=choice.title,
        paths=getattr(found, "paths", None),
        left_out=getattr(found, "skipped", None) if hasattr(found, "paths") else None,
        notes=getattr(found, "notes", ()),
        progress=progress,
        should_stop=should_stop,
    )
    progress("writing the report", 1.0)
    folder = Path(out)
    np.save(folder / "images.npy", result.images)
    np.save(folder / "repaired.npy", result.repaired)
    result.write(folder / "audit")
    return {
        "findings": result.findings(),
        "n_images": len(result),
        "per_image": result.per_image,
        "judgeable": result.judgeable,
    }

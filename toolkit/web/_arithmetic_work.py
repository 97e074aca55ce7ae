"""A model is taught to calculate, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["teach"]


def teach(
    *,
    source: str,
    target: str,
    n_digits: int,
    steps: int,
    seed: int,
    out: str,
    say: Callable[[str, object], None],
    progress: Callable[[str, float], object],
    should_stop: Callable[[], bool],
) -> dict[str, Any]:
    """Teach a model, and write the study to ``out``, as ``toolkit arithmetic`` does."""
    from toolkit.studies import reserve_result, run_arithmetic

    with reserve_result("arithmetic", out):
        result = run_arithmetic(
            source, target, n_digits=n_digits, steps=steps, seed=seed, progress=progress, should_stop=should_stop
        )
        result.write(out)
    return {"findings": result.findings()}

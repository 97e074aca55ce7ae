"""``toolkit audit`` of sets that are read in parts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

__all__ = ["AuditedParts", "is_in_parts"]

ONE = "one"  # part after the other


def is_in_parts(data: str | None, engine: str | None) -> bool:
    """Whether an audit is made in parts: asked for by an engine, or by what is audited."""
    if engine is not None:
        return True
    if data is None:
        return False
    from toolkit.datasets import is_sharded

    return is_sharded(data)


_DUPLICATES: dict[str, bool | str] = {"near": True, "exact": "exact", "none": False}


@dataclass(frozen=True)
class AuditedParts:
    """The options of ``toolkit audit`` that are for parts."""

    data: str | None
    out: Path
    engine: str | None
    scheduler: str | None
    image_size: int | None
    seed: int
    jobs: int | None
    quick: bool
    quiet: bool
    duplicates: str | None = None
    repaired: bool = True

    def audit(self, model: Path | None, others: dict[str, Any]) -> None:
        """Audit in parts; options that have no part in it are mistakes in use."""
        from toolkit.cli._audit import _load_auditor
        from toolkit.cli._outcome import carry_out
        from toolkit.datasets import open_images
        from toolkit.studies import run_partitioned_audit

        if self.data is None:
            raise typer.BadParameter("is for images named by --data.", param_hint="--engine")
        for option, value in others.items():
            if value is not None:
                raise typer.BadParameter("is not for audits in parts (--engine, zarr, shards).", param_hint=option)
        names = (ONE, "threads", "dask", "ray")
        if self.engine is not None and self.engine not in names:
            raise typer.BadParameter(f"{self.engine!r} is none of {', '.join(names)}.", param_hint="--engine")
        if self.scheduler is not None and self.engine not in ("dask", "ray"):
            raise typer.BadParameter("is for --engine dask or ray.", param_hint="--scheduler")
        if self.duplicates not in (None, *_DUPLICATES):
            raise typer.BadParameter(
                f"{self.duplicates!r} is none of {', '.join(_DUPLICATES)}.", param_hint="--duplicates"
            )
        if self.jobs == 0:
            raise typer.BadParameter("0 jobs do nothing: 1 or more, or -1 for one a core.", param_hint="--jobs")

        def run():
            auditor = None if model is None else _load_auditor(model)
            return run_partitioned_audit(
                open_images(self.data, image_size=self.image_size),
                self.out,
                engine=None if self.engine == ONE else self.engine,
                scheduler=self.scheduler,
                n_jobs=self.jobs,
                quick=self.quick,
                auditor=auditor,
                keep_repaired=self.repaired,
                duplicates=_DUPLICATES[self.duplicates or "near"],
                random_state=self.seed,
                verbose=not self.quiet,
            )

        carry_out("partitioned", self.out, run, quiet=self.quiet)

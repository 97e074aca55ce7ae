"""``toolkit study``: audit a data set, then see whether a generator learns all of it; one report."""

from pathlib import Path

import typer

from toolkit.cli import _options as options

__all__ = ["study"]


def study(
    data: options.Data = None,
    dataset: options.AuditedDataset = None,
    n_images: options.AuditedNImages = None,
    corrupt: options.Corrupt = None,
    image_size: options.ImageSize = None,
    seed: options.Seed = 0,
    jobs: options.Jobs = None,
    out: options.Out = Path("outputs/study"),
    quiet: options.Quiet = False,
):
    """Audit a set of images, repair it, and see whether a GAN learns all of what is then clean.

    Writes report.html and summary.json, and in audit/ and collapse/ what `toolkit audit` and `toolkit collapse --quick`
    write. No labels are used.
    """
    from toolkit.cli._outcome import carry_out
    from toolkit.cli._source import read_source
    from toolkit.studies import run_study, study_answer

    if jobs == 0:
        raise typer.BadParameter("0 jobs do nothing: 1 or more, or -1 for one a core.", param_hint="--jobs")

    def run():
        source = read_source(
            data=data,
            dataset=dataset,
            n_images=n_images,
            corrupt=corrupt,
            seed=seed,
            verbose=not quiet,
            image_size=image_size,
        )
        return run_study(
            source.images,
            random_state=seed,
            n_jobs=jobs,
            folder=out,
            verbose=not quiet,
            **source.known,
        )

    carry_out("study", out, run, quiet=quiet, say=study_answer)

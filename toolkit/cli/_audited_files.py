"""What ``toolkit audit`` does with the files of a folder beside auditing their images."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from toolkit._core.printable import printable
from toolkit.cli._source import FOLDER, is_folder

__all__ = ["AuditedFiles", "folder_of"]


def folder_of(data, dataset):
    """The folder or archive whose files are looked at; None of a file of arrays or a data set by name."""
    if data is None and dataset is not None and dataset.startswith(FOLDER):
        data = Path(dataset.removeprefix(FOLDER))
    return data if data is not None and is_folder(data) else None


@dataclass(frozen=True)
class AuditedFiles:
    """The options of ``toolkit audit`` that are on files."""

    against: Path | None
    write_clean: Path | None
    leave_out: str
    repair: str
    strip_metadata: bool
    dry_run: bool

    @property
    def left_out(self):
        """Names given to --leave-out."""
        return _names(self.leave_out)

    @property
    def repairs(self):
        """Names given to --repair."""
        names = _names(self.repair)
        return () if names == ("none",) else names

    def check(self, data, folder, out, *, networks, of_networks):
        """Refuse at once what cannot be done, or would touch what was given."""
        from toolkit.audit import LEFT_OUT, REPAIRS, check_clean_target

        corrupt, save_model = of_networks["--corrupt"], of_networks["--save-model"]

        given = {
            "--against": self.against is not None,
            "--write-clean": self.write_clean is not None,
            "--no-networks": not networks,
        }
        for option, asked in given.items():
            if asked and folder is None and data is not None and not data.exists():
                raise typer.BadParameter(f"{printable(data)}: no such folder.", param_hint="--data")
            if asked and folder is None:
                raise typer.BadParameter("is for a folder of pictures: name one by --data.", param_hint=option)
        for option, asked in (
            ("--dry-run", self.dry_run),
            ("--strip-metadata", self.strip_metadata),
            ("--leave-out", bool(self.leave_out)),
        ):
            if asked and self.write_clean is None:
                raise typer.BadParameter("says how --write-clean does it, which is missing.", param_hint=option)
        _check_names(self.left_out, LEFT_OUT, "--leave-out")
        _check_names(self.repairs, REPAIRS, "--repair")
        for option, value in of_networks.items():
            if value is not None and not networks:
                raise typer.BadParameter("is for networks, and --no-networks leaves them out.", param_hint=option)
        if folder is None:
            return
        for option, place in (("--out", out), ("--save-model", save_model)):
            if place is not None and folder.is_dir() and _within(place, folder):
                raise typer.BadParameter(
                    f"{printable(place)} lies within {printable(folder)}, of which nothing may change: name a folder "
                    "beside it.",
                    param_hint=option,
                )
        if self.write_clean is None:
            return
        if corrupt:
            raise typer.BadParameter(
                "a copy is made of the files as they are, without --corrupt.", param_hint="--write-clean"
            )
        if not folder.is_dir():
            raise typer.BadParameter(
                f"{printable(folder)} is an archive: a cleaned copy is made of a folder.", param_hint="--write-clean"
            )
        for option, place in (("--out", out), ("--save-model", save_model)):
            if place is not None and (_within(place, self.write_clean) or _within(self.write_clean, place)):
                raise typer.BadParameter(
                    f"{printable(self.write_clean)} and {option} {printable(place)} lie in one another: choose folders "
                    "side by side.",
                    param_hint="--write-clean",
                )
        check_clean_target(folder, self.write_clean)

    def look(self, folder, jobs, *, networks, quiet):
        """The result of looking at the files; with networks to come, their copy is made when these have spoken."""
        from toolkit.studies import run_folder

        cleaning = {} if networks else self._cleaning()
        result = run_folder(
            folder,
            against=self.against,
            networks=networks,
            n_jobs=-1 if jobs is None else jobs,
            verbose=not quiet,
            **cleaning,
        )
        if networks and not quiet:
            typer.echo(
                f"toolkit: {result.findings()[0]} Networks look at the images now (--no-networks: not).", err=True
            )
        return result

    def clean(self, result, *, quiet):
        """The result with a plan for its files, and with the cleaned copy, if one is wanted."""
        from toolkit.audit import plan_clean

        plan = plan_clean(
            result.files,
            leave_out=self.left_out,
            repairs=self.repairs,
            per_image=result.per_image,
            strip_metadata=self.strip_metadata,
        )
        result = replace(result, plan=plan)
        if self.write_clean is None:
            return result
        from toolkit.audit import apply_plan

        applied = apply_plan(
            result.plan,
            result.files.survey.root,
            self.write_clean,
            strip_metadata=self.strip_metadata,
            dry_run=self.dry_run,
            verbose=not quiet,
        )
        settings = result.settings | {"cleaned": printable(Path(self.write_clean).name), "dry_run": self.dry_run}
        return replace(result, applied=applied, settings=settings)

    def _cleaning(self):
        return {
            "write_clean": self.write_clean,
            "leave_out": self.left_out,
            "repairs": self.repairs,
            "strip_metadata": self.strip_metadata,
            "dry_run": self.dry_run,
        }


def _names(text):
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _check_names(names, valid, option):
    from toolkit._core.names import check_names

    try:
        if names:
            check_names(names, valid, "name")
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error


def _within(inner, outer):
    inner, outer = (Path(os.path.realpath(path)) for path in (inner, outer))
    return inner == outer or outer in inner.parents

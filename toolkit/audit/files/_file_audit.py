"""FileAudit: a row for every file of a folder, and what was found, in words and tables."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from toolkit._core.printable import printable
from toolkit.audit._duplicates import Duplicates
from toolkit.audit._everyday_findings import EverydayFindings
from toolkit.audit._everyday_table import JUDGED_FAULTS
from toolkit.audit._orientation import Orientation
from toolkit.datasets import FileSurvey

__all__ = ["FileAudit"]

_FACTS = ("path", "readable", "reason", "note", "width", "height", "mode", "format", "depth", "alpha", "frames")


@dataclass(frozen=True, eq=False, repr=False)
class FileAudit:
    """What :func:`audit_files` found.

    Attributes
    ----------
    survey : FileSurvey
        Every file, whether it could be read or not.
    everyday : EverydayFindings or None
        Faults and odd properties of the pictures, by path; None where no file is one.
    duplicates : Duplicates
        Among the pictures, by path.
    leaks : Duplicates or None
        Pictures that are in the other folder, too, where one was given.
    other : FileSurvey or None
        That folder.
    orientation : Orientation or None
        Which way up the pictures are, in the order of those that can be read; None where no network was asked.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from PIL import Image
    >>> from toolkit.audit import audit_files
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name in ("a.png", "b.png"):
    ...     Image.effect_noise((32, 32), 50).save(folder / name)
    >>> _ = (folder / "c.png").write_bytes((folder / "a.png").read_bytes())
    >>> _ = (folder / "d.png").write_text("no picture")
    >>> found = audit_files(folder, cache=False)
    >>> found["c.png"]["duplicate_of"], found["d.png"]["reason"]
    ('a.png', 'not a picture: no known format')
    >>> found.per_file["readable"].tolist(), list(found.tables())
    ([True, True, True, False], ['per_file', 'duplicates', 'everyday'])
    """

    survey: FileSurvey
    everyday: EverydayFindings | None
    duplicates: Duplicates
    leaks: Duplicates | None = None
    other: FileSurvey | None = None
    orientation: Orientation | None = None

    def __len__(self) -> int:
        return len(self.survey)

    def __repr__(self) -> str:
        return "\n".join(self.findings())

    def __getitem__(self, path: str) -> pd.Series:
        """The row of one file, by its path within the folder.

        Raises
        ------
        KeyError
            No file has that path.
        """
        places = np.flatnonzero((self.survey.files["path"] == path).to_numpy())
        if not len(places):
            raise KeyError(f"no file is called {path!r} in {printable(self.survey.root.name)}")
        return self._table.iloc[places[0]]

    @property
    def per_file(self) -> pd.DataFrame:
        """One row a file, those that could not be read among them, in the order of their names.

        ``path``, ``readable``, ``reason`` (why it is no picture that can be used), ``note``, ``width``, ``height``,
        ``mode``, ``format``, ``depth``, ``alpha``, ``frames``, ``orientation`` (EXIF's), ``bytes``, ``link``,
        ``sha256``; ``findings`` (what is wrong or odd, in words, each with its confidence), ``damaged``, ``odd``;
        ``duplicate_group`` (-1: none), ``duplicate_of`` (the one to keep), ``relation``, ``symmetry``, ``difference``,
        ``similarity``; ``leak`` (a picture of the other folder that it is); and a column ``score_...`` for each fault,
        0 to 1, empty where it cannot be judged. Where a network was asked which way up pictures are, ``turn`` says
        what brings a turned one upright, if an independent check agrees.
        """
        return self._table.copy()

    @cached_property
    def _table(self) -> pd.DataFrame:
        files = self.survey.files
        table = files[list(_FACTS)].copy()
        table["orientation"] = files["orientation"].where(files["readable"]).astype("Int64")
        table["bytes"], table["link"], table["sha256"] = files["n_bytes"], files["link"], files["sha256"]
        for name in ("width", "height"):
            table[name] = files[name].where(files["readable"]).astype("Int64")
        rows = np.flatnonzero(files["readable"].to_numpy())
        words, damaged, odd = self._words()
        table["findings"] = _spread(words, rows, len(table), "")
        table["damaged"] = _spread(damaged, rows, len(table), False)
        table["odd"] = _spread(odd, rows, len(table), False)
        if self.orientation is not None:
            table["turn"] = _spread(self._turns(), rows, len(table), "")
        found = self.duplicates.frame()
        table["duplicate_group"] = _spread(found["group"], rows, len(table), -1)
        table["duplicate_of"] = _spread(found["copy_of"].fillna(""), rows, len(table), "")
        for name in ("relation", "symmetry", "difference"):
            table[name] = _spread(found[name].fillna(""), rows, len(table), "")
        table["similarity"] = _spread(found["similarity"], rows, len(table), np.nan).astype(float)
        if self.leaks is not None:
            table["leak"] = _spread(self.leaks.frame()["copy_of"].fillna(""), rows, len(table), "")
        if self.everyday is not None:
            scores = {
                f"score_{name}": _spread(self.everyday.scores[name].to_numpy(), rows, len(table), np.nan).astype(float)
                for name in self.everyday.scores
            }
            table = pd.concat([table, pd.DataFrame(scores)], axis=1)
        return table

    def _turns(self) -> Any:
        """What brings each picture upright that is flagged as turned and whose neighbours say the same, else empty."""
        assert self.orientation is not None
        turns = self.orientation.frame()["turn"].to_numpy(dtype=object)
        flagged = np.zeros(len(turns), dtype=bool)
        if self.everyday is not None:
            names = [name for name in ("quarter_turn", "upside_down") if name in self.everyday.flagged]
            flagged = self.everyday.flagged[names].to_numpy().any(axis=1)
        asked = np.flatnonzero(flagged)
        sure = np.zeros(len(turns), dtype=bool)
        sure[asked] = self.orientation.confirmed(asked)
        return np.where(sure, turns, "")

    def _words(self) -> tuple[Any, Any, Any]:
        """What each picture has, in words with confidence, whether any of it is damage, and whether any is odd."""
        everyday = self.everyday
        if everyday is None:
            return [], [], []
        scores, flagged = everyday.scores.to_numpy(), everyday.flagged.to_numpy()
        words = []
        for row, flags in zip(scores, flagged):
            order = sorted(np.flatnonzero(flags).tolist(), key=lambda place: -row[place])
            words.append(
                "; ".join(
                    f"{JUDGED_FAULTS[everyday.scores.columns[place]].words} ({row[place]:.2f})" for place in order
                )
            )
        return words, everyday.damaged.to_numpy(), everyday.odd.to_numpy()

    @property
    def labels(self) -> pd.Series | None:
        """The top folder of each picture, by path, where every one lies in one and there are several."""
        paths = self.survey.files.loc[self.survey.files["readable"], "path"].tolist()
        tops = [path.partition("/")[0] if "/" in path else "" for path in paths]
        return None if "" in tops or len(set(tops)) < 2 else pd.Series(tops, index=paths, name="folder")

    @property
    def conflicts(self) -> pd.DataFrame | None:
        """Pairs of duplicates in different top folders: if these are classes, one picture that was labelled twice.

        None where there are no such folders.
        """
        labels = self.labels
        return None if labels is None else self.duplicates.conflicts(labels.tolist())

    def findings(self) -> list[str]:
        """What was found, in sentences, the most important first."""
        from toolkit.audit.files._words import file_findings

        return file_findings(self)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Frames by name."""
        tables = {"per_file": self.per_file, "duplicates": self.duplicates.pairs}
        if self.everyday is not None:
            tables["everyday"] = self.everyday.competence.rename_axis("fault").reset_index()
        if self.leaks is not None:
            tables["leaks"] = self.leaks.pairs
        if self.conflicts is not None:
            tables["conflicts"] = self.conflicts
        return tables


def _spread(values: Any, rows: np.ndarray, length: int, nothing: object) -> np.ndarray:
    """Values of the readable files in a column for all of them."""
    values = np.asarray(values, dtype=object if isinstance(nothing, str) else None)
    whole = np.full(length, nothing, dtype=object if isinstance(nothing, str) else None)
    if len(rows) and len(values):
        whole = whole.astype(np.result_type(whole, values)) if whole.dtype != object else whole
        whole[rows] = values
    return whole

"""What every study hands back: one protocol, whatever was studied."""

from abc import ABC, abstractmethod
from pathlib import Path

import pandas as pd

__all__ = ["StudyOutcome"]


class StudyOutcome(ABC):
    """The result of a study: what was found in words, figures and tables, a page of it all, and a folder of files.

    It shows itself in a notebook as its page does.
    """

    @abstractmethod
    def findings(self) -> list[str]:
        """What was found, in sentences, the most important first."""

    @abstractmethod
    def figures(self) -> dict:
        """Matplotlib figures by name."""

    @abstractmethod
    def tables(self) -> dict[str, pd.DataFrame]:
        """Frames by name."""

    @abstractmethod
    def report(self):
        """One self-contained page: a :class:`toolkit.report.Report`."""

    @abstractmethod
    def write(self, out) -> Path:
        """Write a folder, which appears whole or not at all; returns its report.

        Raises
        ------
        FileExistsError
            The folder holds something that no such study wrote.
        """

    def to_html(self, path) -> Path:
        """Write the page alone, and return its path."""
        path = Path(path)
        self.report().write(path)
        return path

    def _repr_html_(self) -> str:
        return self.report()._repr_html_()

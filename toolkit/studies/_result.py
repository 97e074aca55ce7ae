"""What every study hands back: one protocol, whatever was studied."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from toolkit._core.showing import only_shows
from toolkit.plots import Display
from toolkit.report import Report

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["StudyOutcome", "figures_of"]


class StudyOutcome(ABC):
    """The result of a study: what was found in words, figures and tables, a page of it all, and a folder of files.

    It prints as its findings, and shows itself in a notebook as its page does.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import StudyOutcome, run_differences
    >>> images = load_digits().images
    >>> outcome = run_differences(images[:100], images[100:200])
    >>> isinstance(outcome, StudyOutcome), repr(outcome).splitlines() == outcome.findings(), list(outcome.tables())
    (True, True, ['differences', 'bins', 'images'])
    """

    @abstractmethod
    def findings(self) -> list[str]:
        """What was found, in sentences, the most important first."""

    @abstractmethod
    def figures(self) -> dict[str, Figure]:
        """Matplotlib figures by name; one that cannot be drawn is left out, and a warning says why."""

    @abstractmethod
    def tables(self) -> dict[str, pd.DataFrame]:
        """Frames by name."""

    @abstractmethod
    def report(self) -> Report:
        """One self-contained page."""

    @abstractmethod
    def write(self, out: str | os.PathLike) -> Path:
        """Write a folder, which appears whole or not at all; returns its report.

        Raises
        ------
        FileExistsError
            The folder holds something that no such study wrote.
        """

    def to_html(self, path: str | os.PathLike) -> Path:
        """Write the page alone, and return its path."""
        path = Path(path)
        self.report().write(path)
        return path

    def __repr__(self) -> str:
        return "\n".join(self.findings())

    def _repr_html_(self) -> str:
        return self.report()._repr_html_()


def figures_of(displays: Mapping[str, Display]) -> dict[str, Figure]:
    """The figure of each display by name, drawn if it has not been; without those that cannot be drawn."""
    figures = {}
    for name, display in displays.items():
        with only_shows(f"{name}.png"):
            if not hasattr(display, "figure_"):
                display.plot()
            figures[name] = display.figure_
    return figures

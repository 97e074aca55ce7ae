"""The report: findings first, then sections of text, facts, tables and figures, on one page."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from toolkit._core.files import write_text
from toolkit._core.showing import only_shows
from toolkit.report._choices import build_choices, page_script, table_library
from toolkit.report._figures import check_format, figure_uri
from toolkit.report._tables import build_table, format_value

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from toolkit.plots import Display

__all__ = ["Report"]


@dataclass
class _Block:
    """One piece of a section; ``kind`` names the macro of the template that draws it."""

    kind: str
    content: object
    caption: str = ""
    alt: str = ""
    number: int = 0


@dataclass
class _Section:
    title: str
    anchor: str
    blocks: list = field(default_factory=list)
    interactive: bool = False  # shown by the page's script alone


def _paragraphs(text):
    """Blank lines part paragraphs, as in every plain-text habit."""
    return [" ".join(part.split()) for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]


def _environment():
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("toolkit.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


class Report:
    """One self-contained HTML page.

    The page starts with the findings in plain words, then a list of contents, then the sections in the order they
    were added. Pictures are embedded, nothing is requested from anywhere (a content security policy in the page
    forbids it), there is no script but that of :meth:`choices`, and every text is escaped. It follows the reader's
    light or dark setting and prints.

    Parameters
    ----------
    title : str
    subtitle : str, default=""
    footer : str, default=""
        Small print: versions, seed, command.

    See Also
    --------
    toolkit.plots : Displays, which ``figure`` takes as they are.

    Notes
    -----
    Each adding method returns the report, so calls chain. Facts, tables and figures added before the first section
    stand right under the findings.

    Examples
    --------
    >>> import pandas as pd
    >>> report = Report("Audit", subtitle="4,000 glyphs")
    >>> report = report.findings(["About 20 % of the images are corrupted."])
    >>> report = report.section("Kinds").table(pd.DataFrame({"kind": ["rotate"], "n": [51]}), "Images per kind")
    >>> "About 20 % of the images" in report.html()
    True
    """

    def __init__(self, title: str, subtitle: str = "", *, footer: str = "") -> None:
        self.title = title
        self.subtitle = subtitle
        self.footer = footer
        self._findings: list[str] = []
        self._opening = _Section("", "top")
        self._sections: list[_Section] = []
        self._n_tables = 0
        self._n_figures = 0

    def findings(self, sentences: Sequence[str] | str) -> Self:
        """Add findings: plain sentences, the most important first.

        Parameters
        ----------
        sentences : list of str or str

        Returns
        -------
        self
        """
        self._findings.extend([sentences] if isinstance(sentences, str) else map(str, sentences))
        return self

    def section(self, title: str, text: str = "") -> Self:
        """Open a section; what is added next belongs to it.

        Parameters
        ----------
        title : str
        text : str, default=""
            Blank lines part paragraphs.

        Returns
        -------
        self
        """
        self._sections.append(_Section(str(title), f"section-{len(self._sections) + 1}"))
        return self.text(text)

    def text(self, text: str) -> Self:
        """Add paragraphs to the open section."""
        for paragraph in _paragraphs(str(text)):
            self._add(_Block("paragraph", paragraph))
        return self

    def items(self, sentences: Sequence[str]) -> Self:
        """Add a list of sentences, a point each.

        Parameters
        ----------
        sentences : list of str

        Returns
        -------
        self
        """
        sentences = [str(sentence) for sentence in sentences]
        if sentences:
            self._add(_Block("items", sentences))
        return self

    def note(self, text: str) -> Self:
        """Add a set-off remark: a limit, a caution, something that went wrong."""
        paragraphs = _paragraphs(str(text))
        if paragraphs:
            self._add(_Block("note", paragraphs))
        return self

    def facts(self, facts: Mapping[str, object]) -> Self:
        """Add key figures, shown large with their names.

        Parameters
        ----------
        facts : dict of str to object
            Name to value; numbers are formatted, texts shown as they are.

        Returns
        -------
        self
        """
        self._add(_Block("facts", [(str(name), format_value(value)) for name, value in dict(facts).items()]))
        return self

    def table(
        self,
        frame: pd.DataFrame | pd.Series,
        caption: str = "",
        *,
        precision: int = 3,
        formats: dict[str, str] | None = None,
        max_rows: int | None = 100,
        index: bool | None = None,
    ) -> Self:
        """Add a table.

        Parameters
        ----------
        frame : DataFrame or Series
        caption : str, default=""
        precision : int, default=3
            Decimals of floats.
        formats : dict of column to str, default=None
            Python format strings of single columns, such as ``{"share": "{:.1%}"}``.
        max_rows : int or None, default=100
            Rows beyond it are left out, and the caption says how many there are.
        index : bool, default=None
            Show the index; None shows it unless it merely counts.

        Returns
        -------
        self
        """
        table = build_table(frame, precision=precision, formats=formats, max_rows=max_rows, index=index)
        self._n_tables += 1
        self._add(_Block("table", table, str(caption), number=self._n_tables))
        return self

    def figure(
        self,
        figure: Figure | Display | bytes | str | os.PathLike,
        caption: str = "",
        *,
        alt: str | None = None,
        image_format: str = "auto",
        dpi: int = 144,
    ) -> Self:
        """Add a figure.

        Parameters
        ----------
        figure : matplotlib Figure, display, PNG bytes or path of a PNG file
            Drawn at once: later changes to the figure do not show. In the place of one that cannot be drawn stands a
            note, and a warning says why.
        caption : str, default=""
        alt : str, default=None
            What a reader who cannot see the picture should know; the caption when None.
        image_format : {"auto", "png", "svg"}, default="auto"
            ``"auto"`` takes SVG for charts and PNG for pictures.
        dpi : int, default=144

        Returns
        -------
        self
        """
        check_format(image_format)
        name = caption or f"Figure {self._n_figures + 1}"
        if hasattr(figure, "plot") or hasattr(figure, "savefig"):
            uri = None
            with only_shows(f"The figure {name!r}"):
                figure = figure if hasattr(figure, "figure_") or hasattr(figure, "savefig") else figure.plot()
                uri = figure_uri(figure, image_format=image_format, dpi=dpi)
            if uri is None:
                return self.note(f"A figure could not be drawn: {name}")
        else:
            uri = figure_uri(figure, image_format=image_format, dpi=dpi)
        self._n_figures += 1
        text = alt if alt is not None else (caption or f"Figure {self._n_figures}")
        self._add(_Block("figure", uri, str(caption), str(text), self._n_figures))
        return self

    def choices(
        self,
        title: str,
        rows: pd.DataFrame,
        words: Mapping[str, str],
        *,
        key: Sequence[str],
        text: str = "",
        caption: str = "",
        thumbnails: NDArray | None = None,
        after: NDArray | None = None,
        n_all: int | None = None,
    ) -> Self:
        """Add a section with a table to filter, sort and decide in, whose decisions the reader exports as a file.

        It is a script of the page that shows it: without JavaScript, in print and in a notebook the page is as it
        would be without this section. The table is DataTables as the package itables brings it along; without that
        package the section says so.

        Parameters
        ----------
        title : str
        rows : DataFrame
            ``name``, ``kinds`` (tuple of str), ``confidence`` and ``anomaly`` (numbers, NaN for none), ``outcome``,
            ``note``, ``action`` (what happens unless the reader decides otherwise), ``choices`` (tuple of actions), and
            the columns of ``key``.
        words : dict of str to str
            What each action means.
        key : sequence of str
            Columns that go into the exported file as they are, to know the row by.
        text : str, default=""
            Paragraphs under the title.
        caption : str, default=""
        thumbnails, after : ndarray of uint8 of shape (len(rows), height, width[, 3]), optional
            Small pictures; ``after`` is shown beside where it differs.
        n_all : int, optional
            Of how many rows these are the first.

        Returns
        -------
        self

        Examples
        --------
        >>> import pandas as pd
        >>> rows = {"name": ["a.png"], "kinds": [("blank",)], "confidence": [0.9], "anomaly": [2.0], "outcome": [""]}
        >>> rows |= {"note": [""], "action": ["keep"], "choices": [("keep", "leave_out")], "path": ["a.png"]}
        >>> words = {"keep": "copied", "leave_out": "not copied"}
        >>> page = Report("Audit").choices("Decide", pd.DataFrame(rows), words, key=["path"]).html()
        >>> "a.png" in page
        True
        """
        made = build_choices(
            rows, words, key, thumbnails=thumbnails, after=after, n_all=len(rows) if n_all is None else n_all
        )
        if any(section.interactive for section in self._sections):
            raise ValueError("A report has one table to decide in, and this one has it already.")
        self.section(title, text)
        self._sections[-1].interactive = True
        self._add(_Block("choices", made, str(caption)))
        return self

    def html(self, *, interactive: bool = True) -> str:
        """The page as text; where it is not to be ``interactive``, without :meth:`choices` and any script."""
        has_choices = interactive and any(section.interactive for section in self._sections)
        library = table_library() if has_choices else None
        script, script_hash = page_script() if library else ("", "")
        return (
            _environment()
            .get_template("report.html.j2")
            .render(
                title=str(self.title),
                subtitle=str(self.subtitle),
                footer=_paragraphs(str(self.footer)),
                findings=self._findings,
                opening=self._opening,
                sections=self._sections if library else self._without_table(said=has_choices),
                library=library,
                script=script,
                script_hash=script_hash,
            )
        )

    def write(self, path: str | os.PathLike) -> Path:
        """Write the page to ``path``, whole or not at all, and return the path."""
        write_text(path, self.html())
        return Path(path)

    def _repr_html_(self):
        # A frame of its own keeps the page's style away from the notebook's.
        from html import escape

        page = escape(self.html(interactive=False))
        return f'<iframe srcdoc="{page}" width="100%" height="600" style="border:0"></iframe>'

    def _without_table(self, said):
        """The sections without the table to decide in; where it was wanted, it is said what it lacks."""
        sections = [section for section in self._sections if not section.interactive]
        if said:
            note = "The table to filter and decide in needs the package itables: pip install itables."
            sections += [
                _Section(section.title, section.anchor, [_Block("note", [note])])
                for section in self._sections
                if section.interactive
            ]
        return sections

    def _add(self, block):
        (self._sections[-1] if self._sections else self._opening).blocks.append(block)

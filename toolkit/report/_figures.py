"""Figures as data URIs, so that a page holds its pictures and asks nobody for them."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit._core.files import atomic_path
from toolkit._core.inherited import import_matplotlib
from toolkit._core.showing import only_shows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from toolkit.plots import Display

__all__ = ["check_format", "figure_uri", "write_figures"]

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

# Above this many drawn points a vector picture is larger and slower to show than a bitmap.
_MAX_VECTOR_POINTS = 20_000


def _is_figure(value):
    return hasattr(value, "savefig") and hasattr(value, "axes")


def _suits_vectors(figure):
    """Lines, bars and text are sharp and small as SVG; pixels and point clouds are not."""
    points = 0
    for ax in figure.axes:
        if ax.images:
            return False
        points += sum(len(line.get_xdata()) for line in ax.lines) + len(ax.patches)
        for collection in ax.collections:
            offsets = collection.get_offsets()
            points += len(offsets) if offsets is not None else 0
            # A mesh is one collection with a colour a cell: still pixels.
            if collection.get_array() is not None and len(collection.get_array()) > 400:
                return False
    return points <= _MAX_VECTOR_POINTS


def _render(figure, image_format, dpi):
    matplotlib, buffer = import_matplotlib(), io.BytesIO()
    # Neither a date nor random identifiers: the same figure gives the same bytes.
    metadata = {"Date": None} if image_format == "svg" else {"Software": None}
    with matplotlib.rc_context({"svg.hashsalt": "toolkit"}):
        figure.savefig(buffer, format=image_format, dpi=dpi, bbox_inches="tight", facecolor="white", metadata=metadata)
    return buffer.getvalue()


def check_format(image_format: str) -> None:
    """Raise a ValueError unless it is one of the formats that :func:`figure_uri` knows."""
    if image_format not in ("auto", "png", "svg"):
        raise ValueError(f"image_format must be 'auto', 'png' or 'svg', got {image_format!r}.")


def figure_uri(
    figure: Figure | Display | bytes | str | os.PathLike, *, image_format: str = "auto", dpi: int = 144
) -> str:
    """Encode a figure as a ``data:`` URI.

    Parameters
    ----------
    figure : matplotlib Figure, display with ``figure_``, bytes or path
        Bytes and files must be PNG.
    image_format : {"auto", "png", "svg"}, default="auto"
        ``"auto"`` takes SVG for charts and PNG for whatever shows pixels. An SVG in an ``img`` element cannot run
        scripts or load anything.
    dpi : int, default=144
        Resolution of a PNG.

    Returns
    -------
    str
    """
    check_format(image_format)
    figure = getattr(figure, "figure_", figure)
    if _is_figure(figure):
        if image_format == "auto":
            image_format = "svg" if _suits_vectors(figure) else "png"
        content = _render(figure, image_format, dpi)
    else:
        image_format = "png"
        if isinstance(figure, (str, os.PathLike)):
            content = Path(figure).read_bytes()
        elif isinstance(figure, bytes):
            content = figure
        else:
            raise TypeError(
                "figure must be a matplotlib Figure, a display that was plotted, PNG bytes or the path of a PNG file, "
                f"got {type(figure).__name__}."
            )
        if not content.startswith(_PNG_SIGNATURE):
            raise ValueError("figure given as bytes or a path must be a PNG image.")
    kind = "svg+xml" if image_format == "svg" else "png"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"


def write_figures(
    folder: str | os.PathLike, figures: dict[str, Figure], *, dpi: int = 144
) -> dict[str, Figure | bytes]:
    """Write figures as PNG files, and return what a report should be given: no picture is drawn twice.

    Parameters
    ----------
    folder : path-like
        Exists. A figure goes to ``<name>.png`` in it; one that cannot be drawn is left out, with a warning.
    figures : dict of str to Figure
    dpi : int, default=144

    Returns
    -------
    dict of str to Figure or bytes
        The PNG, where a report would show the same pixels; the figure where it would rather show lines.

    Examples
    --------
    >>> import os, tempfile
    >>> from matplotlib.figure import Figure
    >>> from toolkit.report import Report, write_figures
    >>> lines, pixels = Figure(), Figure()
    >>> _ = lines.add_subplot().plot([0, 1])
    >>> _ = pixels.add_subplot().imshow([[0, 1]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     shown = write_figures(folder, {"lines": lines, "pixels": pixels})
    ...     print(sorted(os.listdir(folder)), {name: type(each).__name__ for name, each in shown.items()})
    ['lines.png', 'pixels.png'] {'lines': 'Figure', 'pixels': 'bytes'}
    """
    shown: dict[str, Figure | bytes] = dict(figures)
    for name, figure in figures.items():
        path = Path(folder) / f"{name}.png"
        with only_shows(path.name), atomic_path(path) as temporary:
            content = _render(figure, "png", dpi)
            temporary.write_bytes(content)
            if not _suits_vectors(figure):
                shown[name] = content
    return shown

"""One look for all displays, set on the axes themselves, so that no global setting is touched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from toolkit._core.printable import plot_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "ACCENT",
    "COLOURS",
    "INK",
    "MUTED",
    "colours_of",
    "kind_name",
    "kind_order",
    "plain_name",
    "tidy_axes",
    "title_axes",
]

# Okabe and Ito's palette (2008), told apart with every common colour blindness; yellow, too weak on white, is left out.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6A3D9A", "#7F7F7F")
ACCENT = "#D55E00"
INK = "#22272b"
MUTED = "#6b747b"
_GRID = "#e6e9eb"


def colours_of(names: Sequence[str]) -> dict[str, str]:
    """A colour for each name; clean is always blue and unknown always grey.

    Parameters
    ----------
    names : sequence of str
        Kinds, methods or settings. With more names than :data:`COLOURS`, colours come again.

    Returns
    -------
    dict of str to str
        By name, in the order of ``names``: the colour as ``#rrggbb``.

    Examples
    --------
    >>> from toolkit.plots.style import colours_of
    >>> colours_of(["invert", "clean"])
    {'invert': '#D55E00', 'clean': '#0072B2'}
    """
    fixed = {"clean": COLOURS[0], "unknown": COLOURS[7]}
    free = [c for c in COLOURS if not any(name in fixed and fixed[name] == c for name in names)]
    colours, used = {}, 0
    for name in names:
        if name in fixed:
            colours[name] = fixed[name]
        else:
            colours[name] = free[used % len(free)]
            used += 1
    return colours


def plain_name(name: str) -> str:
    """A kind or method as a person writes it: ``salt_and_pepper`` becomes ``salt and pepper``; never a formula.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
        With a dollar in it escaped, so that matplotlib shows it as it is.

    Examples
    --------
    >>> from toolkit.plots.style import plain_name
    >>> plain_name("salt_and_pepper"), plain_name("rotate+invert")
    ('salt and pepper', 'rotate + invert')
    """
    return plot_text(str(name).replace("_", " ").replace("+", " + "))


def kind_name(kind: str) -> str:
    """A kind of corruption as the table of kinds calls it: ``rotate_180`` is ``upside down``; never a formula.

    Parameters
    ----------
    kind : str
        Of :data:`toolkit.corruption.ALL_KINDS`; another is written by :func:`plain_name`'s rules.

    Returns
    -------
    str
        With a dollar in it escaped, so that matplotlib shows it as it is.

    Examples
    --------
    >>> from toolkit.plots.style import kind_name
    >>> kind_name("rotate_180"), kind_name("my_kind")
    ('upside down', 'my kind')
    """
    from toolkit.corruption import kind_in_words

    return plot_text(kind_in_words(kind, short=True))


def kind_order(kinds: Iterable[str]) -> list[str]:
    """Kinds in reading order: clean, then the names as first listed by the toolkit, others, unknown last.

    Parameters
    ----------
    kinds : iterable of str
        Repeats count once.

    Returns
    -------
    list of str

    Examples
    --------
    >>> kind_order(["unknown", "rotate", "clean", "gaussian_noise"])
    ['clean', 'gaussian_noise', 'rotate', 'unknown']
    """
    from toolkit.corruption import KINDS

    places = {"clean": -1, **{kind: place for place, kind in enumerate(KINDS)}, "unknown": len(KINDS) + 1}
    return sorted(set(map(str, kinds)), key=lambda kind: (places.get(kind, len(KINDS)), kind))


def tidy_axes(ax: Axes, *, grid: str = "both") -> None:
    """Light grid behind the data, no box, quiet ticks.

    Parameters
    ----------
    ax : matplotlib Axes
        Changed in place.
    grid : {"both", "x", "y", ""}, default="both"
        Which lines of the grid are drawn; ``""`` draws none.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from toolkit.plots.style import tidy_axes
    >>> ax = Figure().add_subplot()
    >>> tidy_axes(ax, grid="y")
    >>> ax.spines["top"].get_visible(), ax.get_axisbelow()
    (False, True)
    """
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(MUTED)
        ax.spines[side].set_linewidth(0.8)
    ax.tick_params(colors=MUTED, labelcolor=INK, labelsize=9, length=3, width=0.8)
    if grid:
        ax.grid(True, axis=grid, color=_GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.xaxis.label.set(color=INK, fontsize=10)
    ax.yaxis.label.set(color=INK, fontsize=10)


def title_axes(ax: Axes, title: str) -> None:
    r"""A left-aligned title, where the eye starts; a dollar in it is a dollar, since names of files may hold any.

    Parameters
    ----------
    ax : matplotlib Axes
        Changed in place.
    title : str
        An empty one changes nothing.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from toolkit.plots.style import title_axes
    >>> ax = Figure().add_subplot()
    >>> title_axes(ax, "cash_$5.npz")
    >>> print(ax.get_title(loc="left"))
    cash_\$5.npz
    """
    if title:
        ax.set_title(plot_text(title), loc="left", fontsize=11, fontweight="bold", color=INK, pad=10)


def say_nothing(ax: Axes, words: str) -> None:
    """Words in the middle of a picture that has nothing to show."""
    ax.text(0.5, 0.5, words, ha="center", va="center", color=MUTED, transform=ax.transAxes)


def title_of_none(title: str) -> str:
    """The title of pictures that are not there: what it asks is answered.

    Examples
    --------
    >>> title_of_none("Which modes does it lack?"), title_of_none("Never drawn"), title_of_none("")
    ('Which modes does it lack? None.', 'Never drawn: none', '')
    """
    if not title:
        return ""
    return f"{title} None." if title.rstrip().endswith("?") else f"{title}: none"

"""Names from outside made safe to show: on a terminal, in a picture, on a page, in a table and in JSON.

A file may be called anything but "/" and a zero byte: bytes that are no text, line breaks, and sequences that move a
terminal's cursor, recolour it or set its title. Names are cleaned once, where they come in.
"""

import os
import re
import unicodedata

__all__ = ["cell_text", "given_text", "plot_text", "printable", "printable_names", "storable"]

# Controls, surrogates, line and paragraph separators; of the invisible formats those that scripts and emoji need stay.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# What spreadsheets take for the beginning of a formula, full width included, and what hides such a beginning.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠].", re.DOTALL)
_JOINERS = frozenset("\u00ad\u200c\u200d\U000e007f") | {chr(code) for code in range(0xE0020, 0xE007F)}


def printable(name):
    r"""A name as one line of printable text: what cannot be printed stands as its escape.

    Parameters
    ----------
    name : object
        A string or a path; anything else as ``str`` gives it. Bytes of a file name that are no UTF-8 (surrogates, as
        Python holds them) become ``\xff``.

    Returns
    -------
    str
        The same string if nothing in it was hidden.

    Examples
    --------
    >>> printable("caf\u00e9.png"), printable("a\x1b[2Jb\n.png"), printable("latin-\udce9.png")
    ('café.png', 'a\\x1b[2Jb\\n.png', 'latin-\\xe9.png')
    """
    text = os.fspath(name) if isinstance(name, os.PathLike) else name
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    text = str(text)
    if text.isprintable():
        return text
    return "".join(_escape(character) for character in text)


def printable_names(names):
    r"""The names of a set, each as :func:`printable` shows it, and no two alike.

    A line break is shown as a backslash and an n, which a name may hold as well, and an archive may hold two files of
    one name: whatever is known by what is shown would be said of another file. What is shown as it is keeps its name,
    the first of several does; the others have a number behind it.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    list of str

    Examples
    --------
    >>> printable_names(["a\nb.png", "a\\nb.png", "c.png", "c.png"])
    ['a\\nb.png (2)', 'a\\nb.png', 'c.png', 'c.png (2)']
    """
    shown = [printable(name) for name in names]
    if len(set(shown)) == len(shown):
        return shown
    given, taken = set(names), set()
    for place in sorted(range(len(shown)), key=lambda place: shown[place] != names[place]):
        name, number = shown[place], 2
        while name in taken or (number > 2 and name in given):
            name, number = f"{shown[place]} ({number})", number + 1
        shown[place] = name
        taken.add(name)
    return shown


def _escape(character):
    if 0xDC80 <= ord(character) <= 0xDCFF:  # a byte that was no text
        return f"\\x{ord(character) - 0xDC00:02x}"
    if unicodedata.category(character) in _HIDDEN and character not in _JOINERS:
        return character.encode("unicode_escape").decode("ascii")
    return character


def storable(text):
    r"""Text that can be written as UTF-8: lone surrogates stand as escapes, all else stays, line breaks too.

    Examples
    --------
    >>> storable("two\nlines \udcff")
    'two\nlines \\xff'
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join(_escape(character) if "\ud800" <= character <= "\udfff" else character for character in text)
    return text


def cell_text(value):
    r"""Text for a cell of a CSV file: what a spreadsheet would run as a formula stands behind an apostrophe.

    Numbers, and a sign alone, are no formulas. One apostrophe less gives the text back: text that has apostrophes
    before such a sign already gets one more.

    Parameters
    ----------
    value : object
        Anything but a string passes.

    Examples
    --------
    >>> cell_text('=HYPERLINK("http://x")'), cell_text("-1.5"), cell_text("+"), cell_text("a=b"), cell_text("'=1")
    ('\'=HYPERLINK("http://x")', '-1.5', '+', 'a=b', "''=1")
    """
    if not isinstance(value, str) or not _FORMULA.match(value):
        return value
    try:
        float(value)
    except ValueError:
        return "'" + value
    return value


def given_text(cell):
    r"""What :func:`cell_text` made a cell of.

    Examples
    --------
    >>> given_text("'=1+1"), given_text("''=1"), given_text("'quoted'"), given_text(cell_text("-x"))
    ('=1+1', "'=1", "'quoted'", '-x')
    """
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def plot_text(name):
    r"""A name for matplotlib, which takes what stands between two dollars for a formula.

    Examples
    --------
    >>> plot_text("cash_$5_$10.npz")
    'cash_\\$5_\\$10.npz'
    """
    lines = str(name).split("\n")  # of titles that mean to have several
    return "\n".join(printable(line) for line in lines).replace("$", r"\$")

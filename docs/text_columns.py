"""Columns of words in the tables that pandas writes: they are read from the left, where figures end at the right."""

import re
from itertools import zip_longest

__all__ = ["words_to_the_left"]

_TABLE = re.compile(r'<table[^>]*class="[^"]*\bdataframe\b.*?</table>', re.DOTALL)
_ROW = re.compile(r"<tr.*?</tr>", re.DOTALL)
_WORDS = re.compile(r"\s*[\"'(\[{]*(?!(?:NaN|None|nan|inf|True|False)\b)[A-Za-z][A-Za-z._]")


def words_to_the_left(page):
    """The HTML of a page, in which cells and headings of columns of words have the class ``words``."""
    return _TABLE.sub(lambda table: _marked(table[0]), page)


def _marked(table):
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in _ROW.findall(table)]
    width = max(map(len, cells), default=0)
    columns = zip_longest(*([re.sub("<[^>]*>", "", cell).strip() for cell in row] for row in cells), fillvalue="")
    words = {place for place, column in enumerate(columns) if _are_words([cell for cell in column if cell])}
    return _ROW.sub(lambda row: _marked_row(row[0], width, words), table) if words else table


def _are_words(cells):
    """At least every other cell that is not empty."""
    return bool(cells) and 2 * sum(map(bool, map(_WORDS.match, cells))) >= len(cells)


def _marked_row(row, width, words):
    """A row of cells, or of headings, of which those of an index come first."""
    tag = "td" if "<td" in row else "th"
    skipped = len(re.findall(rf"<{tag}\b", row)) - width
    if skipped < 0 or "colspan" in row:
        return row
    places = iter(range(-skipped, width))
    return re.sub(rf"<{tag}\b", lambda cell: cell[0] + (' class="words"' if next(places) in words else ""), row)

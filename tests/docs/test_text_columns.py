"""Columns of words in tables of pandas are marked, cells and headings alike, and nothing else is."""

import re
import sys
from pathlib import Path

import pandas as pd
import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def words_to_the_left():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS)
        yield __import__("text_columns").words_to_the_left
    del sys.modules["text_columns"]


def marked(page):
    return [text for text in re.findall(r'<t[dh] class="words">([^<]*)<', page) if text]


def test_words_and_their_headings_are_marked(words_to_the_left):
    frame = pd.DataFrame({"file": ["a.png", "b.png"], "score": [0.5, float("nan")], "why": ["47 are few", "too dark"]})
    assert marked(words_to_the_left(frame.to_html())) == ["file", "why", "a.png", "47 are few", "b.png", "too dark"]


def test_an_index_of_several_levels_is_no_column(words_to_the_left):
    frame = pd.DataFrame({"set": ["x", "x"], "part": ["one", "two"], "n": [1, 2], "outcome": ["partial", "complete"]})
    assert marked(words_to_the_left(frame.set_index(["set", "part"]).to_html())) == ["outcome", "partial", "complete"]


@pytest.mark.parametrize(
    "page",
    [
        pd.DataFrame({"n": [1, 2], "right": [True, False], "share": ["—", "0.5 ± 0.1"]}).to_html(),
        pd.DataFrame({"a cell": ["photos", 205, 0.5]}, index=["source", "files", "load"]).to_html(),
        "<table class='docutils'><tr><td>words</td></tr></table>",
        "<p>words</p>",
    ],
)
def test_figures_and_other_tables_stay(words_to_the_left, page):
    assert words_to_the_left(page) == page

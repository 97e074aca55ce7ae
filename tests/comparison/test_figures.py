"""The figures of several tables in one file."""

import json

import numpy as np
import pandas as pd
import pytest

from toolkit.comparison import write_tables


def test_what_is_on_file_is_what_was_in_the_frames(tmp_path):
    frame = pd.DataFrame(
        {"auroc": [0.123456789, np.nan], "count": np.array([3, 4], dtype=np.int64), "kind": ["blur", None]},
        index=["lof", "iforest"],
    )
    frame["found"] = [True, False]
    path = write_tables({"detectors": frame, "shares": pd.Series([0.5], index=[7], name="share")}, tmp_path / "a.json")
    content = json.loads(path.read_text())
    assert content["tables"]["detectors"] == {
        "columns": ["auroc", "count", "kind", "found"],
        "index": ["lof", "iforest"],
        "rows": [[0.123456789, 3, "blur", True], [None, 4, None, False]],
    }
    assert content["tables"]["shares"] == {"columns": ["share"], "index": ["7"], "rows": [[0.5]]}
    assert content["versions"]["pandas"] == pd.__version__


def test_levels_are_joined_and_what_json_cannot_say_becomes_text(tmp_path):
    frame = pd.DataFrame([[1, pd.Timestamp("2020-01-02")]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("b", "")]))
    frame.index = pd.MultiIndex.from_tuples([("mnist", 0)])
    table = json.loads(write_tables({"t": frame}, tmp_path / "t.json").read_text())["tables"]["t"]
    assert table == {"columns": ["a x", "b"], "index": ["mnist 0"], "rows": [[1, "2020-01-02 00:00:00"]]}


@pytest.mark.parametrize(
    ("tables", "name", "message"),
    [
        ({}, "a.json", "tables must name at least one table"),
        ({"t": [1, 2]}, "a.json", r"tables\['t'\] must be a DataFrame or Series, got list"),
        ({"t": pd.DataFrame()}, "a.json", r"tables\['t'\] must hold at least one row"),
        ({"t": pd.DataFrame({"a": [1]})}, "a.csv", "path must end in .json, got 'a.csv'"),
    ],
)
def test_bad_input_is_named_and_nothing_is_written(tmp_path, tables, name, message):
    with pytest.raises(ValueError, match=message):
        write_tables(tables, tmp_path / name)
    assert not list(tmp_path.iterdir())

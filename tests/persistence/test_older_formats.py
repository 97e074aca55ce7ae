"""What was saved by an earlier version loads, and answers as it did."""

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from saved_fixtures import answers

import toolkit
from toolkit._persistence._migrations import migrate

# Estimators that were not there yet.
NEWER = {"Auditor", "DamageDiagnostics", "EverydayDiagnostics", "FlowMatching", "ImageEmbedder"}
SAVED = sorted(Path(__file__).parent.glob("saved_*/*.zip"))


@pytest.mark.filterwarnings("ignore:.*was saved under other versions")
@pytest.mark.parametrize("path", SAVED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_saved_folders_load_ever_after(path, tmp_path):
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path)
    estimator = toolkit.load(tmp_path / "saved")
    assert type(estimator).__name__ == path.stem
    with np.load(tmp_path / "answers.npz") as kept:
        found = answers(estimator, kept["X"])
        assert found.keys() == set(kept.files) - {"X"}
        for name, values in found.items():
            if values.dtype.kind in "fc":
                # Another processor adds up in another order; what is copied and not computed is equal.
                np.testing.assert_allclose(values, kept[name], rtol=1e-3, atol=1e-4, err_msg=name)
            elif values.dtype == np.uint8:
                assert np.abs(values.astype(int) - kept[name]).max(initial=0) <= 1, name
            else:
                np.testing.assert_array_equal(values, kept[name], err_msg=name)


@pytest.mark.filterwarnings("ignore:.*was saved under other versions")
@pytest.mark.parametrize("path", SAVED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_default_type_of_torch_changes_nothing(path, tmp_path):
    """Whoever works in double precision loads single precision, and saves it again."""
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path)
    with np.load(tmp_path / "answers.npz") as kept:
        asked = kept["X"][:5]
    expected = answers(toolkit.load(tmp_path / "saved"), asked)
    torch.set_default_dtype(torch.float64)
    try:
        estimator = toolkit.load(tmp_path / "saved")
        found = answers(estimator, asked)
        toolkit.save(estimator, tmp_path / "again")
    finally:
        torch.set_default_dtype(torch.float32)
    again = answers(toolkit.load(tmp_path / "again"), asked)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
        np.testing.assert_array_equal(again[name], values, err_msg=name)


def test_columns_that_were_renamed():
    earlier = pd.DataFrame({"kind": ["invert"], "judge_passing": [0.9], "judge_alarms": [0.0]})
    state = migrate("image-restorer", {"competence_": earlier}, 1)
    assert list(state["competence_"]) == ["kind", "repair_sensitivity", "repair_false_alarms"]
    assert migrate("image-restorer", {}, 1) == {"init": "random", "n_jobs": None}


def test_restorers_of_earlier_versions_began_from_nothing_and_have_no_bounds():
    assert migrate("learned-restorer", {"kinds": (), "first": None}, 0) == {
        "kinds": (),
        "init": "random",
        "negative": False,
    }
    assert migrate("pose-estimator", {"kinds": ()}, 0) == {"kinds": (), "init": "random", "negative": False}
    assert migrate("repair-verdict", {"threshold": 1.0}, 1) == {
        "threshold": 1.0,
        "seen": None,
        "usual": None,
        "room": 0.0,
    }


def test_there_is_one_of_each_public_estimator():
    import test_common as common

    names = {type(estimator).__name__ for estimator in common.ESTIMATORS} - NEWER
    assert names <= {path.stem for path in SAVED}

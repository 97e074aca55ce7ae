"""The commands that need no training: data and corrupt."""

import numpy as np
import pytest

from toolkit.cli import run
from toolkit.corruption import KINDS, Corruptor
from toolkit.datasets import load_glyphs, load_npz


@pytest.fixture
def glyphs_npz(tmp_path):
    path = tmp_path / "glyphs.npz"
    glyphs = load_glyphs(n_samples=40, random_state=0)
    np.savez(path, images=glyphs.images, labels=glyphs.labels)
    return path


def test_corrupt_writes_images_truth_and_labels(capsys, glyphs_npz, tmp_path):
    given = load_npz(glyphs_npz)
    assert run(["corrupt", str(glyphs_npz), str(tmp_path / "out.npz"), "--fraction", "0.5", "--seed", "3"]) == 0
    assert "20 of 40 images corrupted" in capsys.readouterr().out
    found = load_npz(tmp_path / "out.npz")
    images, kinds = Corruptor(fraction=0.5, random_state=3).corrupt(given.images)
    np.testing.assert_array_equal(found.images, images)
    np.testing.assert_array_equal(found.kinds, kinds)
    np.testing.assert_array_equal(found.labels, given.labels)
    clean = found.kinds == "clean"
    assert (found.images[clean] == given.images[clean]).all()


def test_corrupt_keeps_to_the_kinds_asked_for(glyphs_npz, tmp_path):
    out = tmp_path / "out.npz"
    command = ["corrupt", str(glyphs_npz), str(out), "--kinds", "invert, rotate_90", "--per-image", "2"]
    assert run(command) == 0
    planted = {part for kind in load_npz(out).kinds for part in kind.split("+")}
    assert planted == {"clean", "invert", "rotate_90"}


def test_corrupt_never_writes_over_its_input(capsys, glyphs_npz):
    before = glyphs_npz.read_bytes()
    assert run(["corrupt", str(glyphs_npz), str(glyphs_npz)]) == 2
    assert "OUT is IN" in capsys.readouterr().err
    assert glyphs_npz.read_bytes() == before


def test_corrupt_refuses_what_it_cannot_read(capsys, tmp_path):
    assert run(["corrupt", str(tmp_path / "missing.npz"), str(tmp_path / "out.npz")]) == 1
    assert "missing.npz" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_data_list_names_every_set(capsys):
    assert run(["data", "list"]) == 0
    out = capsys.readouterr().out
    for name in ("glyphs", "digits", "mnist", "fashion_mnist", "emnist"):
        assert name in out


def test_data_info_of_files_and_sets(capsys, glyphs_npz, tmp_path):
    assert run(["data", "info", "digits"]) == 0
    assert "1,797 of 28 x 28, uint8" in capsys.readouterr().out
    np.save(tmp_path / "a.npy", np.linspace(0, 1, 3 * 8 * 9 * 3).reshape(3, 8, 9, 3))
    assert run(["data", "info", str(tmp_path / "a.npy")]) == 0
    assert "3 of 8 x 9 x 3, float64, values 0 to 1" in capsys.readouterr().out
    run(["corrupt", str(glyphs_npz), str(tmp_path / "out.npz")])
    capsys.readouterr()
    assert run(["data", "info", str(tmp_path / "out.npz")]) == 0
    assert "8 corrupted, 32 clean" in capsys.readouterr().out


def test_every_kind_can_be_asked_for_by_name(glyphs_npz, tmp_path):
    for kind in KINDS:
        assert run(["corrupt", str(glyphs_npz), str(tmp_path / f"{kind}.npz"), "--kinds", kind]) == 0
        assert set(load_npz(tmp_path / f"{kind}.npz").kinds) == {"clean", kind}

"""Audits in parts: the same findings however they are made, and nothing lost to what goes wrong."""

import json
import os

import numpy as np
import pandas as pd
import pytest

from toolkit.audit import Auditor, find_duplicates
from toolkit.cli import run
from toolkit.corruption import Corruptor
from toolkit.datasets import load_digits, load_glyphs, open_images
from toolkit.diagnostics import CorruptionIdentifier
from toolkit.exceptions import DataFormatError
from toolkit.restoration import ImageRestorer
from toolkit.studies import run_partitioned_audit
from toolkit.studies.partitioned import _duplicates as duplicates_module
from toolkit.studies.partitioned import _run as module
from toolkit.studies.partitioned._part import image_hashes


@pytest.fixture(scope="module")
def images():
    found = Corruptor(["invert"], fraction=0.2, random_state=0).corrupt(load_digits().images[:90])[0]
    found[80] = found[5]
    return found


@pytest.fixture(scope="module")
def auditor(images):
    return Auditor(CorruptionIdentifier(epochs=0), restorer=ImageRestorer(epochs=0), random_state=0).fit(images)


@pytest.fixture
def shards(images, tmp_path):
    (tmp_path / "shards").mkdir()
    for place in range(3):
        np.save(tmp_path / "shards" / f"{place}.npy", images[30 * place : 30 * place + 30])
    return tmp_path / "shards"


def table_of(result):
    return pd.concat(result.iter_tables(), ignore_index=True)


def audit(shards, out, auditor, **options):
    return run_partitioned_audit(shards, out, auditor=auditor, **{"chunk_size": 20, "duplicates": False} | options)


def test_findings_are_those_of_the_array_in_memory(images, auditor, shards, tmp_path):
    whole = auditor.audit(images)
    result = audit(shards, tmp_path / "out", auditor, duplicates=True)
    found = table_of(result)
    assert found["row"].tolist() == list(range(90))
    assert found["id"][35] == "1.npy#5"
    for name in ("kind", "repaired", "restorer"):
        assert found[name].tolist() == whole.per_image[name].tolist()
    for name in ("confidence", "anomaly_score", "severity"):
        np.testing.assert_allclose(found[name], whole.per_image[name], rtol=1e-3, atol=1e-4)  # float32 sums by part
    assert result.kinds.set_index("kind")["n"].to_dict() == whole.per_image["kind"].value_counts().to_dict()
    n_inverted = int((whole.per_image["kind"] == "invert").sum())
    assert any(f"inverted ({n_inverted})" in sentence for sentence in result.findings())
    repaired = sorted((tmp_path / "out" / "repaired").glob("*.npy"))
    if whole.n_repaired:
        np.testing.assert_array_equal(
            np.concatenate([np.load(path) for path in repaired]), whole.repaired[whole.per_image["repaired"] == 1]
        )
    pairs = result.duplicates
    assert [5, 80] in pairs[pairs["relation"] == "exact"][["row_a", "row_b"]].values.tolist()
    page = (tmp_path / "out" / "report.html").read_text()
    assert "90" in page
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["images"]["judged"] == 90


def test_threads_find_the_same(auditor, shards, tmp_path):
    one, other = (audit(shards, tmp_path / str(engine), auditor, engine=engine) for engine in (None, "threads"))
    assert table_of(one).equals(table_of(other))
    assert one.total == other.total


def test_a_run_that_was_stopped_goes_on_with_what_is_missing(auditor, shards, tmp_path, monkeypatch):
    expected = audit(shards, tmp_path / "whole", auditor)
    judged, usual = [], module.judge_part

    def stopping(task):
        if len(judged) == 3:
            raise KeyboardInterrupt
        judged.append(task.number)
        return usual(task)

    monkeypatch.setattr(module, "judge_part", stopping)
    with pytest.raises(KeyboardInterrupt):
        audit(shards, tmp_path / "out", auditor)
    (tmp_path / "out" / "parts" / ".part-00000009-abcdefgh.json").write_text("half")
    again = []
    monkeypatch.setattr(module, "judge_part", lambda task: again.append(task.number) or usual(task))
    result = audit(shards, tmp_path / "out", auditor)
    assert judged == [0, 1, 2]
    assert again == [3, 4, 5]
    assert table_of(result).equals(table_of(expected))
    assert result.total == expected.total
    assert not list((tmp_path / "out" / "parts").glob(".*"))


def test_a_part_that_cannot_be_read_costs_itself_alone_and_is_tried_again(auditor, shards, tmp_path, monkeypatch):
    source = open_images(shards)
    whole = (shards / "1.npy").read_bytes()
    (shards / "1.npy").write_bytes(whole[:-10])
    result = run_partitioned_audit(source, tmp_path / "out", auditor=auditor, chunk_size=20, duplicates=False)
    assert result.failed[["first", "stop"]].values.tolist() == [[30, 50], [50, 60]]
    assert "1.npy declares" in result.failed["reason"][0]
    assert result.n_images == 60
    assert any("2 of 6 parts (30 images)" in sentence for sentence in result.findings())
    (shards / "1.npy").write_bytes(whole)
    mended = run_partitioned_audit(source, tmp_path / "out", auditor=auditor, chunk_size=20, duplicates=False)
    assert len(mended.failed) == 0
    assert mended.n_images == 90
    assert not (tmp_path / "out" / "failed.csv").exists()


def test_images_that_cannot_be_read_are_listed(auditor, tmp_path, images):
    stack = images[:30].astype(np.float32)
    stack[7] = np.nan
    np.save(tmp_path / "a.npy", stack)
    scaled = Auditor(CorruptionIdentifier(epochs=0), restorer=ImageRestorer(epochs=0), random_state=0)
    result = run_partitioned_audit(
        tmp_path / "a.npy", tmp_path / "out", auditor=scaled.fit(stack[8:]), chunk_size=10, duplicates=False
    )
    assert result.total["left_out"] == 1
    assert pd.read_csv(tmp_path / "out" / "parts" / "part-00000000-left_out.csv")["row"].tolist() == [7]
    assert 7 not in table_of(result)["row"].tolist()


def test_another_audit_is_not_gone_on_with(auditor, shards, tmp_path):
    audit(shards, tmp_path / "out", auditor)
    with pytest.raises(ValueError, match="chunk_size=20"):
        audit(shards, tmp_path / "out", auditor, chunk_size=30)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("precious")
    with pytest.raises(FileExistsError, match=r"mine\.txt"):
        audit(shards, tmp_path / "other", auditor)
    with pytest.raises(ValueError, match="within the source"):
        audit(shards, shards / "out", auditor)
    assert sorted(os.listdir(shards)) == ["0.npy", "1.npy", "2.npy"]


def test_bad_parameters_are_named(auditor, shards, tmp_path):
    for options, message in (
        ({"engine": "slurm"}, "engine"),
        ({"scheduler": "tcp://here:8786"}, "scheduler"),
        ({"chunk_size": 0}, "chunk_size"),
    ):
        with pytest.raises(ValueError, match=message):
            audit(shards, tmp_path / "out", auditor, **options)
    (tmp_path / "empty").mkdir()
    with pytest.raises((DataFormatError, ValueError)):
        audit(tmp_path / "empty", tmp_path / "out", auditor)


def test_a_search_for_copies_that_fails_costs_no_report(auditor, shards, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "find_duplicates_in_parts", full)
    with pytest.raises(OSError, match="No space left"):
        audit(shards, tmp_path / "out", auditor, duplicates=True)
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["images"]["judged"] == 90
    assert "90" in (tmp_path / "out" / "report.html").read_text()


@pytest.fixture(scope="module")
def copied():
    """Glyphs among which some come twice: as they are, darker, turned."""
    found = load_glyphs(n_samples=120, random_state=0).images
    found[100], found[110], found[115] = found[3], found[20] // 8 * 6, np.rot90(found[40])
    return found


def in_shards(images, folder):
    folder.mkdir()
    for place in range(0, len(images), 50):
        np.save(folder / f"{place:03d}.npy", images[place : place + 50])
    return folder


def test_changed_copies_across_parts_are_those_of_the_images_in_memory(copied, auditor, tmp_path):
    expected = find_duplicates(list(copied)).pairs
    assert set(expected["relation"]) == {"exact", "near", "symmetry"}
    source = in_shards(copied, tmp_path / "shards")
    for engine in (None, "threads"):
        out = tmp_path / str(engine)
        result = audit(source, out, auditor, duplicates=True, engine=engine)
        columns = ["row_a", "row_b", "relation", "symmetry", "difference", "similarity"]
        pd.testing.assert_frame_equal(result.duplicates[columns], expected[columns], check_dtype=False)
        assert result.duplicates["id_b"][expected["row_b"] == 110].tolist() == ["100.npy#10"]
        written = next(path for path in out.iterdir() if path.name in ("duplicates.parquet", "duplicates.csv"))
        pd.testing.assert_frame_equal(duplicates_module.read_table(written), result.duplicates, check_dtype=False)
        assert result.duplicate_counts["near"] == (expected["relation"] != "exact").sum()
        assert not (out / "signatures").exists()
        assert "duplicates" in result.tables()
        assert f"{written.name} has all" in (out / "report.html").read_text()


def test_exact_copies_alone_and_none_at_all(copied, auditor, tmp_path, monkeypatch):
    source = in_shards(copied, tmp_path / "shards")
    monkeypatch.setattr(duplicates_module, "sign_part", None)  # nothing is signed
    result = audit(source, tmp_path / "out", auditor, duplicates="exact")
    assert result.duplicates[["row_a", "row_b", "relation"]].values.tolist() == [[3, 100, "exact"]]
    assert audit(source, tmp_path / "out", auditor, duplicates=False).duplicates is None
    with pytest.raises(ValueError, match="duplicates must be True, False or 'exact', got 'near'"):
        audit(source, tmp_path / "out", auditor, duplicates="near")


def test_signing_that_was_stopped_goes_on_and_is_done_once(copied, auditor, tmp_path, monkeypatch):
    source, usual, signed = in_shards(copied, tmp_path / "shards"), duplicates_module.sign_part, []

    def stopping(task):
        if len(signed) == 2:
            raise KeyboardInterrupt
        signed.append(task.number)
        return usual(task)

    monkeypatch.setattr(duplicates_module, "sign_part", stopping)
    with pytest.raises(KeyboardInterrupt):
        audit(source, tmp_path / "out", auditor, duplicates=True)
    (tmp_path / "out" / "signatures" / ".part-00000007-abc.npy").write_bytes(b"half")
    monkeypatch.setattr(duplicates_module, "sign_part", lambda task: signed.append(task.number) or usual(task))
    result = audit(source, tmp_path / "out", auditor, duplicates=True)
    assert signed == list(range(len(result.parts)))
    again = audit(source, tmp_path / "out", auditor, duplicates=True)
    assert signed == list(range(len(result.parts)))
    pd.testing.assert_frame_equal(again.duplicates, result.duplicates, check_dtype=False)
    assert again.duplicate_counts == result.duplicate_counts


def test_a_part_that_cannot_be_signed_keeps_its_exact_copies(copied, auditor, tmp_path, monkeypatch):
    folder = in_shards(copied, tmp_path / "shards")
    source = open_images(folder)
    usual, whole = duplicates_module.sign_part, (folder / "100.npy").read_bytes()

    def losing(task):
        if task.number == 0:
            (folder / "100.npy").write_bytes(whole[:-9])
        return usual(task)

    monkeypatch.setattr(duplicates_module, "sign_part", losing)
    result = audit(source, tmp_path / "out", auditor, duplicates=True)
    assert result.duplicate_counts["unsigned"] == 20
    assert [3, 100, "exact"] in result.duplicates[["row_a", "row_b", "relation"]].values.tolist()
    assert any("in 20 images none but exact copies" in sentence for sentence in result.findings())
    (folder / "100.npy").write_bytes(whole)
    monkeypatch.setattr(duplicates_module, "sign_part", usual)
    assert audit(source, tmp_path / "out", auditor, duplicates=True).duplicate_counts["unsigned"] == 0


def test_hashes_of_images(images):
    hashes = image_hashes(images[:20])
    assert hashes.shape == (20, 2)
    np.testing.assert_array_equal(image_hashes(images[5:6])[0], hashes[5])
    assert len(np.unique(hashes, axis=0)) == 20
    assert (image_hashes(images[:20].astype(np.float32)) != hashes).any(axis=1).all()  # another dtype


def test_the_command(auditor, shards, tmp_path, capsys):
    import toolkit

    toolkit.save(auditor, tmp_path / "model")
    command = ["audit", "--data", str(shards), "--out", str(tmp_path / "out"), "--model", str(tmp_path / "model")]
    assert run([*command, "--engine", "threads", "--quiet"]) == 0
    assert (tmp_path / "out" / "report.html").exists()
    assert run([*command, "--quiet"]) == 0  # shards need no engine; all parts are there
    for wrong, option in (
        (["--engine", "slurm"], "--engine"),
        (["--scheduler", "tcp://a:1"], "--scheduler"),
        (["--corrupt", "0.1"], "--corrupt"),
        (["--duplicates", "some"], "--duplicates"),
    ):
        assert run([*command, *wrong]) == 2
        assert option in capsys.readouterr().err
    other = [*command[:4], str(tmp_path / "other"), *command[5:], "--duplicates", "none", "--no-repaired", "--quiet"]
    assert run(other) == 0
    assert not (tmp_path / "other" / "repaired.zarr").exists()
    assert not [path for path in (tmp_path / "other").iterdir() if path.name.startswith("duplicates")]
    assert run(["audit", "--quick", "--duplicates", "exact", "--out", str(tmp_path / "whole")]) == 2
    assert "--duplicates" in capsys.readouterr().err

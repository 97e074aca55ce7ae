"""Repaired images as one zarr array: the same pixels as in memory, however shards lie, and whatever goes wrong."""

import json
import resource
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from toolkit.audit import Auditor
from toolkit.corruption import Corruptor
from toolkit.datasets import load_digits, open_images
from toolkit.diagnostics import CorruptionIdentifier
from toolkit.exceptions import FolderInUseError
from toolkit.restoration import ImageRestorer
from toolkit.studies import run_partitioned_audit
from toolkit.studies.partitioned import _run as module

pytestmark = pytest.mark.cluster
zarr = pytest.importorskip("zarr", reason="needs toolkit[zarr]")

EVEN, UNEVEN = (40, 40, 40), (33, 19, 68)


@pytest.fixture(scope="module")
def damaged():
    return Corruptor(["invert"], fraction=0.2, random_state=0).corrupt(load_digits().images[:400])[0]


@pytest.fixture(scope="module")
def images(damaged):
    return damaged[:120]


@pytest.fixture(scope="module")
def auditor(damaged):
    """One that repairs."""
    return Auditor(CorruptionIdentifier(["invert"], epochs=0), random_state=0).fit(damaged)


def shards(folder, images, lengths):
    folder.mkdir()
    for number, part in enumerate(np.split(images, np.cumsum(lengths)[:-1])):
        np.save(folder / f"{number}.npy", part)
    return folder


def audit(source, out, auditor, **options):
    return run_partitioned_audit(source, out, auditor=auditor, **{"chunk_size": 20, "duplicates": False} | options)


def read(out):
    return open_images(out / "repaired.zarr").take(np.arange(120))


@pytest.mark.parametrize("lengths", [EVEN, UNEVEN], ids=["even", "uneven"])
def test_all_images_lie_in_the_array_with_their_repairs(images, auditor, tmp_path, lengths):
    whole = auditor.audit(images)
    changed = whole.per_image["repaired"].to_numpy()
    assert changed.sum() > 3
    result = audit(shards(tmp_path / "shards", images, lengths), tmp_path / "out", auditor, engine="threads")
    np.testing.assert_array_equal(read(tmp_path / "out"), whole.repaired)
    group = zarr.open_group(tmp_path / "out" / "repaired.zarr", mode="r")
    np.testing.assert_array_equal(group["state"][:], changed)
    assert group["images"].chunks == (20, 28, 28)
    assert not list((tmp_path / "out" / "repaired").iterdir())
    assert any("repaired.zarr holds all 120" in sentence for sentence in result.findings())


@pytest.mark.parametrize("lengths", [EVEN, UNEVEN], ids=["even", "uneven"])
def test_a_stopped_run_goes_on(images, auditor, tmp_path, monkeypatch, lengths):
    source, usual = shards(tmp_path / "shards", images, lengths), module.judge_part

    def stopping(task):
        if task.number == 3:
            raise KeyboardInterrupt
        return usual(task)

    monkeypatch.setattr(module, "judge_part", stopping)
    # What a worker left in a file was not yet put into the array, as when the run is killed in between.
    monkeypatch.setattr(module.RepairedArray, "collect", lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        audit(source, tmp_path / "out", auditor)
    monkeypatch.undo()
    (tmp_path / "out" / "repaired.zarr" / "images" / "0.123.partial").write_bytes(b"half")
    audit(source, tmp_path / "out", auditor)
    np.testing.assert_array_equal(read(tmp_path / "out"), auditor.audit(images).repaired)
    assert not list((tmp_path / "out").rglob("*.partial"))
    assert not list((tmp_path / "out" / "repaired").iterdir())


def test_an_array_that_was_removed_is_made_again(images, auditor, tmp_path):
    import shutil

    source = shards(tmp_path / "shards", images, EVEN)
    audit(source, tmp_path / "out", auditor)
    shutil.rmtree(tmp_path / "out" / "repaired.zarr")
    audit(source, tmp_path / "out", auditor)
    np.testing.assert_array_equal(read(tmp_path / "out"), auditor.audit(images).repaired)


def test_rows_that_could_not_be_read_are_not_images(images, auditor, tmp_path):
    stack = images.astype(np.float32)
    stack[7] = np.nan
    fitted = Auditor(CorruptionIdentifier(epochs=0), restorer=ImageRestorer(epochs=0), random_state=0)
    np.save(tmp_path / "a.npy", stack)
    audit(tmp_path / "a.npy", tmp_path / "out", fitted.fit(stack[8:]))
    part = open_images(tmp_path / "out" / "repaired.zarr").read(0, 120)
    assert [row for row, *_ in part.left_out] == [7]
    assert zarr.open_group(tmp_path / "out" / "repaired.zarr", mode="r")["state"][7] == 2


def test_a_full_disk_costs_its_parts_and_is_made_good_by_the_next_run(images, auditor, tmp_path):
    large = np.random.default_rng(0).integers(0, 256, (120, 28, 28), dtype=np.uint8)  # hardly to be compressed
    source = shards(tmp_path / "shards", large, EVEN)
    audit(source, tmp_path / "whole", auditor, chunk_size=40)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    usual = module.judge_part

    def cramped(task):
        """No file may grow beyond 20 KB: what a full disk says, but for its number."""
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limit[1]))
        try:
            return usual(task)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "judge_part", lambda task: cramped(task) if task.number else usual(task))
        result = audit(source, tmp_path / "out", auditor, chunk_size=40)
    assert result.failed["part"].tolist() == [1, 2]
    assert "OSError" in result.failed["reason"][0] or "File too large" in result.failed["reason"][0]
    audit(source, tmp_path / "out", auditor, chunk_size=40)
    np.testing.assert_array_equal(read(tmp_path / "out"), read(tmp_path / "whole"))


def test_what_else_may_lie_there_is_refused(images, auditor, tmp_path):
    source = shards(tmp_path / "shards", images, EVEN)
    audit(source, tmp_path / "out", auditor)
    path = tmp_path / "out" / "repaired.zarr" / "images" / "zarr.json"
    usual = path.read_text()
    for name, wrong in (
        ("pickle", json.loads(usual) | {"codecs": [{"name": "numcodecs.pickle"}]}),
        ("data_type", json.loads(usual) | {"data_type": {"name": "struct"}}),
        ("expected", json.loads(usual) | {"shape": [60, 28, 28]}),
    ):
        path.write_text(json.dumps(wrong))
        with pytest.raises(ValueError, match=name):
            audit(source, tmp_path / "out", auditor)
    path.write_text("{")
    with pytest.raises(ValueError, match="damaged"):
        audit(source, tmp_path / "out", auditor)
    path.write_text(usual)
    # What a group says of its members is not believed: it could name other codecs than they do.
    group = tmp_path / "out" / "repaired.zarr" / "zarr.json"
    members = {"state": json.loads(usual) | {"codecs": [{"name": "numcodecs.pickle"}]}}
    group.write_text(json.dumps(json.loads(group.read_text()) | {"consolidated_metadata": {"metadata": members}}))
    (tmp_path / "out" / "parts" / "part-00000002.json").unlink()
    assert len(audit(source, tmp_path / "out", auditor).failed) == 0
    (tmp_path / "out" / "repaired.zarr" / "images" / "c" / "9").symlink_to(tmp_path)
    with pytest.raises(ValueError, match="link"):
        audit(source, tmp_path / "out", auditor)


@pytest.mark.parametrize("name", ["repaired.zarr", "parts", "repaired", "hashes"])
def test_links_are_not_followed(images, auditor, tmp_path, name):
    source = shards(tmp_path / "shards", images, EVEN)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".profile").write_text("precious")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).symlink_to(tmp_path / "home")
    with pytest.raises(ValueError, match="link"):
        audit(source, tmp_path / "out", auditor)
    assert [path.name for path in (tmp_path / "home").iterdir()] == [".profile"]


def test_two_writers_are_kept_apart(images, auditor, tmp_path, monkeypatch):
    source, usual = shards(tmp_path / "shards", images, EVEN), module.judge_part
    refused = []

    def another(task):
        if not refused:
            refused.append(True)
            with ThreadPoolExecutor(1) as pool, pytest.raises(FolderInUseError):
                pool.submit(audit, source, tmp_path / "out", auditor).result()
        return usual(task)

    monkeypatch.setattr(module, "judge_part", another)
    audit(source, tmp_path / "out", auditor)
    assert refused


def test_a_chunk_that_cannot_be_read_costs_its_part(images, auditor, tmp_path):
    array = zarr.create_array(str(tmp_path / "a.zarr"), shape=images.shape, dtype="uint8", chunks=(20, 28, 28))
    array[:] = images
    source = open_images(tmp_path / "a.zarr")
    (tmp_path / "a.zarr" / "c" / "2" / "0" / "0").write_bytes(b"no chunk")
    result = audit(source, tmp_path / "out", auditor)
    assert result.failed[["first", "stop"]].values.tolist() == [[40, 60]]
    assert result.n_images == 100
    state = zarr.open_group(tmp_path / "out" / "repaired.zarr", mode="r")["state"][:]
    assert np.flatnonzero(state == 2).tolist() == list(range(40, 60))

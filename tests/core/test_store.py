"""The folder store and the tree of values on the ground floor."""

import math
import os

import numpy as np
import pytest
from prepared import start

from toolkit._core import folders, store
from toolkit._core.memory_layout import in_layout, memory_layout
from toolkit._core.tree import TreeReader, TreeWriter
from toolkit.exceptions import CheckpointError


def through_files(value):
    return TreeReader(TreeWriter().files(value)).value()


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -(2**200),
        0.1 + 0.2,
        5e-324,
        -0.0,
        math.inf,
        "ä\ud800\x00",
        b"\x00\xff",
        [1, [2, (3,)], {4}, frozenset({5})],
        {"a": {"b": 1}, "tuple": [1]},
        {1: "one", (2, 3): "pair", None: 0},
        slice(1, None, 2),
        range(3, 9, 2),
        np.float32(0.1),
        np.int64(-3),
        np.str_("x"),
        np.datetime64("2020-01-01"),
    ],
    ids=repr,
)
def test_values_come_back_as_they_were(value):
    found = through_files(value)
    assert type(found) is type(value)
    assert found == value
    assert repr(found) == repr(value)  # minus zero, and types within


def test_nan_and_the_order_of_keys():
    assert math.isnan(through_files(math.nan))
    assert list(through_files({"b": 1, "a": 2})) == ["b", "a"]


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6).reshape(2, 3),
        np.asfortranarray(np.random.default_rng(0).normal(size=(4, 5))),
        np.zeros((0, 3), np.float16),
        np.array(3.5),
        np.random.default_rng(1).normal(size=(2, 3, 4, 5)).transpose(0, 3, 1, 2),
        np.asfortranarray(np.random.default_rng(0).normal(size=(40, 5)))[:7],
        np.arange(10)[::-2],
        np.array([1, 2], dtype=">i4"),
        np.array(["ab", "ä"]),
        np.array([b"ab", b"c"]),
        np.array([1 + 2j]),
        np.array([[None, "a"], [1, (2,)]], dtype=object),
        np.array(["2020-01-01"], dtype="M8[D]"),
        np.array([True, False]),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_arrays_come_back_with_their_type_and_the_order_of_their_axes(array):
    found = through_files({"x": array})["x"]
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)
    if array.dtype != object:
        assert memory_layout(found) == memory_layout(array)
    assert found.flags.writeable


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24.0).reshape(2, 3, 4).transpose(2, 0, 1),
        np.asfortranarray(np.arange(40.0).reshape(8, 5))[:3],
        np.arange(60.0).reshape(3, 4, 5)[:2, 1:3, :4],
        np.arange(60.0).reshape(3, 4, 5).transpose(1, 2, 0)[:2, 1:3, :2],
        np.arange(8.0)[None, :, None],
    ],
)
def test_strides_come_back_as_they_were(array):
    found = through_files([array])[0]
    np.testing.assert_array_equal(found, array)
    assert [s for s, n in zip(found.strides, found.shape) if n > 1] == [
        s for s, n in zip(array.strides, array.shape) if n > 1
    ]


def test_layouts_without_bounds():
    """A row of a huge array does not bring the array along, and a lying layout takes no memory."""
    row = np.asfortranarray(np.zeros((50_000, 4)))[:2]
    assert memory_layout(row) == {"axes": [1, 0]}
    for lie in ({"room": [10**9, 10**9]}, {"room": [1, 1]}, {"axes": [0, 0]}, {"axes": [0]}, {"room": [2.0, 4]}):
        with pytest.raises(CheckpointError, match="layout"):
            in_layout(np.zeros((2, 4)), lie)


def test_products_come_out_bitwise_the_same():
    generator = np.random.default_rng(0)
    left, right = generator.normal(size=(37, 53)), np.asfortranarray(generator.normal(size=(80, 53)))[:17]
    loaded = through_files([left, right])
    np.testing.assert_array_equal(loaded[0] @ loaded[1].T, left @ right.T)


@pytest.mark.parametrize(
    "value", [object(), {"a": [np.random]}, {"a": {"b": lambda: 0}}, [type], {"a": {1: {2: print}}}]
)
def test_an_unknown_type_is_named_with_its_place(value):
    with pytest.raises(TypeError, match="Cannot save .*none of the types that are saved"):
        TreeWriter().files(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"a":1,"b":2}',
        '{"eval":"1"}',
        '{"tuple":{"a":1}}',
        '{"array":{"name":"nothing"}}',
        '{"array":{"shape":[1000000000000],"items":[]}}',
        '{"array":{"shape":[-1,-1],"items":[1]}}',
        '{"array":{"name":"x","dtype":"O","shape":[1]}}',
        '{"array":{"name":"x","dtype":"<f8","shape":[1000000000000]}}',
        '{"array":{"name":"x","axes":[5]}}',
        '{"array":{"name":"x","axes":[0,0]}}',
        '{"float":"os"}',
        '{"bytes":"%%%"}',
        '{"pairs":[[[1],2]]}',
        "7",
    ],
)
def test_forged_trees(text):
    files = TreeWriter().files(np.arange(3.0))
    array = files["arrays.safetensors"].replace(b'"value"', b'"x"    ')
    with pytest.raises(CheckpointError):
        TreeReader({"tree.json": text.encode(), "arrays.safetensors": array}).value()


def test_a_store_and_what_it_refuses(tmp_path):
    path = tmp_path / "deep" / "kept"
    store.write_store(path, "thing", {"a.bin": b"123", "b.bin": b""}, {"note": "ä"})
    assert store.read_store(path, "thing") == ({"note": "ä"}, {"a.bin": b"123", "b.bin": b""})
    assert os.listdir(path.parent) == ["kept"]
    store.write_store(path, "thing", {"c.bin": b"4"}, {})  # the same kind is replaced as a whole
    assert store.read_store(path, "thing") == ({}, {"c.bin": b"4"})
    with pytest.raises(CheckpointError, match="is a thing, expected a checkpoint"):
        store.read_store(path, "checkpoint")
    with pytest.raises(FileExistsError, match="no checkpoint"):
        store.write_store(path, "checkpoint", {}, {})
    manifest = (path / "manifest.json").read_text()
    forged = manifest.replace("c.bin", "../../c.bin")
    (path / "manifest.json").write_text(forged)
    with pytest.raises(CheckpointError, match="damaged"):
        store.read_store(path, "thing")


def test_a_path_in_a_manifest_that_is_otherwise_right_is_refused(tmp_path):
    (tmp_path / "secret").write_bytes(b"123")
    path = tmp_path / "kept"
    store.write_store(path, "thing", {"a.bin": b"123"}, {})
    for name in ("../secret", "/etc/passwd", "a/b", ".hidden", ""):
        (path / "manifest.json").write_bytes(store._manifest("thing", {name: b"123"}, {}))
        with pytest.raises(CheckpointError, match="damaged"):
            store.read_store(path, "thing")


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("call", ["os.rename", "os.fsync", "shutil.rmtree"])
def test_a_writer_that_dies_leaves_the_whole_or_the_earlier_one(tmp_path, replace, call):
    """A process that ends at the first, second, ... call of a kind, without a chance to tidy up."""
    path, ends = tmp_path / "kept", []
    for count in range(1, 7):
        if replace:
            store.write_store(path, "thing", {"a.bin": b"old"}, {})
        code = f"""
import os, shutil
from toolkit._core import store
calls, real = 0, {call}
def dying(*a, **k):
    global calls
    calls += 1
    if calls == {count}: os._exit(9)
    return real(*a, **k)
{call} = dying
store.write_store({str(path)!r}, "thing", {{"a.bin": b"new"}}, {{}})
"""
        ends.append(start(code).wait())
        if path.exists():
            assert store.read_store(path, "thing")[1]["a.bin"] in (b"old", b"new")
        else:
            assert not replace
        store.write_store(path, "thing", {"a.bin": b"newer"}, {})
        assert os.listdir(tmp_path) == ["kept"]  # what the dead left behind is gone
        store.remove_store(path)
    # An earlier store is exchanged in one step, which is no call of os.rename.
    assert ends[0] == 9 or (replace and call == "os.rename")
    assert set(ends) <= {0, 9}


def test_without_an_exchange_in_one_step(tmp_path, monkeypatch):
    """Where the system has none, the earlier store steps aside, and comes back if its writer dies in between."""
    monkeypatch.setattr(folders.ctypes, "CDLL", lambda *a, **k: (_ for _ in ()).throw(OSError()))
    path = tmp_path / "kept"
    store.write_store(path, "thing", {"a.bin": b"old"}, {})
    store.write_store(path, "thing", {"a.bin": b"new"}, {})
    assert store.read_store(path, "thing")[1] == {"a.bin": b"new"}
    assert os.listdir(tmp_path) == ["kept"]
    path.rename(tmp_path / ".kept-4194304999-x.old.part")  # a process number that no process has
    folders.sweep(path)
    assert store.read_store(path, "thing")[1] == {"a.bin": b"new"}

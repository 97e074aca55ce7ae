"""One thread for each native library, for as long as pieces of work run side by side."""

import sys
from types import ModuleType

import scipy.linalg  # noqa: F401  (a BLAS of its own, beside that of numpy)
from threadpoolctl import threadpool_info, threadpool_limits

from toolkit._core.threads import _libraries, one_thread_each


def n_threads():
    return {library["filepath"]: library["num_threads"] for library in threadpool_info()}


def test_every_library_has_one_thread_within_and_as_many_as_before_afterwards():
    with threadpool_limits(2):
        before = n_threads()
        assert 2 in before.values()
        with one_thread_each():
            assert set(n_threads().values()) == {1}
            with one_thread_each():
                assert set(n_threads().values()) == {1}
            assert set(n_threads().values()) == {1}
        assert n_threads() == before


def test_libraries_are_looked_for_again_once_more_is_imported(monkeypatch):
    with one_thread_each():
        known = _libraries(len(sys.modules))
    with one_thread_each():
        assert _libraries(len(sys.modules)) is known
    monkeypatch.setitem(sys.modules, "just_imported", ModuleType("just_imported"))
    with one_thread_each():
        assert _libraries(len(sys.modules)) is not known

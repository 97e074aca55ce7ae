"""What a process or thread inherits ends nothing: backends, caches, closed streams, torch's and numpy's settings."""

import io
import os
import subprocess
import sys
import warnings
from types import SimpleNamespace

import numba
import numpy as np
import pytest
import torch

from toolkit._core import inherited, progress_views
from toolkit._core.floating_point import usual_floating_point
from toolkit._core.progress import Progress, Stages, tracked
from toolkit.datasets import load_digits
from toolkit.generators import GAN, Autoencoder, VariationalAutoencoder
from toolkit.nn import limit_threads

IMAGES = load_digits().images[:40]
MODELS = [
    pytest.param(lambda: Autoencoder(epochs=1, random_state=0), id="autoencoder"),
    pytest.param(lambda: VariationalAutoencoder("convolutional", epochs=1, random_state=0), id="vae"),
    pytest.param(lambda: GAN("dcgan", epochs=1, random_state=0), id="gan"),
]


def test_a_plotting_backend_that_is_not_there_keeps_nobody_from_drawing(tmp_path):
    backend = "nonsense"
    code = (
        "import numpy as np, os; from toolkit.plots import SampleGridDisplay;"
        f"SampleGridDisplay.from_predictions(np.zeros((4, 8, 8))).save({str(tmp_path / 'a.png')!r});"
        "print(os.environ['MPLBACKEND'])"
    )
    env = {**os.environ, "MPLBACKEND": backend}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.stdout.strip() == backend, done.stderr
    assert (tmp_path / "a.png").exists()


def test_compiled_code_without_a_place_gets_one_or_says_so(monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", numba.config.CACHE_DIR)
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    asked = []

    def refuse(module, *, purpose):
        asked.append(numba.config.CACHE_DIR)
        raise RuntimeError("cannot cache function 'rdist': no locator available for file 'layouts.py'")

    monkeypatch.setattr(inherited, "import_optional", refuse)
    with pytest.raises(ImportError, match="NUMBA_CACHE_DIR"):
        inherited.import_compiled("umap", purpose="The map")
    assert len(asked) == 2
    assert os.path.isdir(asked[1])
    monkeypatch.setattr(inherited, "import_optional", lambda *given, **named: (_ for _ in ()).throw(RuntimeError("x")))
    with pytest.raises(RuntimeError, match="x"):  # any other error is its own
        inherited.import_compiled("umap", purpose="The map")


def test_what_is_compiled_is_kept_where_there_is_a_place(tmp_path, monkeypatch):
    (tmp_path / "sums.py").write_text("import numba\n\n@numba.njit\ndef twice(x):\n    return x + x\n")
    monkeypatch.syspath_prepend(tmp_path)
    import sums

    inherited.keep_compiled(sums)
    assert sums.twice(4) == 8
    assert len(list(tmp_path.rglob("sums.twice-*.nbi"))) == 1
    # Without a place nothing is kept, and what is asked for is computed all the same.
    monkeypatch.setattr(sums.twice, "enable_caching", lambda: (_ for _ in ()).throw(RuntimeError("no locator")))
    inherited.keep_compiled(sums)
    assert sums.twice(1.5) == 3.0


@pytest.mark.parametrize("make", MODELS)
def test_a_fit_is_the_same_whatever_torch_and_numpy_were_told(make):
    expected = make().fit(IMAGES).sample(2, random_state=0)
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad(), torch.device("meta"), np.errstate(all="raise"):
            found = make().fit(IMAGES)
            np.testing.assert_array_equal(found.sample(2, random_state=0), expected)
            assert not torch.is_grad_enabled()
        with torch.inference_mode():
            np.testing.assert_array_equal(make().fit(IMAGES).sample(2, random_state=0), expected)
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_overlapping_blocks_leave_the_default_type_as_found():
    torch.set_default_dtype(torch.float64)
    try:
        with limit_threads(1):
            with limit_threads(1):
                assert torch.zeros(1).dtype == torch.float32
            assert torch.zeros(1).dtype == torch.float32
        assert torch.zeros(1).dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_only_public_methods_of_a_class_are_shielded():
    @usual_floating_point
    class Small:
        def public(self):
            return np.exp(np.float64(-1e4))

        def _private(self):
            return np.exp(np.float64(-1e4))

    with np.errstate(all="raise"):
        assert Small().public() == 0
        with pytest.raises(FloatingPointError):
            Small()._private()


class Clock:
    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now


@pytest.fixture
def log(monkeypatch):
    """Standard error as a file, and a clock that the test moves."""
    stream, clock = io.StringIO(), Clock()
    monkeypatch.setattr(progress_views, "sys", SimpleNamespace(stderr=stream, modules={}))
    monkeypatch.setattr(progress_views, "time", clock)
    monkeypatch.setitem(progress_views._last, "line", float("-inf"))
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    return stream, clock


def test_a_log_gets_a_line_now_and_then(log):
    stream, clock = log
    with Progress(7200, desc="GAN", verbose=True) as progress:
        for _ in range(7200):
            clock.now += 0.5
            progress.update()
        progress.note({"loss": "0.1"})
    lines = stream.getvalue().splitlines()
    assert 55 <= len(lines) <= 65  # an hour
    assert lines[0] == "GAN: 30 of 7,200, 0:15 gone, about 59:45 left"
    assert lines[-1] == "GAN: 7,200 of 7,200, 1:00:00 gone, loss=0.1"
    assert "\r" not in stream.getvalue()


def test_short_work_and_quiet_work_say_nothing(log):
    stream, clock = log
    with Progress(10, desc="short", verbose=True) as progress:
        clock.now += 5
        progress.update(10)
    assert list(tracked(range(3), 3)) == [0, 1, 2]
    clock.now += 1000
    with Progress(10, desc="quiet") as progress:
        progress.update(10)
    assert stream.getvalue() == ""


def test_one_time_is_left_over_all_stages(log):
    stream, clock = log
    with Stages({"learn": 0.75, "judge": 0.25}, verbose=True) as stages:
        with stages("learn"), Progress(100, desc="inner", verbose=True) as progress:
            clock.now = 30.0
            progress.update(40)  # .3 of all in 30 s: 70 s are left
            assert stream.getvalue() == "learn (1 of 2): 30%, 0:30 gone, about 1:10 left\n"
        with stages("judge"):
            clock.now = 100.0
    lines = stream.getvalue().splitlines()
    assert lines[-1] == "done: 100%, 1:40 gone"
    assert not any(line.startswith("inner") for line in lines)
    assert list(stages.seconds) == ["learn", "judge"]


def test_stages_within_a_stage_share_its_time(log):
    stream, clock = log
    halves = {"a": 0.5, "b": 0.5}
    with Stages(halves, verbose=True) as outer, outer("a"), Stages(halves, verbose=True) as inner:
        with inner("a"):
            clock.now = 20.0
        assert "25%, 0:20 gone, about 1:00 left" in stream.getvalue()


@pytest.mark.parametrize("closed", [None, "closed", "broken", "ascii"])
def test_progress_never_fails(monkeypatch, closed):
    stream = None if closed is None else io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    if closed == "closed":
        stream.close()
    if closed == "broken":
        stream.write = lambda text: (_ for _ in ()).throw(BrokenPipeError)
    monkeypatch.setattr(progress_views, "sys", SimpleNamespace(stderr=stream, modules={}))
    monkeypatch.setattr(progress_views, "_FIRST", 0.0)
    monkeypatch.setitem(progress_views._last, "line", float("-inf"))
    with Progress(1, desc="бild", verbose=True) as progress:
        progress.update()
    if closed == "ascii":
        assert b"\\u0431ild" in stream.buffer.getvalue()


def test_a_bar_on_a_terminal_survives_it(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(progress_views, "sys", SimpleNamespace(stderr=Terminal(), modules={}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with Stages({"a": 1.0}, verbose=True) as stages, stages("a"), Progress(3, desc="x", verbose=True) as progress:
            progress.update(3)
            progress.note({"loss": "1"})

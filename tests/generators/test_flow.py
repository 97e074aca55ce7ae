"""FlowMatching: what is drawn follows the data, conditions are obeyed, and a training goes on where it stopped."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from scipy.stats import norm

import toolkit
from toolkit.coverage import CoverageMonitor, ModeCoverage
from toolkit.datasets import load_digits, load_ring
from toolkit.exceptions import CheckpointError
from toolkit.generators import FLOW_PRESETS, FlowMatching, flow_preset, flow_presets, flow_settings
from toolkit.generators.flow import COUPLINGS, PATHS, SOLVERS, learn_gaussian
from toolkit.generators.flow._gaussian import GaussianStart
from toolkit.generators.flow._paths import TARGETS, mix, velocity
from toolkit.generators.flow._times import TIMES, draw_times
from toolkit.nn import Checkpoint

DIGITS = load_digits()
IMAGES = DIGITS.images[:80]
SMALL = {"widths": (8, 8), "n_sampling_steps": 2, "batch_size": 16, "random_state": 0}


@pytest.fixture(scope="module")
def ring_flow():
    points = load_ring(1000, random_state=0).points
    return FlowMatching(max_steps=400, n_sampling_steps=10, random_state=0).fit(points)


def test_a_ring_is_learnt_without_a_mode_missing(ring_flow):
    """Eight modes of deviation .01 on the unit circle, evenly."""
    drawn = ring_flow.sample(1000, random_state=1)
    angles = np.arctan2(drawn[:, 1], drawn[:, 0]) / (np.pi / 4)
    counts = np.bincount(np.rint(angles).astype(int) % 8, minlength=8)
    assert counts.min() > 70
    assert abs(np.hypot(*drawn.T) - 1).mean() < 0.1


def test_every_preset_fits_and_has_its_paper():
    table = flow_presets().set_index("preset")
    assert list(table.index) == list(FLOW_PRESETS)
    for name in FLOW_PRESETS:
        flow = FlowMatching(preset=name, max_steps=2, **SMALL).fit(IMAGES)
        assert flow.sample(3, random_state=0).shape == (3, 28, 28)
        assert flow.settings_["solver"] == flow_preset(name)["solver"]
        assert any(year in table.loc[name, "paper"] for year in map(str, range(2014, 2026)))
    assert flow_settings(FlowMatching(preset="ddpm", solver="ddim"))["solver"] == "ddim"


@pytest.mark.parametrize("path", list(PATHS))
@pytest.mark.parametrize("target", list(TARGETS))
def test_any_answer_says_the_same(path, target):
    """Velocity, data and noise of a point: each gives the other two."""
    data, noise = torch.rand(5, 1, 2, 2) * 2 - 1, torch.randn(5, 1, 2, 2)
    time = torch.linspace(0.1, 0.9, 5)[:, None, None, None]
    answer = {"velocity": velocity(PATHS[path], data, noise, time), "noise": noise, "data": data}[target]
    point = TARGETS[target](PATHS[path], mix(PATHS[path], data, noise, time), answer, time)
    torch.testing.assert_close(point.data, data, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(point.noise, noise, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("path", list(PATHS))
def test_rates_are_derivatives(path):
    time, step = torch.linspace(0.1, 0.9, 9, dtype=torch.float64), 1e-5
    for part in ("data", "noise"):
        function, rate = getattr(PATHS[path], part), getattr(PATHS[path], f"{part}_rate")
        torch.testing.assert_close(rate(time), (function(time + step) - function(time - step)) / (2 * step))


def test_the_pairing_is_the_best_of_all_permutations():
    random = torch.Generator().manual_seed(0)
    data, noise = torch.randn(6, 1, 1, 2, generator=random), torch.randn(6, 1, 1, 2, generator=random)
    found = COUPLINGS["optimal_transport"](data, noise, None)
    cost = (data - found).square().sum()
    least = min((data - noise[list(order)]).square().sum() for order in itertools.permutations(range(6)))
    torch.testing.assert_close(cost, least)
    codes = torch.tensor([0, 0, 0, 1, 1, 1])
    within = COUPLINGS["optimal_transport"](data, noise, codes)
    for code in (0, 1):  # noise changes hands within a condition only
        mine, theirs = within[codes == code].flatten(1), noise[codes == code].flatten(1)
        assert {tuple(row) for row in mine.tolist()} == {tuple(row) for row in theirs.tolist()}


def test_times_are_spread_evenly():
    times = np.sort(draw_times("uniform", 100, torch.Generator().manual_seed(0)).numpy())
    np.testing.assert_allclose(np.diff(times), 0.01, atol=1e-5)
    even = torch.tensor([0.1, 0.5, 0.7])
    np.testing.assert_allclose(TIMES["logit_normal"](even), 1 / (1 + np.exp(-norm.ppf(even.numpy()))), atol=1e-6)


@pytest.mark.parametrize("path", list(PATHS))
@pytest.mark.parametrize("solver", list(SOLVERS))
def test_normal_data_are_drawn_as_they_are(path, solver):
    """What a normal distribution would answer is exact for normal data: every solver ends at their law."""
    rng = np.random.default_rng(0)
    mixing = np.array([[0.3, 0.1], [0.0, 0.15]])
    rows = (rng.normal(size=(4000, 2)) @ mixing + [0.2, -0.1]).astype(np.float32)
    start = GaussianStart(2, 2, 0, path)
    for name, values in learn_gaussian(rows, None, 0, 0).items():
        getattr(start, name).copy_(torch.from_numpy(values))
    random = torch.Generator().manual_seed(0)
    x, times, past = torch.randn(8000, 1, 1, 2, generator=random), SOLVERS[solver].times(100), {}
    nothing = torch.zeros(len(x), 0)
    for time, to in itertools.pairwise(times):
        noise = torch.randn(x.shape, generator=random)
        x = SOLVERS[solver].step(
            lambda points, at: start(points, at.expand(len(points)), nothing), x, time, to, PATHS[path], noise, past
        )
    drawn = x.reshape(-1, 2).numpy()
    np.testing.assert_allclose(drawn.mean(axis=0), rows.mean(axis=0), atol=0.015)
    # Ancestral steps take the data for certain where they are expected only, and lose a little of their spread.
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(rows.T), atol=0.012 if solver == "ancestral" else 0.006)


@pytest.mark.parametrize("solver", ["heun", "adams"])
def test_solvers_of_second_order_err_a_quarter_with_twice_the_steps(solver):
    """Of a way whose end SciPy knows: x' = x cos(3 t) + t, on the solver's own, uneven times."""
    end = solve_ivp(lambda t, x: x * np.cos(3 * t) + t, (0, 1), [0.5], rtol=1e-10, atol=1e-12).y[0, -1]

    def look(x, t):
        return SimpleNamespace(velocity=x * torch.cos(3 * t) + t)

    def error(n_steps):
        x, past = torch.tensor(0.5, dtype=torch.float64), {}
        for time, to in itertools.pairwise(SOLVERS[solver].times(n_steps).double()):
            x = SOLVERS[solver].step(look, x, time, to, PATHS["linear"], None, past)
        return abs(float(x) - end)

    # Heun's last step is Euler's, and so is the first of the other: errors of second order each.
    assert 3.0 < error(40) / error(80) < 5.0


def test_the_scale_of_the_noise_is_that_of_what_samples_begin_from_and_of_nothing_else():
    plain, wide = (FlowMatching(noise_scale=scale, max_steps=2, **SMALL).fit(IMAGES) for scale in (None, 1.5))
    np.testing.assert_allclose(wide.latents(3, random_state=0), 1.5 * plain.latents(3, random_state=0), rtol=1e-6)
    assert not np.array_equal(wide.sample(3, random_state=0), plain.sample(3, random_state=0))
    np.testing.assert_array_equal(plain.sample(3, noise_scale=1.5, random_state=0), wide.sample(3, random_state=0))
    with pytest.raises(ValueError, match="noise_scale must be a number above 0"):
        plain.sample(noise_scale=0)
    learnt = zip(plain.network_.state_dict().values(), wide.network_.state_dict().values())
    assert all(torch.equal(one, other) for one, other in learnt)


def test_rows_do_not_depend_on_their_neighbours_and_any_range_comes_back():
    flow = FlowMatching(preset="ddpm", max_steps=2, **SMALL).fit(IMAGES)
    np.testing.assert_array_equal(flow.sample(70, random_state=3)[:5], flow.sample(5, random_state=3))
    rows = IMAGES.reshape(len(IMAGES), -1) * 3.0 - 7.0
    drawn = FlowMatching(max_steps=2, **SMALL).fit(rows).sample(4, random_state=0)
    assert drawn.shape == (4, 784)
    assert drawn.min() >= rows.min()
    assert drawn.max() <= rows.max()


def test_colour_and_odd_sizes():
    stack = np.random.default_rng(0).integers(0, 256, size=(30, 19, 23, 3), dtype=np.uint8)
    assert FlowMatching(max_steps=2, **SMALL).fit(stack).sample(2, random_state=0).shape == (2, 19, 23, 3)


def test_labels_are_ignored_unless_asked_for_and_then_obeyed():
    rng = np.random.default_rng(0)
    images = IMAGES[rng.permutation(len(IMAGES))]
    first, second = (
        FlowMatching(max_steps=3, **SMALL).fit(images, y).sample(3, random_state=0) for y in (None, images)
    )
    np.testing.assert_array_equal(first, second)
    points = np.concatenate([rng.normal(-3, 0.2, size=(300, 2)), rng.normal(3, 0.2, size=(300, 2))])
    labels = np.repeat(["low", "high"], 300)
    flow = FlowMatching(conditional=True, max_steps=100, random_state=0).fit(points, labels)
    assert flow.sample(50, y="low", random_state=0).max() < 0 < flow.sample(50, y="high", random_state=0).min()
    middle = flow.sample(20, y=np.full((20, 2), 0.5), random_state=0)
    assert middle.shape == (20, 2)
    assert flow.sample(y=["low", "high"], guidance=2.0, random_state=0).shape == (2, 2)
    with pytest.raises(ValueError, match="not seen in fit"):
        flow.sample(2, y="middle")
    with pytest.raises(ValueError, match="requires y to be passed"):
        FlowMatching(conditional=True).fit(points)
    with pytest.raises(ValueError, match="y must be None for a flow"):
        FlowMatching(max_steps=1, random_state=0).fit(points).sample(2, y="low")


def test_a_training_that_was_stopped_goes_on_bitwise(tmp_path):
    whole = FlowMatching(epochs=4, **SMALL).fit(IMAGES)

    class Stop(Exception):
        pass

    def stop(trainer, entry):
        if entry["epoch"] == 2:
            raise Stop

    with pytest.raises(Stop):
        FlowMatching(epochs=4, **SMALL).fit(IMAGES, checkpoint=Checkpoint(tmp_path, every=1), hooks=[stop])
    idle = [lambda trainer, entry: None]
    resumed = FlowMatching(epochs=4, **SMALL).fit(IMAGES, checkpoint=tmp_path, resume=True, hooks=idle)
    np.testing.assert_array_equal(whole.sample(5, random_state=0), resumed.sample(5, random_state=0))
    with pytest.raises(CheckpointError, match="target"):
        FlowMatching(epochs=4, target="data", **SMALL).fit(IMAGES, checkpoint=tmp_path, resume=True, hooks=idle)


def test_lengths_monitor_saving_and_another_pass(tmp_path):
    monitor = CoverageMonitor(ModeCoverage(random_state=0).fit(IMAGES), every=2, n_samples=20)
    flow = FlowMatching(max_steps=4, **SMALL).fit(IMAGES, hooks=[monitor])
    assert monitor.frame()["step"].tolist() == [2, 4]
    toolkit.save(flow, tmp_path / "flow")
    again = toolkit.load(tmp_path / "flow")
    np.testing.assert_array_equal(flow.sample(5, random_state=0), again.sample(5, random_state=0))
    steps = flow.history_[-1]["step"]
    again.partial_fit(IMAGES)
    assert again.history_[-1]["step"] == steps + 5
    assert FlowMatching(max_seconds=0.1, **SMALL).fit(IMAGES).history_[-1]["step"] >= 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"preset": "none"}, "preset"),
        ({"path": "curved"}, "path"),
        ({"solver": "rk4"}, "solver"),
        ({"noise_scale": 0.0}, "noise_scale"),
        ({"n_clusters": -1}, "n_clusters must be an int of at least 0"),
        ({"condition_dropout": 1.0}, "condition_dropout must be below 1"),
        ({"guidance": -1}, "guidance"),
        ({"widths": ()}, "widths must name at least one"),
        ({"conditional": "yes"}, "conditional must be True or False"),
    ],
)
def test_errors_name_the_parameter(options, message):
    with pytest.raises(ValueError, match=message):
        FlowMatching(**options).fit(IMAGES)


@pytest.mark.filterwarnings("error")
def test_equal_rows_are_learnt_without_a_warning():
    images = np.zeros((100, 8, 8), dtype=np.uint8)
    assert FlowMatching(max_steps=2, random_state=0).fit(images).sample(2, random_state=0).shape == (2, 8, 8)

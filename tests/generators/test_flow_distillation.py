"""A flow taught by another one: the same rows from the same noise, in fewer steps."""

import numpy as np
import pytest

import toolkit
from toolkit.datasets import load_digits, load_ring
from toolkit.generators import FlowMatching


@pytest.fixture(scope="module")
def points():
    return load_ring(2000, random_state=0).points


@pytest.fixture(scope="module")
def flow(points):
    return FlowMatching(max_steps=400, n_sampling_steps=8, random_state=0).fit(points)


@pytest.fixture(scope="module")
def fast(flow):
    return flow.distill(1, n_pairs=3000, max_steps=600, random_state=0)


def distance(a, b):
    return float(np.sqrt(((a - b) ** 2).sum(axis=1)).mean())


def test_it_draws_from_noise_what_its_teacher_draws(flow, fast):
    """Better than the teacher does itself in one step, on noise that neither of them learnt from."""
    y = np.eye(flow.n_conditions_)[np.arange(500) % flow.n_conditions_]
    z = flow.latents(500, random_state=7)

    def draw(model, **options):
        return model._images(model.network_, z, y.astype(np.float32), **options)

    wanted = draw(flow)
    assert distance(draw(fast), wanted) < 0.5 * distance(draw(flow, n_steps=1), wanted)
    assert distance(draw(fast), wanted) < 0.15 * distance(wanted[::-1], wanted)


@pytest.mark.parametrize("n_steps", [1, 3])
def test_the_network_is_asked_as_often_as_there_are_steps(flow, n_steps, monkeypatch):
    fast = flow.distill(n_steps, n_pairs=100, max_steps=5, random_state=0)
    calls = []
    forward = fast.network_.forward
    monkeypatch.setattr(fast.network_, "forward", lambda *given: calls.append(1) or forward(*given))
    fast.sample(10, random_state=0)
    assert len(calls) == n_steps


def test_its_teacher_stays_as_it_is_and_a_seed_repeats(flow):
    before = {name: values.clone() for name, values in flow.network_.state_dict().items()}
    history, settings = list(flow.history_), dict(flow.settings_)
    pair = [flow.distill(2, n_pairs=200, max_steps=10, random_state=3).sample(20, random_state=0) for _ in range(2)]
    assert pair[0].tobytes() == pair[1].tobytes()
    assert all((before[name] == values).all() for name, values in flow.network_.state_dict().items())
    assert flow.history_ == history
    assert flow.settings_ == settings


def test_it_is_an_estimator_like_any_other(flow, fast, points, tmp_path):
    assert (fast.solver, fast.n_sampling_steps, fast.guidance) == ("euler", 1, 1.0)
    toolkit.save(fast, tmp_path / "fast")
    again = toolkit.load(tmp_path / "fast")
    assert again.sample(20, random_state=0).tobytes() == fast.sample(20, random_state=0).tobytes()
    assert len(again.partial_fit(points[:500]).history_) == len(fast.history_) + 1
    assert fast.distill(1, n_pairs=50, max_steps=2, random_state=0).sample(2, random_state=0).shape == (2, 2)


def test_conditions_and_guidance_are_learnt_with_it():
    digits = load_digits()
    rows = np.isin(digits.labels, (0, 1))
    flow = FlowMatching(conditional=True, guidance=2.0, max_steps=40, widths=(8, 8), n_sampling_steps=3, random_state=0)
    flow.fit(digits.images[rows], digits.labels[rows])
    fast = flow.distill(2, n_pairs=200, max_steps=20, random_state=0)
    drawn = fast.sample(12, y=1, random_state=0)
    assert drawn.shape == (12, *digits.images.shape[1:])
    assert drawn.dtype == digits.images.dtype
    assert (fast.guidance, flow.guidance) == (1.0, 2.0)


@pytest.mark.parametrize("preset", ["ddpm", "ddim"])
def test_ways_that_bend_are_refused(points, preset):
    flow = FlowMatching(preset=preset, max_steps=2, random_state=0).fit(points)
    with pytest.raises(ValueError, match="path='linear'.*'cosine'"):
        flow.distill()


@pytest.mark.parametrize("options", [{"n_steps": 0}, {"n_pairs": 0}, {"max_steps": 0}, {"n_pairs": 2.5}])
def test_a_parameter_out_of_range_is_named(flow, options):
    with pytest.raises((ValueError, TypeError), match=next(iter(options))):
        flow.distill(**options)

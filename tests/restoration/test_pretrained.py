"""What the networks of repair begin from: weights that fit what they are put into, and that help."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from toolkit.corruption import KINDS, SYMMETRIES, apply_corruption
from toolkit.datasets import load_glyphs
from toolkit.exceptions import CheckpointError
from toolkit.nn import build, torch_generator
from toolkit.restoration import ImageRestorer, _pretrained, psnr
from toolkit.restoration._denoiser import Denoiser
from toolkit.restoration._learned import LearnedRestorer
from toolkit.restoration._pose import PoseEstimator
from toolkit.restoration._pose_network import PoseNetwork
from toolkit.restoration._pretrained import POSE_KINDS, PRETRAINED_KINDS, load_pose, load_pretrained, save_pose
from toolkit.restoration._repair_candidates import CANDIDATES


def fresh(kinds, shape=(28, 28)):
    return build(lambda: Denoiser(shape, len(kinds)), torch_generator(0)).eval()


def answers(network, images, kinds, kind):
    code = functional.one_hot(torch.tensor(kinds.index(kind)), len(kinds)).float().expand(len(images), -1)
    with torch.inference_mode():
        return network(torch.from_numpy(images), code)


def test_it_knows_every_kind_that_is_learnt():
    learnt = {kind for kind, names in CANDIDATES.items() if any("learned" in name for name in names)}
    assert learnt <= set(PRETRAINED_KINDS) == set(KINDS) - set(SYMMETRIES) - {"invert"}


def test_of_some_kinds_in_another_order_each_says_the_same():
    images = load_glyphs(n_samples=8, random_state=3).images[:, None] / np.float32(255)
    some = ("stripe", "gaussian_noise", "rotate")
    every, few = fresh(PRETRAINED_KINDS), fresh(some)
    assert load_pretrained(every, PRETRAINED_KINDS)
    assert load_pretrained(few, some)
    for kind in some:
        for one, other in zip(answers(every, images, PRETRAINED_KINDS, kind), answers(few, images, some, kind)):
            np.testing.assert_allclose(one.numpy(), other.numpy(), atol=1e-4)


@pytest.mark.parametrize(
    ("kinds", "shape"),
    [
        (("occlude",), (32, 32)),
        (("occlude",), (28, 28, 3)),
        (("occlude",), (28, 20)),
        (("occlude", "invert"), (28, 28)),
    ],
    ids=["another size", "colours", "not square", "a kind that it does not know"],
)
def test_another_network_stays_as_it_is(kinds, shape):
    network = fresh(kinds, shape)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert not load_pretrained(network, kinds)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("content", [None, b"", b"\x08" + bytes(7) + b"{}      ", "half"])
def test_a_damaged_file_is_one_clear_error(tmp_path, monkeypatch, content):
    whole, path = _pretrained.SHIPPED.read_bytes(), tmp_path / "grey.safetensors"
    if content is not None:
        path.write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    monkeypatch.setattr(_pretrained, "SHIPPED", path)
    _pretrained._read.cache_clear()
    try:
        with pytest.raises(CheckpointError, match="damaged|holds no weights"):
            load_pretrained(fresh(("occlude",)), ("occlude",))
    finally:
        _pretrained._read.cache_clear()


def fresh_pose(kinds, shape=(28, 28)):
    return build(lambda: PoseNetwork(shape, len(kinds)), torch_generator(0)).eval()


def test_poses_of_some_kinds_in_another_order_are_the_same():
    images = torch.from_numpy(load_glyphs(n_samples=8, random_state=3).images / np.float32(255))
    every, few = fresh_pose(POSE_KINDS), fresh_pose(("shear", "rotate"))
    assert load_pose(every, POSE_KINDS)
    assert load_pose(few, ("shear", "rotate"))
    with torch.inference_mode():
        for codes in ((0, 1), (3, 0)):  # turns, slants
            known, asked = (functional.one_hot(torch.tensor(code), n).float() for code, n in zip(codes, (4, 2)))
            np.testing.assert_allclose(
                every(images, known.expand(8, -1)).numpy(), few(images, asked.expand(8, -1)).numpy(), atol=1e-5
            )


@pytest.mark.parametrize("shape", [(32, 32), (28, 20), (12, 12)])
def test_a_pose_network_of_another_size_stays_as_it_is(shape):
    network = fresh_pose(POSE_KINDS, shape)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert not load_pose(network, POSE_KINDS)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_poses_are_kept_to_a_hundredth_of_a_row(tmp_path, monkeypatch):
    network, path = fresh_pose(POSE_KINDS), tmp_path / "pose.safetensors"
    save_pose(network, path)
    assert path.stat().st_size < sum(value.numel() for value in network.state_dict().values()) * 1.05
    monkeypatch.setattr(_pretrained, "POSE_SHIPPED", path)
    _pretrained._read_pose.cache_clear()
    read = build(lambda: PoseNetwork((28, 28), 4), torch_generator(1))
    try:
        assert load_pose(read, POSE_KINDS)
    finally:
        _pretrained._read_pose.cache_clear()
    for (name, value), mine in zip(network.state_dict().items(), read.state_dict().values()):
        most = value.abs().amax(dim=-1, keepdim=True) if value.ndim == 2 else torch.zeros(1)
        assert bool(((value - mine).abs() <= most / 200 + 1e-7).all()), name


@pytest.mark.parametrize("negative", [False, True])
def test_poses_are_told_before_anything_is_learnt(negative):
    """Of a font that the shipped network has never seen, light on dark and dark on light, after next to no lesson."""
    images = load_glyphs(n_samples=400, fonts=["serif"], random_state=5).images
    images = 255 - images if negative else images
    fitted = {
        init: PoseEstimator(POSE_KINDS, init=init).fit(
            images[:200],
            shares=dict.fromkeys(POSE_KINDS, 1.0),
            n_images=300,
            n_rounds=1,
            generator=np.random.default_rng(0),
        )
        for init in ("random", "grey")
    }
    unit = images[200:] / np.float32(255)
    for kind, name in (("translate", "dx"), ("scale", "factor"), ("shear", "slant")):
        planted, truth = apply_corruption(unit, kind, generator=np.random.default_rng(1))
        errors = {
            init: np.abs(each.estimate(planted, kind)[name] - truth[name].to_numpy(dtype=float)).mean()
            for init, each in fitted.items()
        }
        assert errors["grey"] < 0.6 * errors["random"], (kind, errors)


@pytest.fixture(scope="module")
def serif():
    """Glyphs of a font that the shipped network has never seen: to learn from, and to judge by."""
    images = load_glyphs(n_samples=500, fonts=["serif"], random_state=5).images
    return images[:300], images[300:]


def learned_gain(learned, images, kind, seed=0):
    planted, _ = apply_corruption(images / np.float32(255), kind, generator=np.random.default_rng(seed))
    planted = np.rint(planted * 255).astype(np.uint8)
    repaired = learned.restore(planted / np.float32(255), kind, abstain=False)
    return np.median(psnr(np.rint(repaired * 255).astype(np.uint8), images) - psnr(planted, images))


def few_lessons(images, init):
    kinds = ("gaussian_noise", "gaussian_blur", "stripe")
    return LearnedRestorer(kinds, init=init).fit(
        images,
        shares=dict.fromkeys(kinds, 1.0),
        n_images=1500,
        n_rounds=2,
        generator=np.random.default_rng(0),
    )


def test_with_few_images_what_was_known_before_helps(serif):
    few, others = serif
    knowing, knowing_nothing = few_lessons(few, "grey"), few_lessons(few, "random")
    for kind in knowing.kinds:
        gain = learned_gain(knowing, others, kind)
        assert gain > 2.0, kind
        assert gain > learned_gain(knowing_nothing, others, kind) + 0.5, kind


def test_dark_on_light_is_seen_as_its_negative(serif):
    few, others = serif
    printed = few_lessons(255 - few, "grey")
    assert printed.negative
    assert not few_lessons(few, "grey").negative
    assert not few_lessons(255 - few, "random").negative
    for kind in printed.kinds:
        assert learned_gain(printed, 255 - others, kind) > 2.0, kind


def test_what_to_begin_from_is_a_parameter():
    with pytest.raises(ValueError, match="init"):
        ImageRestorer(init="glyphs").fit(np.zeros((10, 28, 28), np.uint8))

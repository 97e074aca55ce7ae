"""What identifiers begin from: the shipped prior, one's own, and files that are none."""

import numpy as np
import pytest
from safetensors.numpy import save_file
from sklearn.metrics import roc_auc_score

from toolkit.corruption import KINDS, MEASURED_KINDS, Corruptor
from toolkit.datasets import load_digits, load_glyphs
from toolkit.diagnostics import CorruptionIdentifier, pretrain_identifier
from toolkit.diagnostics.identifier._calibration import initial_clean_mask
from toolkit.diagnostics.identifier._pretrained import PretrainedWeights, load_pretrained
from toolkit.diagnostics.identifier.network import KindNetwork
from toolkit.exceptions import CheckpointError
from toolkit.nn import build, torch_generator


def network(n_outputs, shape=(28, 28), seed=0):
    return build(lambda: KindNetwork(shape, n_outputs), torch_generator(seed))


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A prior of one's own that knows two kinds."""
    path = tmp_path_factory.mktemp("prior") / "mine.safetensors"
    kinds = ["rotate_180", "invert"]
    return pretrain_identifier(
        load_digits().images[:60], path, kinds=kinds, rounds=2, images_per_round=128, random_state=3
    )


def test_the_shipped_prior_helps_on_fonts_it_never_saw():
    clean = load_glyphs(400, fonts="serif", random_state=5).images
    given, kinds = Corruptor(MEASURED_KINDS, fraction=0.2, random_state=0).corrupt(clean)
    scores = {
        init: roc_auc_score(
            kinds != "clean",
            -CorruptionIdentifier(MEASURED_KINDS, init=init, epochs=2, images_per_epoch=600, random_state=0)
            .fit(given)
            .score_samples(given),
        )
        for init in ("grey", "random")
    }
    assert scores["grey"] > scores["random"] + 0.02
    assert scores["grey"] > 0.9


def test_the_shipped_prior_knows_every_kind():
    assert set(load_pretrained("grey").kinds) == set(KINDS)
    assert load_pretrained("random") is None


def test_outputs_carry_over_by_name(own):
    prior = load_pretrained(own)
    is_pretrained, fresh = network(5), network(5)
    # Of these three kinds the prior knows the last; "clean" and "unknown" it knows anyway.
    assert prior.load_into(is_pretrained, ("stripe", "occlude", "invert"))
    weights, given = is_pretrained.kinds.weight.detach().numpy(), prior.weights["kinds.weight"].astype(np.float32)
    np.testing.assert_array_equal(weights[[0, 3, 4]], given[[0, prior.kinds.index("invert") + 1, 3]])
    np.testing.assert_array_equal(weights[[1, 2]], fresh.kinds.weight.detach().numpy()[[1, 2]])
    body = is_pretrained.state_dict()["body.0.weight"].numpy()
    np.testing.assert_array_equal(body, prior.weights["body.0.weight"].astype(np.float32))


@pytest.mark.parametrize("shape", [(28, 28, 3), (64, 64), (12, 12)])
def test_a_network_of_another_shape_is_left_as_it_is(shape, own):
    given, fresh = network(4, shape), network(4, shape)
    assert not load_pretrained(own).load_into(given, ("rotate_180", "invert"))
    for name, value in fresh.state_dict().items():
        np.testing.assert_array_equal(given.state_dict()[name].numpy(), value.numpy())


def test_what_was_begun_from_is_said(own):
    images = load_digits().images[:40]
    colours = np.repeat(images[..., None], 3, axis=3)
    plan = {"kinds": ["invert"], "epochs": 1, "images_per_epoch": 64, "random_state": 0}
    assert CorruptionIdentifier(**plan).fit(images).init_ == "grey"
    assert CorruptionIdentifier(**plan, init="random").fit(images).init_ == "random"
    assert CorruptionIdentifier(**plan, init=own).fit(images).init_ == "mine"
    assert CorruptionIdentifier(**plan, init=str(own)).fit(images).init_ == "mine"
    assert CorruptionIdentifier(**plan).fit(colours).init_ == "random"


def test_pretraining_repeats_bit_by_bit(own, tmp_path):
    again = pretrain_identifier(
        load_digits().images[:60] / 255,
        tmp_path / "again.safetensors",
        kinds=["rotate_180", "invert"],
        rounds=2,
        images_per_round=128,
        random_state=3,
    )
    assert again.read_bytes() == own.read_bytes()


def test_sixteen_bits_are_near_enough(own, tmp_path):
    prior = load_pretrained(own)
    exact = {name: np.asarray(value.astype(np.float32) * (1 + 1e-4)) for name, value in prior.weights.items()}
    PretrainedWeights(prior.kinds, exact).save(tmp_path / "rounded.safetensors")
    for name, value in load_pretrained(tmp_path / "rounded.safetensors").weights.items():
        np.testing.assert_allclose(value.astype(np.float32), exact[name], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("init", ["glyph", None, 3, "missing.safetensors"])
def test_a_name_that_is_none_is_refused(init):
    with pytest.raises(ValueError, match=r"got 'nowhere/prior.safetensors', and there is no such file\."):
        load_pretrained("nowhere/prior.safetensors")
    with pytest.raises(ValueError, match=r"init must be 'grey', 'random', or a file of pretrain_identifier"):
        CorruptionIdentifier(init=init).fit(load_digits().images[:20])


def test_foreign_files_are_refused(own, tmp_path):
    foreign = tmp_path / "foreign.safetensors"
    save_file({"a": np.zeros(3, np.float32)}, foreign)
    with pytest.raises(CheckpointError, match="is no prior"):
        load_pretrained(foreign)
    prior = load_pretrained(own)
    PretrainedWeights(prior.kinds[:1], prior.weights).save(tmp_path / "short.safetensors")
    with pytest.raises(CheckpointError, match="do not fit"):
        load_pretrained(tmp_path / "short.safetensors")
    broken = prior.weights | {"kinds.bias": np.full(4, np.nan, dtype=np.float32)}
    PretrainedWeights(prior.kinds, broken).save(tmp_path / "nan.safetensors")
    with pytest.raises(CheckpointError, match="do not fit"):
        load_pretrained(tmp_path / "nan.safetensors")


def test_damaged_files_are_refused_or_read_never_raise_otherwise(own, tmp_path):
    content, generator = own.read_bytes(), np.random.default_rng(0)
    path, refused = tmp_path / "damaged.safetensors", 0
    for attempt in range(120):
        damaged = bytearray(content)
        if attempt % 3 == 0:
            damaged = damaged[: generator.integers(len(content))]
        else:
            # The header is where damage can do harm.
            place = generator.integers(8 + 1500 if attempt % 3 == 1 else 16)
            damaged[place] ^= int(generator.integers(1, 256))
        path.write_bytes(bytes(damaged))
        try:
            prior = load_pretrained(path)
            prior.load_into(network(4), ("rotate_180", "invert"))
        except CheckpointError:
            refused += 1
    assert refused > 90


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kinds": ["invrt"]}, "Unknown kind"),
        ({"rounds": 0}, "rounds must be an int of at least 1"),
        ({"images_per_round": True}, "images_per_round must be an int of at least 2"),
    ],
)
def test_bad_plans_are_refused(change, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        pretrain_identifier(load_digits().images[:10], tmp_path / "x.safetensors", **change)
    with pytest.raises(ValueError, match="at least 2 images"):
        pretrain_identifier(load_digits().images[:1], tmp_path / "x.safetensors", rounds=1)
    assert not list(tmp_path.iterdir())


def test_dark_on_light_begins_from_the_glyphs_just_as_well():
    clean = load_digits().images[:400]
    given, kinds = Corruptor(["flip_vertical", "gaussian_blur"], fraction=0.2, random_state=0).corrupt(clean)
    plan = {"kinds": ["flip_vertical", "gaussian_blur"], "epochs": 2, "images_per_epoch": 600, "random_state": 0}
    light, dark = (CorruptionIdentifier(**plan).fit(images) for images in (given, 255 - given))
    assert [identifier._ensemble.members[0].negative for identifier in (light, dark)] == [False, True]
    scores = [
        roc_auc_score(kinds != "clean", -identifier.score_samples(images))
        for identifier, images in ((light, given), (dark, 255 - given))
    ]
    assert min(scores) > 0.83
    assert abs(scores[0] - scores[1]) < 0.05


def test_what_is_spoilt_in_one_single_way_is_not_learnt_to_be_clean():
    """A fifth of the set inverted has company; the prior, which has not seen the set, has the first word."""
    clean = load_glyphs(500, classes="0123456789", fonts="serif", random_state=3).images
    given, kinds = Corruptor(["invert"], fraction=0.2, random_state=0).corrupt(clean)
    plan = {"epochs": 3, "images_per_epoch": 1000, "random_state": 0}
    identifier = CorruptionIdentifier(["invert", "salt_and_pepper"], **plan).fit(given)
    named = identifier.identify(given)["kind"].to_numpy()
    assert (named[kinds == "invert"] == "invert").mean() > 0.9
    assert (named[kinds == "clean"] == "clean").mean() > 0.95
    assert identifier.prevalence_ == pytest.approx(0.2, abs=0.03)


def test_a_prior_that_finds_hardly_anything_clean_is_not_asked():
    usual = np.array([True] * 9 + [False])
    surely = np.log(np.array([[0.98, 0.01, 0.01], [0.01, 0.98, 0.01]]))
    # Six of ten found clean, among them the odd row, which is vouched for; then four of ten.
    most, few = surely[[0, 0, 0, 0, 0, 1, 1, 1, 1, 0]], surely[[0, 0, 0, 1, 1, 1, 1, 1, 1, 0]]
    np.testing.assert_array_equal(initial_clean_mask(most, usual), [True] * 5 + [False] * 4 + [True])
    np.testing.assert_array_equal(initial_clean_mask(few, usual), usual)


def test_a_prior_of_dark_on_light_serves_both(tmp_path):
    """Networks see every set light on dark, those that pretrain too; what is symmetric is learnt alike either way."""
    images, plan = load_digits().images[:60], {"kinds": ["rotate_180"], "rounds": 1, "images_per_round": 64}
    light, dark = (
        load_pretrained(pretrain_identifier(given, tmp_path / f"{name}.safetensors", random_state=0, **plan))
        for name, given in (("light", images), ("dark", 255 - images))
    )
    for name, value in light.weights.items():
        np.testing.assert_allclose(value.astype(float), dark.weights[name].astype(float), atol=0.05, err_msg=name)

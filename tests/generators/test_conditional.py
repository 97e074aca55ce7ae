"""The conditional GAN: labels in, images of them out; everything that a GAN keeps, it keeps."""

import json

import numpy as np
import pytest
import torch

import toolkit
from toolkit.datasets import load_glyphs
from toolkit.generators import GAN, ConditionalGAN
from toolkit.generators.adversarial import AdversarialTrainer, ConditionalTrainer
from toolkit.generators.adversarial._conditional import ConditionalDiscriminator, ConditionalGenerator
from toolkit.generators.adversarial._conditional_layers import ConditionalBatchNorm2d, under_weights
from toolkit.nn import Checkpoint, build, torch_generator

SMALL = {
    "preset": "plain",  # what is tested is added to it
    "generator_widths": (16,),
    "discriminator_widths": (16,),
    "latent_dim": 5,
    "epochs": 3,
    "batch_size": 16,
}
CURES = {
    "objective": "relativistic",
    "packing": 2,
    "gradient_penalty": "r1r2",
    "spectral_norm": True,
    "minibatch_std": True,
    "dropout": 0.2,
    "instance_noise": 0.1,
    "weight_averaging": 0.9,
    "critic_steps": 2,
    "precision": "bfloat16",
    "snapshot_epochs": (1, 3),
}
CONDITIONINGS = [(g, d) for g in ("embedding", "batch_norm") for d in ("embedding", "projection")]
each_conditioning = pytest.mark.parametrize(("generator", "discriminator"), CONDITIONINGS)


@pytest.fixture(scope="module")
def glyphs():
    found = load_glyphs(n_samples=70, classes="ABC", random_state=0)
    return found.images, np.char.lower(found.labels)


def small(generator="embedding", discriminator="embedding", **params):
    params = {**SMALL, "random_state": 0, **params}
    return ConditionalGAN(generator_conditioning=generator, discriminator_conditioning=discriminator, **params)


def weights(gan):
    return [*gan.generator_.state_dict().values(), *gan.discriminator_.state_dict().values()]


def assert_same_fit(first, second):
    assert len(weights(first)) == len(weights(second))
    assert all(torch.equal(a, b) for a, b in zip(weights(first), weights(second)))
    np.testing.assert_array_equal(first.sample(9, random_state=3), second.sample(9, random_state=3))


def test_a_hook_draws_what_it_asks_for(glyphs):
    drawn = []
    gan = small(epochs=1)
    gan.fit(*glyphs, hooks=[lambda trainer, entry: drawn.append(trainer.sample(3, y="b", random_state=1))])
    np.testing.assert_array_equal(drawn[0], gan.sample(3, y="b", random_state=1))
    with pytest.raises(ValueError, match="not seen in fit"):
        small(epochs=1).fit(*glyphs, hooks=[lambda trainer, entry: trainer.sample(3, y="z")])


def patches(n_samples=300, seed=0):
    """Four classes of 8 x 8 images, one bright quarter each, and noise."""
    generator = np.random.default_rng(seed)
    y = generator.integers(4, size=n_samples)
    X = generator.random((n_samples, 8, 8)) * 0.3
    for image, label in zip(X, y):
        image[4 * (label // 2) :, 4 * (label % 2) :][:4, :4] += 0.7
    return X, y


def quarter(images):
    """The brightest quarter of each image."""
    return images.reshape(-1, 2, 4, 2, 4).mean(axis=(2, 4)).reshape(-1, 4).argmax(axis=1)


@each_conditioning
@pytest.mark.parametrize("architecture", ["mlp", "dcgan"])
def test_it_shows_what_is_asked_for(architecture, generator, discriminator):
    """Read by a plain rule, nearly all samples are of their label, though nothing but the label could tell them."""
    X, y = patches()
    widths = (32,) if architecture == "mlp" else (16,)
    names = np.array(["north west", "north east", "south west", "south east"])
    gan = ConditionalGAN(
        architecture,
        preset="plain",
        generator_conditioning=generator,
        discriminator_conditioning=discriminator,
        latent_dim=8,
        generator_widths=widths,
        discriminator_widths=widths,
        gradient_penalty="r1",
        penalty_weight=1.0,
        learning_rate=0.003,
        max_steps=250,
        batch_size=32,
        random_state=0,
    ).fit(X, names[y])
    wanted = np.repeat(np.arange(4), 50)
    read = quarter(gan.sample(y=names[wanted], random_state=0))
    assert (read == wanted).mean() > 0.9
    # Without a label, labels come as often as they were seen.
    assert set(quarter(gan.sample(200, random_state=1))) == {0, 1, 2, 3}
    # A way between labels starts at the one and ends at the other.
    path = gan.interpolate("north west", "south east", 7, start=0)
    assert quarter(path)[[0, -1]].tolist() == [0, 3]


@each_conditioning
def test_cures_conditionings_and_repetition(glyphs, generator, discriminator):
    one, two = (small(generator, discriminator, **CURES).fit(*glyphs) for _ in range(2))
    assert_same_fit(one, two)
    assert list(one.snapshots_) == [1, 3]
    assert "gradient_penalty" in one.history_[0]
    assert not torch.equal(weights(one)[0], weights(small(generator, discriminator, random_state=1).fit(*glyphs))[0])


@pytest.mark.parametrize("objective", ["minimax", "least_squares", "wasserstein", "wasserstein_gp", "hinge"])
def test_every_objective_trains(glyphs, objective):
    history = small(objective=objective).fit(*glyphs).history_
    assert len(history) == 3
    assert all(np.isfinite(value) for entry in history for value in entry.values())


def test_a_killed_fit_goes_on_bitwise(glyphs, tmp_path):
    class Killed(Exception):
        pass

    def kill(trainer, entry):
        if entry["epoch"] == 2:
            raise Killed

    params = {"generator": "batch_norm", "discriminator": "projection", "mismatch_weight": 0.5, **CURES}
    whole = small(**params).fit(*glyphs)
    checkpoint = Checkpoint(tmp_path, every=3, unit="steps")
    with pytest.raises(Killed):
        small(**params).fit(*glyphs, checkpoint=checkpoint, hooks=[kill])
    again = small(**params).fit(*glyphs, checkpoint=checkpoint, resume=True, hooks=[lambda trainer, entry: None])
    assert_same_fit(whole, again)


@each_conditioning
def test_what_is_saved_comes_back(glyphs, tmp_path, generator, discriminator):
    gan = small(generator, discriminator, packing=2, spectral_norm=True).fit(*glyphs)
    toolkit.save(gan, tmp_path / "gan")
    back = toolkit.load(tmp_path / "gan")
    assert_same_fit(gan, back)
    assert back.classes_.tolist() == ["a", "b", "c"]
    X, y = glyphs
    np.testing.assert_array_equal(back.discriminator_score(X, y), gan.discriminator_score(X, y))
    assert_same_fit(gan.partial_fit(X, y), back.partial_fit(X, y))


def test_partial_fit_takes_labels_that_come_later(glyphs):
    X, y = glyphs
    gan = small().partial_fit(X[y != "c"], y[y != "c"], classes=["c", "b", "a"]).partial_fit(X, y)
    assert gan.classes_.tolist() == ["a", "b", "c"]
    assert [entry["epoch"] for entry in gan.history_] == [1, 2]
    with pytest.raises(ValueError, match="not seen in fit: 'z'"):
        gan.partial_fit(X[:2], ["a", "z"])


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param(lambda codes: codes.astype(np.uint8), id="uint8"),
        pytest.param(lambda codes: codes - 1.5, id="floats"),
        pytest.param(lambda codes: codes > 0, id="booleans"),
        pytest.param(lambda codes: np.array(["é", "b c", ""])[codes], id="strings"),
        pytest.param(lambda codes: np.array(["x", "yy", "z"], dtype=object)[codes], id="objects"),
        pytest.param(lambda codes: codes.tolist(), id="list"),
        pytest.param(lambda codes: 0 * codes, id="one class"),
    ],
)
def test_any_labels_will_do(glyphs, labels):
    X = glyphs[0]
    y = labels(np.arange(len(X)) % 3)
    gan = small(epochs=1).fit(X, y)
    seen = np.unique(np.asarray(y).astype(str) if np.asarray(y).dtype == object else y)
    assert gan.classes_.tolist() == seen.tolist()
    assert gan.class_shares_.sum() == pytest.approx(1)
    for label in gan.classes_:
        assert gan.sample(2, y=label).shape == (2, 28, 28)
    assert gan.sample(y=gan.classes_).shape == (len(seen), 28, 28)


def test_a_row_does_not_depend_on_its_neighbours_or_on_their_labels(glyphs):
    gan = small("batch_norm", "projection").fit(*glyphs)
    z = gan.latents(130, random_state=0)
    y = gan.classes_[np.arange(130) % 3]
    whole = gan.generate(z, y)
    for row in (0, 63, 64, 129):
        np.testing.assert_array_equal(gan.generate(z[row : row + 1], y[row]), whole[row : row + 1])
    X, labels = glyphs
    scores = gan.discriminator_score(X, labels)
    np.testing.assert_array_equal(gan.discriminator_score(X[5:6], labels[5]), scores[5:6])


def test_samples_labels_and_weights_agree(glyphs):
    gan = small().fit(*glyphs)
    one_hot = np.eye(3)[[0, 2]]
    z = gan.latents(2, random_state=0)
    np.testing.assert_array_equal(gan.generate(z, one_hot), gan.generate(z, ["a", "c"]))
    np.testing.assert_array_equal(gan.sample(2, y="b", random_state=5), gan.sample(y=["b", "b"], random_state=5))
    grid = gan.class_grid(4, random_state=2).reshape(3, 4, 28, 28)
    columns = gan.latents(4, random_state=2)
    np.testing.assert_array_equal(grid[1], gan.generate(columns, "b"))
    path = gan.interpolate("a", "c", 5, start=3, end=4)
    first, last = gan.latents(1, random_state=3), gan.latents(1, random_state=4)
    np.testing.assert_array_equal(path[:1], gan.generate(first, "a"))
    np.testing.assert_array_equal(path[-1:], gan.generate(last, "c"))
    still = gan.interpolate("a", "c", 3, start=3)
    np.testing.assert_array_equal(still[1:2], gan.generate(first, [[0.5, 0, 0.5]]))
    # Without labels a score is the mean over labels, as often as they were seen.
    X = glyphs[0][:5]
    by_hand = sum(share * gan.discriminator_score(X, label) for label, share in zip(gan.classes_, gan.class_shares_))
    np.testing.assert_allclose(gan.discriminator_score(X), by_hand, rtol=1e-12)


def test_labels_matter_and_shuffled_ones_teach_something_else(glyphs):
    X, y = glyphs
    shuffled = np.random.default_rng(0).permutation(y)
    assert not np.array_equal(small().fit(X, y).sample(3, y="a"), small().fit(X, shuffled).sample(3, y="a"))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"generator_conditioning": "film"}, "Unknown generator conditioning: 'film'"),
        ({"discriminator_conditioning": "batch_norm"}, "Unknown discriminator conditioning"),
        ({"architecture": "vgg"}, "Unknown architecture"),
        ({"architecture": (torch.nn.Identity(), torch.nn.Identity())}, "Unknown architecture"),
        ({"embedding_dim": 0}, "embedding_dim must be an int"),
        ({"generator_conditioning": "batch_norm", "generator_widths": ()}, "generator_widths must name"),
        ({"label_smoothing": 0.9}, "label_smoothing"),
        ({"mismatch_weight": -1.0}, "mismatch_weight must be a number of at least 0"),
    ],
)
def test_parameters_out_of_range_are_named(glyphs, params, message):
    with pytest.raises(ValueError, match=message):
        ConditionalGAN(**{**SMALL, **params}).fit(*glyphs)


def test_labels_that_cannot_be_are_named(glyphs):
    X, y = glyphs
    for bad, message in (
        (None, "requires y"),
        (y[:-1], "one label for each of the 70 rows"),
        (np.where(np.arange(70) == 3, np.nan, 1.0), "NaN"),
        (np.array([1, "a"] * 35, dtype=object), "numbers or strings only, got int, str"),
        (np.array([None, "a"] * 35, dtype=object), "got NoneType, str"),
        (np.arange(70) * 1j, "got complex"),
    ):
        with pytest.raises(ValueError, match=message):
            small().fit(X, bad)
    gan = small(epochs=1).fit(X, y)
    for call in (
        lambda: gan.sample(3, y="q"),
        lambda: gan.sample(y=["a", "q"]),
        lambda: gan.interpolate("a", "q"),
        lambda: gan.discriminator_score(X, "q"),
        lambda: gan.sample(2, y=1),
    ):
        with pytest.raises(ValueError, match=r"not seen in fit: ('q'|1)\. Seen: 'a', 'b', 'c'"):
            call()
    with pytest.raises(ValueError, match="n_samples=3 of them, got 2"):
        gan.sample(3, y=["a", "b"])
    with pytest.raises(ValueError, match=r"weights of classes, got \(1, 2\)"):
        gan.generate(gan.latents(1), [[0.5, 0.5]])


def test_fit_many_hands_the_labels_on(glyphs):
    fits = small(epochs=1).fit_many(*glyphs, seeds=[0], n_jobs=1)
    assert_same_fit(fits["estimator"][0], small(epochs=1).fit(*glyphs))


def test_the_projection_is_an_inner_product():
    """The logit under a label is the unconditional one plus features times the vector of the class, by hand."""
    network = build(
        lambda: ConditionalDiscriminator("mlp", 3, (1, 4, 4), conditioning="projection", widths=(6,), embedding_dim=2),
        torch_generator(0),
    )
    images, one_hot = torch.randn(3, 1, 4, 4, generator=torch_generator(1)), torch.eye(3)
    features = torch.nn.functional.leaky_relu(network.network.body[0](images.flatten(1)), 0.2)
    vectors = network.projection.weight.t() + network.projection.bias  # (n_classes, n_features)
    by_hand = network.network.head(features)[:, 0] + torch.stack([vectors[i] @ features[i] for i in range(3)])
    torch.testing.assert_close(network(images, one_hot), by_hand)


def test_class_conditional_batch_norm_is_batch_norm_with_the_gains_of_the_class():
    layer = ConditionalBatchNorm2d(4, 3)
    with torch.no_grad():
        layer.gains.copy_(torch.rand(3, 4, generator=torch_generator(0)))
        layer.offsets.copy_(torch.rand(3, 4, generator=torch_generator(1)))
    codes = torch.tensor([0, 2, 1, 1, 0])
    x = torch.randn(5, 4, 3, 3, generator=torch_generator(2))

    with under_weights(torch.eye(3)[codes]):
        found = layer(x)
    mean, variance = x.mean(dim=(0, 2, 3), keepdim=True), x.var(dim=(0, 2, 3), keepdim=True, correction=0)
    plain = (x - mean) / (variance + 1e-5).sqrt()
    expected = plain * layer.gains[codes][..., None, None] + layer.offsets[codes][..., None, None]
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("architecture", ["mlp", "dcgan", "resnet"])
@each_conditioning
def test_networks_are_built_again_from_their_config(architecture, generator, discriminator):
    shape = (3, 9, 7)
    makes = ConditionalGenerator(
        architecture, 4, 3, shape, conditioning=generator, widths=(8,), norm="none", embedding_dim=5
    )
    judges = ConditionalDiscriminator(
        architecture, 3, shape, conditioning=discriminator, widths=(8,), packing=2, minibatch_std=True, embedding_dim=5
    )
    for network in (makes, judges):
        config = json.loads(json.dumps(network.config))
        type(network)(**config).load_state_dict(network.state_dict())
    images = makes(torch.cat([torch.randn(6, 4), torch.eye(3).repeat(2, 1)], dim=1))
    assert images.shape == (6, *shape)
    assert judges(images.reshape(3, 6, 9, 7), torch.eye(3).repeat(1, 2)).shape == (3,)
    # All that either network has is learnt: every parameter has a gradient once the labels have been seen.
    judges(images.reshape(3, 6, 9, 7), torch.eye(3).repeat(1, 2)).sum().backward()
    unused = [name for network in (makes, judges) for name, p in network.named_parameters() if p.grad is None]
    assert unused == []


def test_real_and_fake_rows_of_a_step_have_the_same_labels(glyphs, monkeypatch):
    seen = []
    gan = small(packing=2, gradient_penalty="zero_centred", epochs=1, batch_size=15, mismatch_weight=0.0)
    original = ConditionalDiscriminator.forward

    def watch(self, images, weights):
        if self.training:
            seen.append((len(images), weights.detach().clone()))
        return original(self, images, weights)

    monkeypatch.setattr(ConditionalDiscriminator, "forward", watch)
    gan.fit(*glyphs)
    # Both kinds of rows at once, points between them, then the generator's fakes: 70 rows in batches of 15, padded.
    sizes = [n_rows for n_rows, _ in seen]
    assert sizes[:3] == [16, 8, 8]
    both, between, fakes = (labels for _, labels in seen[:3])
    assert torch.equal(both[:8], both[8:])
    assert torch.equal(both[:8], between)
    assert torch.equal(between, fakes)


@pytest.mark.parametrize("packing", [1, 2])
def test_wrong_labels_are_of_the_real_rows_and_always_wrong(glyphs, monkeypatch, packing):
    seen = []
    gan = small(packing=packing, epochs=1, batch_size=16, mismatch_weight=1.0)
    original = ConditionalDiscriminator.forward

    def watch(self, images, weights):
        if self.training:
            kept = weights.detach().cpu().clone()
            seen.append((images.detach().cpu().clone(), kept.reshape(len(images), packing, 3)))
        return original(self, images, weights)

    monkeypatch.setattr(ConditionalDiscriminator, "forward", watch)
    gan.fit(*glyphs)
    assert "mismatch_loss" in gan.history_[0]
    # Both kinds of rows at once, the real ones under wrong labels, then the generator's fakes.
    for (both, right), (real, wrong) in zip(seen[::3], seen[1::3]):
        assert torch.equal(both[: len(real)], real)
        assert torch.equal(wrong.sum(dim=2), torch.ones(wrong.shape[:2]))
        assert not (right[: len(real)] * wrong).any()


def test_wrong_labels_teach_the_discriminator_what_labels_mean(glyphs):
    X, y = glyphs

    def told_apart(mismatch_weight):
        gan = small(mismatch_weight=mismatch_weight, epochs=20).fit(X, y)
        scores = np.column_stack([gan.discriminator_score(X, label) for label in gan.classes_])
        return (gan.classes_[scores.argmax(axis=1)] == y).mean()

    assert told_apart(1.0) > max(0.5, told_apart(0.0) + 0.1)  # one in three by chance


def test_one_class_and_no_embedding_would_be_a_gan(glyphs):
    """With a single label there is nothing to condition on: the trainer takes the steps of the plain one."""
    images = torch.from_numpy(glyphs[0][:16])

    def networks(seed):
        generator = build(
            lambda: ConditionalGenerator(
                "mlp", 3, 1, (1, 28, 28), conditioning="batch_norm", widths=(8,), embedding_dim=1
            ),
            torch_generator(seed),
        )
        discriminator = build(
            lambda: ConditionalDiscriminator(
                "mlp", 1, (1, 28, 28), conditioning="projection", widths=(8,), embedding_dim=1
            ),
            torch_generator(seed),
        )
        with torch.no_grad():
            discriminator.projection.weight.zero_()
        return generator, discriminator

    class Fixed(torch.nn.Module):
        """A conditional network under its only label."""

        def __init__(self, network, is_generator):
            super().__init__()
            self.network, self.is_generator = network, is_generator

        def forward(self, x):
            ones = torch.ones(len(x), 1)
            return self.network(torch.cat([x, ones], dim=1)) if self.is_generator else self.network(x, ones)

    options = {"latent_dim": 3, "total_steps": 4, "gradient_penalty": "r1"}
    labelled = {"class_shares": [1.0], "mismatch_weight": 1.0}  # nor is there a wrong label to show
    ours = ConditionalTrainer(*networks(0), **labelled, random=torch_generator(1), **options)
    pair = networks(0)
    plain = AdversarialTrainer(Fixed(pair[0], True), Fixed(pair[1], False), random=torch_generator(1), **options)
    for _ in range(4):
        a, b = ours.train_step((images, torch.zeros(16, dtype=torch.int64))), plain.train_step(images)
        assert {key: float(value) for key, value in a.items()} == {key: float(value) for key, value in b.items()}


def test_it_is_a_gan_in_all_else():
    assert issubclass(ConditionalGAN, GAN)
    ours, theirs = ConditionalGAN().get_params(), GAN().get_params()
    unlabelled = {"unrolled_steps", "feature_matching", "augmentation", "n_categories", "n_continuous"}
    theirs = {name: value for name, value in theirs.items() if name not in unlabelled | {"information_weight"}}
    assert {name: ours[name] for name in theirs} == theirs

"""Categories of a GAN, what its discriminator sees, looking ahead, and rejection."""

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture
from sklearn.utils.estimator_checks import check_estimator

import toolkit
from toolkit.datasets import load_digits, load_ring
from toolkit.generators import GAN, ConditionalGAN, RejectionRule, calibrate_rejection
from toolkit.generators.adversarial import append_codes
from toolkit.generators.adversarial._augment import AUGMENTATIONS, augment
from toolkit.generators.adversarial._information import mutual_information, slight_change

IMAGES = load_digits().images[:120]


@pytest.fixture(scope="module")
def parted():
    """Two kinds of images, left half bright or right half bright, and a GAN that was told none."""
    rng = np.random.default_rng(0)
    kinds = rng.integers(2, size=400)
    images = rng.integers(0, 60, size=(400, 12, 12)).astype(np.uint8)
    images[kinds == 0, 2:10, :4] += 180
    images[kinds == 1, 2:10, 8:] += 180
    gan = GAN(preset="infogan", n_categories=2, n_continuous=1, max_steps=200, random_state=0).fit(images)
    return images, kinds, gan


def test_kinds_are_found_without_labels_and_drawn_on_demand(parted):
    images, kinds, gan = parted
    found = gan.predict(images)
    agreement = (found == kinds).mean()
    assert max(agreement, 1 - agreement) > 0.95
    kind_of = {int(place): int(kinds[found == place].mean() > 0.5) for place in (0, 1)}
    for place in (0, 1):
        drawn = gan.sample(50, category=place, random_state=0).astype(float)
        bright_right = drawn[:, 2:10, 8:].mean(axis=(1, 2)) > drawn[:, 2:10, :4].mean(axis=(1, 2))
        assert (bright_right == kind_of[place]).mean() > 0.9
    probabilities, continuous = gan.predict_codes(images[:7])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert continuous.shape == (7, 1)
    np.testing.assert_array_equal(gan.predict(images[:3]), gan.predict(images)[:3])


def test_categories_are_saved_and_asked_for_rightly(parted, tmp_path):
    images, _, gan = parted
    toolkit.save(gan, tmp_path / "gan")
    again = toolkit.load(tmp_path / "gan")
    np.testing.assert_array_equal(again.predict(images), gan.predict(images))
    np.testing.assert_array_equal(
        again.sample(category=[0, 1], random_state=0), gan.sample(category=[0, 1], random_state=0)
    )
    assert gan.latents(3).shape[1] == gan.settings_["latent_dim"] + 3
    for wrong in (2, -1, 0.5, "1", [0, 5]):
        with pytest.raises(ValueError, match="category must be an int from 0 to 1"):
            gan.sample(2, category=wrong)
    plain = GAN(max_steps=2, random_state=0).fit(IMAGES)
    assert not hasattr(plain, "predict")
    with pytest.raises(ValueError, match="without n_categories"):
        plain.sample(category=0)
    with pytest.raises(ValueError, match="which a ConditionalGAN has not"):
        ConditionalGAN(preset="infogan").fit(IMAGES, np.arange(120) % 3)


def test_the_standard_checks_pass_with_categories():
    failed = [
        check for check in check_estimator(GAN(preset="infogan", epochs=2), on_fail=None) if check["status"] == "failed"
    ]
    assert failed == []


def test_codes_and_information():
    random = torch.Generator().manual_seed(0)
    drawn = append_codes(torch.zeros(500, 3), 4, 2, random)
    assert drawn.shape == (500, 9)
    assert (drawn[:, 3:7].sum(dim=1) == 1).all()
    assert (drawn[:, 3:7].sum(dim=0) > 80).all()
    assert drawn[:, 7:].abs().max() <= 1
    joint = np.random.default_rng(1).dirichlet(np.ones(9)).reshape(3, 3)
    by_hand = sum(
        joint[i, j] * np.log(joint[i, j] / (joint[i].sum() * joint[:, j].sum())) for i in range(3) for j in range(3)
    )
    assert mutual_information(torch.from_numpy(joint)).item() == pytest.approx(by_hand)
    images = torch.rand(4, 1, 12, 12)
    assert slight_change(images, random).shape == images.shape


@pytest.mark.parametrize("name", list(AUGMENTATIONS))
def test_augmentations_pass_gradients_and_keep_rows_apart(name):
    images = torch.rand(6, 3, 16, 16, requires_grad=True)
    changed = augment(images, name, torch.Generator().manual_seed(0))
    assert changed.shape == images.shape
    assert not torch.equal(changed, images)
    (gradient,) = torch.autograd.grad(changed[2].sum(), images)
    assert gradient[2].abs().sum() > 0
    assert gradient[[0, 1, 3, 4, 5]].abs().sum() == 0


def test_translation_moves_whole_images():
    """Every row is the image moved by some whole pixels, its edge repeated."""
    image = torch.rand(1, 1, 16, 16)
    moved = augment(image.repeat(20, 1, 1, 1), "translation", torch.Generator().manual_seed(0)).numpy()
    padded = np.pad(image[0, 0].numpy(), 2, mode="edge")
    places = [padded[i : i + 16, j : j + 16] for i in range(5) for j in range(5)]
    assert all(any(np.array_equal(row[0], place) for place in places) for row in moved)


def test_looking_ahead_differs_and_leaves_the_discriminator_alone():
    options = {"preset": "plain", "max_steps": 3, "random_state": 0}
    plain, ahead = GAN(**options).fit(IMAGES), GAN(**options, unrolled_steps=2).fit(IMAGES)
    assert not np.array_equal(plain.sample(2, random_state=0), ahead.sample(2, random_state=0))
    one = {**options, "max_steps": 1}
    first, second = GAN(**one).fit(IMAGES), GAN(**one, unrolled_steps=2).fit(IMAGES)
    for mine, theirs in zip(first.discriminator_.parameters(), second.discriminator_.parameters()):
        assert torch.equal(mine, theirs)  # its own first step came before the generator's


def test_wrong_parameters_are_named():
    for options, message in (
        ({"augmentation": "mirror"}, "augmentation must be 'none' or some of"),
        ({"augmentation": "cutout,cutout"}, "augmentation"),
        ({"n_categories": 1}, "n_categories must be 0, for none, or at least 2"),
        ({"unrolled_steps": -1}, "unrolled_steps"),
        ({"feature_matching": -0.5}, "feature_matching"),
    ):
        with pytest.raises(ValueError, match=message):
            GAN(**options).fit(IMAGES)


class _Drawn:
    """A stand-in for a GAN of one dimension: draws N(0, 1), and knows the log ratio to the data N(0, .5)."""

    def __init__(self, factor=1.0):
        self.factor, self.generator_ = factor, None

    def _sample(self, network, n_samples, *, random_state=None, **options):
        return np.random.default_rng(random_state).normal(size=(n_samples, 1))

    def discriminator_score(self, X):
        x = np.asarray(X)[:, 0]
        return self.factor * (np.log(2.0) - 0.5 * (x / 0.5) ** 2 + 0.5 * x**2) + 3.0


def test_rejection_turns_draws_into_the_data(monkeypatch):
    """Where the discriminator knows the ratio of densities, however scaled, what is kept has the data's law."""
    from toolkit.generators import _rejection as room

    monkeypatch.setattr(room, "validate_images", lambda model, X, reset: np.asarray(X))
    for factor in (1.0, 0.2):
        model = _Drawn(factor)
        real = np.random.default_rng(1).normal(0, 0.5, size=(4000, 1))
        rule = room.calibrate_rejection(model, real, n_samples=4000)
        assert rule.slope == pytest.approx(1 / factor, rel=0.15)
        assert rule.auroc > 0.6
        kept = room.draw_accepted(model, rule, 3000, 0)
        assert kept.std() == pytest.approx(0.5, abs=0.06)
        assert rule.acceptance_rate == pytest.approx(0.5, abs=0.06)  # one over the greatest ratio, which is two
        stricter = room.calibrate_rejection(model, real, n_samples=4000, quantile=0.8)
        assert stricter.acceptance_rate < rule.acceptance_rate
        assert room.draw_accepted(model, stricter, 3000, 0).std() < kept.std()


def test_a_discriminator_that_knows_nothing_rejects_nothing():
    ring = load_ring(400, random_state=0).points
    gan = GAN(max_steps=2, random_state=0).fit(ring[:300])
    drawn = gan.sample(100, random_state=5)
    rule = calibrate_rejection(gan, drawn, n_samples=200)  # its own draws for real rows
    assert rule.auroc == pytest.approx(0.5, abs=0.12)
    with pytest.raises(ValueError, match="at least 20 rows"):
        calibrate_rejection(gan, ring[:5])
    one = RejectionRule(0.0, 0.0, 0.0, -np.inf, 1.0, 0.5, 20)
    np.testing.assert_array_equal(one.probabilities([-5.0, 0.0, 5.0]), 1.0)
    assert gan.sample(30, rejection=ring[300:], random_state=0).shape == (30, 2)
    mixture = GaussianMixture(2, random_state=0).fit(ring)
    assert not hasattr(mixture, "discriminator_score")

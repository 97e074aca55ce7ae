"""ReconstructionDetector: closed forms, contamination, blur, repeatability and given estimators."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import roc_auc_score

from toolkit.corruption import Corruptor
from toolkit.datasets import load_digits, load_glyphs
from toolkit.detectors import OutlierDetector, ReconstructionDetector


@pytest.fixture(scope="module")
def digits():
    return load_digits().images[:600]


def test_pca_error_in_closed_form(digits):
    rows = digits.reshape(len(digits), -1) / 255.0
    pca = PCA(10, svd_solver="full")
    expected = -np.mean((rows - pca.inverse_transform(pca.fit_transform(rows))) ** 2, axis=1)
    found = ReconstructionDetector(PCA(10, svd_solver="full"), criterion="error").fit(digits)
    np.testing.assert_allclose(found.training_scores_, expected, rtol=1e-3)
    np.testing.assert_allclose(found.score_samples(digits), found.training_scores_, rtol=1e-6)
    assert found.history_ == []
    assert not hasattr(pca, "components_") or found.estimator_ is not pca


class Blur:
    """Rebuilds by shifting: an object with nothing but ``reconstruct``."""

    def reconstruct(self, images):
        return np.roll(images, 1, axis=-1)


def test_an_object_with_reconstruct_sees_images_as_they_came(digits):
    found = ReconstructionDetector(Blur(), criterion="error").fit(digits)
    unit = digits / 255.0
    expected = -((unit - np.roll(unit, 1, axis=2)) ** 2).mean(axis=(1, 2))
    np.testing.assert_allclose(found.training_scores_, expected, rtol=1e-5)
    np.testing.assert_array_equal(found.reconstruct(digits), np.roll(digits, 1, axis=2))


def test_frozen_estimators_are_not_fitted_again(digits):
    rows = digits.reshape(len(digits), -1) / 255.0
    pca = PCA(5).fit(rows[:300])
    components = pca.components_.copy()
    found = ReconstructionDetector(FrozenEstimator(pca), criterion="error").fit(digits)
    np.testing.assert_array_equal(pca.components_, components)
    expected = -np.mean((rows - pca.inverse_transform(pca.transform(rows))) ** 2, axis=1)
    np.testing.assert_allclose(found.training_scores_, expected, rtol=1e-3)


def test_blur_and_fading_do_not_come_out_as_normal():
    """By the plain error they do; the profile judges an error by its image."""
    glyphs = load_glyphs(n_samples=600, random_state=0).images
    X, kinds = Corruptor(["gaussian_blur", "low_contrast"], fraction=0.15, random_state=0).corrupt(glyphs)
    plain, profile = (
        roc_auc_score(kinds == "clean", ReconstructionDetector(criterion=name, random_state=0).fit(X).training_scores_)
        for name in ("error", "profile")
    )
    assert plain < 0.4
    assert profile > 0.9


def test_contamination_does_not_teach_it_the_outliers():
    glyphs = load_glyphs(n_samples=800, random_state=0).images
    X, kinds = Corruptor(["salt_and_pepper", "invert", "stripe"], fraction=0.3, random_state=0).corrupt(glyphs)
    clean = kinds == "clean"
    detector = ReconstructionDetector(random_state=0).fit(X)
    assert roc_auc_score(clean, detector.training_scores_) > 0.8
    untrimmed = ReconstructionDetector(trim=0, random_state=0).fit(X)
    assert roc_auc_score(clean, detector.training_scores_) > roc_auc_score(clean, untrimmed.training_scores_)
    # Trimmed: the loss that counts is well below the loss over all rows.
    last = detector.history_[-1]
    assert last["loss"] < 0.8 * last["untrimmed"]
    assert detector.set_threshold(contamination=0.3).offset_ == np.percentile(detector.training_scores_, 30)


def test_ahead_of_pyods_autoencoder_on_the_same_layers_and_epochs(digits):
    X, kinds = Corruptor(fraction=0.2, random_state=0).corrupt(digits)
    own = ReconstructionDetector(epochs=5, random_state=0).fit(X)
    theirs = OutlierDetector("autoencoder", params={"epoch_num": 5}, random_state=0).fit(X)
    clean = kinds == "clean"
    assert roc_auc_score(clean, own.training_scores_) > roc_auc_score(clean, theirs.training_scores_)


def test_repeatable_and_local(digits):
    torch.manual_seed(5)
    state, numpy_state, threads = torch.get_rng_state(), np.random.get_state()[1].copy(), torch.get_num_threads()
    first, second = (ReconstructionDetector(random_state=3, epochs=2).fit(digits) for _ in range(2))
    np.testing.assert_array_equal(first.training_scores_, second.training_scores_)
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)
    assert torch.get_num_threads() == threads
    other = ReconstructionDetector(random_state=4, epochs=2).fit(digits)
    assert not np.array_equal(first.training_scores_, other.training_scores_)


def test_two_threads_equal_one_after_the_other(digits):
    def fit(seed):
        return ReconstructionDetector(random_state=seed, epochs=3).fit(digits).training_scores_

    alone = [fit(seed) for seed in range(3)]
    with ThreadPoolExecutor(2) as pool:
        for expected, found in zip(alone, pool.map(fit, range(3))):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("n_samples", [2, 5, 17, 33])
def test_few_rows(n_samples, digits):
    detector = ReconstructionDetector(random_state=0).fit(digits[:n_samples])
    assert detector.batch_size_ <= max(16, n_samples)
    assert np.isfinite(detector.score_samples(digits)).all()


def test_layouts_ranges_and_batches(digits):
    detector = ReconstructionDetector(random_state=0, epochs=2).fit(digits)
    flat = digits.reshape(len(digits), -1)
    np.testing.assert_allclose(detector.score_samples(flat), detector.training_scores_)
    np.testing.assert_allclose(detector.score_samples(digits[3:4]), detector.training_scores_[3:4])
    rebuilt = detector.reconstruct(flat)
    assert (rebuilt.shape, rebuilt.dtype) == (flat.shape, np.uint8)
    assert np.abs(rebuilt.astype(float) - flat).mean() < np.abs(flat - flat.mean(axis=0)).mean()
    far = ReconstructionDetector(random_state=0, epochs=2).fit(digits.astype(np.float64) * 7 - 900)
    np.testing.assert_allclose(far.training_scores_, detector.training_scores_, rtol=1e-2, atol=1e-2)
    colour = np.random.default_rng(0).random((40, 6, 5, 3))
    assert ReconstructionDetector(random_state=0).fit(colour).reconstruct(colour).shape == colour.shape


def test_degenerate_images():
    blank = ReconstructionDetector(random_state=0).fit(np.zeros((30, 5, 5)))
    assert np.ptp(blank.training_scores_) == 0
    assert (blank.predict(np.zeros((3, 5, 5))) == 1).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"criterion": "loss"}, "criterion must be 'profile' or 'error', got 'loss'"),
        ({"epochs": 0}, "epochs must be a positive int, got 0"),
        ({"trim": 0.7}, r"trim must be a number in \[0, 0.5\], got 0.7"),
        ({"hidden": ()}, "hidden must be a non-empty sequence"),
        ({"learning_rate": -1}, "learning_rate must be a positive number"),
        ({"estimator": object()}, "estimator must have reconstruct, or transform and inverse_transform"),
        ({"estimator": PCA}, "be an object"),
        ({"contamination": 0}, "contamination must be"),
    ],
)
def test_errors_say_what_was_expected(arguments, message, digits):
    with pytest.raises(ValueError, match=message):
        ReconstructionDetector(**arguments).fit(digits)

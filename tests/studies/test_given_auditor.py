"""An audit by an auditor that was fitted before: what it says of new images, and what it refuses."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from toolkit.audit import Auditor
from toolkit.corruption import Corruptor
from toolkit.datasets import load_digits
from toolkit.diagnostics import CorruptionIdentifier
from toolkit.restoration import ImageRestorer
from toolkit.studies import run_audit, write_audit


@pytest.fixture(scope="module")
def digits():
    return Corruptor(["invert"], fraction=0.2, random_state=0).corrupt(load_digits().images[:100, 2:26:2, 2:26:2])


@pytest.fixture(scope="module")
def auditor(digits):
    identifier = CorruptionIdentifier(["invert"], init="random", epochs=1, random_state=0)
    return Auditor(identifier, restorer=ImageRestorer(epochs=1), random_state=0).fit(digits[0][:60])


@pytest.fixture(scope="module")
def result(auditor, digits):
    return run_audit(digits[0][60:], kinds_truth=digits[1][60:], auditor=auditor, detectors=())


def test_it_judges_as_the_auditor_itself_does_and_learns_nothing(auditor, digits, result, monkeypatch):
    for estimator in (CorruptionIdentifier, ImageRestorer):
        monkeypatch.setattr(estimator, "fit", lambda *a, **k: pytest.fail("something was learned"))
    direct = auditor.audit(digits[0][60:])
    pd.testing.assert_frame_equal(result.per_image, direct.per_image)
    np.testing.assert_array_equal(result.repaired, direct.repaired)
    assert result.auditor is auditor
    # A single image has others to be compared with: those of the training set.
    alone = run_audit(digits[0][60:61], auditor=auditor, detectors=())
    assert alone.per_image["anomaly_score"][0] == pytest.approx(result.per_image["anomaly_score"][0], abs=1e-4)


def test_what_is_known_of_the_training_set_is_not_said_of_the_images(result, tmp_path):
    unjudged = dataclasses.replace(result, reasons=("hardly anything is told apart",))
    assert unjudged.findings()[0].startswith(
        "These images cannot be judged, since the auditor's training set could not"
    )
    assert result.auditor_given
    kinds = ["clean"] * 30 + ["invert"] * 10
    judged = dataclasses.replace(
        result,
        reasons=(),
        per_image=result.per_image.assign(kind=kinds, confidence=0.95),
        prevalence=0.2,
        prevalence_interval=(0.1, 0.3),
    )
    said = judged.findings()
    assert said[0] == (
        "10 of 40 images (25%) are flagged, by an auditor that was fitted to other images, of which an estimated "
        "10% to 30% are corrupted. How many of these are is not estimated."
    )
    assert not any("few to learn from" in sentence for sentence in said)
    page = write_audit(judged, tmp_path / "audit").read_text()
    assert "planted known corruptions in the training set of its auditor" in page
    assert "estimated to be corrupted, of the training set" in page
    none = dataclasses.replace(judged, per_image=judged.per_image.assign(kind="clean"))
    assert none.findings()[0].startswith("No image is flagged, by an auditor that was fitted to other images")
    itself = dataclasses.replace(judged, settings=judged.settings | {"auditor_given": False})
    assert "10 of 40 images (25%) are flagged: a list" in itself.findings()[0]
    assert any("few to learn from" in sentence for sentence in itself.findings())
    assert "corruptions in the images given" in write_audit(itself, tmp_path / "audit").read_text()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda images: images[:, ::2, ::2], id="smaller"),
        pytest.param(lambda images: images.reshape(len(images), 6, 24), id="as many pixels"),
        pytest.param(lambda images: np.repeat(images[..., None], 3, axis=3), id="colour"),
    ],
)
def test_images_of_another_shape_are_refused_before_anything_is_judged(auditor, digits, change, monkeypatch):
    monkeypatch.setattr(CorruptionIdentifier, "assess", lambda *a, **k: pytest.fail("the work began"))
    with pytest.raises(ValueError, match=r"shape \(12, 12\)|144 features"):
        run_audit(change(digits[0]), auditor=auditor)


def test_only_a_fitted_auditor_is_taken(auditor, digits):
    with pytest.raises(TypeError, match=r"auditor must be a toolkit\.audit\.Auditor, got CorruptionIdentifier"):
        run_audit(digits[0], auditor=auditor.identifier_)
    with pytest.raises(NotFittedError, match="Auditor"):
        run_audit(digits[0], auditor=Auditor())

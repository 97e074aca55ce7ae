"""One judgement of any images: whole and in chunks, of the set itself and of new images, saved and loaded."""

import numpy as np
import pandas as pd
import pytest

import toolkit
from toolkit.audit import PER_IMAGE_COLUMNS, Auditor, merge_audits
from toolkit.corruption import Corruptor
from toolkit.datasets import ArraySource, load_digits, load_glyphs
from toolkit.diagnostics import CorruptionIdentifier
from toolkit.diagnostics.identifier._ensemble import Ensemble
from toolkit.restoration import ImageRestorer

KINDS = ["invert", "stripe"]
pytestmark = pytest.mark.usefixtures("two_processors")


@pytest.fixture(scope="module")
def images():
    return Corruptor(KINDS, fraction=0.2, random_state=0).corrupt(load_glyphs(320, random_state=0).images)[0]


@pytest.fixture(scope="module")
def new():
    return Corruptor(KINDS, fraction=0.3, random_state=1).corrupt(load_glyphs(40, random_state=7).images)


@pytest.fixture(scope="module")
def auditor(images):
    identifier = CorruptionIdentifier(KINDS, epochs=3, random_state=0)
    return Auditor(identifier, restorer=ImageRestorer(epochs=1), random_state=0).fit(images)


def same(first, second):
    pd.testing.assert_frame_equal(first.per_image, second.per_image)
    np.testing.assert_array_equal(first.repaired, second.repaired)
    pd.testing.assert_frame_equal(first.findings, second.findings)


def test_new_images_are_named_and_repaired(auditor, new):
    given, kinds = new
    before = given.copy()
    audit = auditor.audit(given)
    np.testing.assert_array_equal(given, before)
    assert tuple(audit.per_image) == PER_IMAGE_COLUMNS
    assert audit.judgeable
    inverted = kinds == "invert"
    assert (audit.per_image["kind"][inverted] == "invert").mean() > 0.8
    originals = load_glyphs(40, random_state=7).images
    right = (audit.repaired == originals).all(axis=(1, 2))
    assert right[inverted].mean() > 0.6
    assert right[kinds == "clean"].all()
    assert audit.n_repaired == audit.per_image["repaired"].sum() == (audit.repaired != given).any(axis=(1, 2)).sum()
    assert audit.flagged.sum() == (audit.per_image["kind"] != "clean").sum()
    np.testing.assert_array_equal(auditor.predict(given) == -1, audit.flagged)
    np.testing.assert_allclose(-auditor.score_samples(given), audit.anomaly_score)
    assert "flagged" in repr(audit)
    assert "invert" in audit._repr_html_()


def test_chunks_merge_to_the_whole(auditor, new):
    given, _ = new
    whole = auditor.audit(given)
    same(merge_audits([auditor.audit(given[:13]), auditor.audit(given[13:14]), auditor.audit(given[14:])]), whole)
    parts = list(auditor.iter_audits(given, chunk_size=9))
    assert [len(part) for part in parts] == [9, 9, 9, 9, 4]
    same(merge_audits(parts), whole)


def test_a_source_gives_its_ids(auditor, new):
    given, _ = new
    names = [f"folder/{i}.png" for i in range(len(given))]
    audit = auditor.audit(ArraySource(given, names))
    assert audit.per_image["index"].tolist() == names
    assert audit.flagged.index.tolist() == names
    same_but_ids = audit.per_image.drop(columns="index").reset_index(drop=True)
    by_position = auditor.audit(given)
    pd.testing.assert_frame_equal(same_but_ids, by_position.per_image.drop(columns="index").reset_index(drop=True))
    # Rows are labelled by what the images are called, as what is flagged is; files keep the column alone.
    for one in (audit, by_position):
        table = one.per_image
        assert table.index.name == one.flagged.index.name == "image"
        assert table.index.tolist() == table["index"].tolist() == list(one.ids)
        assert table[one.flagged]["kind"].tolist() == [kind for kind in table["kind"] if kind != "clean"]
        assert table.loc[one.ids[7]].equals(one[one.ids[7]])
        assert table.sort_values("index")["index"].is_monotonic_increasing  # no label is called as a column is
    with pytest.raises(ValueError, match="'folder/0.png' comes twice"):
        merge_audits([audit, audit])


def test_what_cannot_be_merged_is_refused(auditor, new, images):
    given, _ = new
    audit = auditor.audit(given[:5])
    with pytest.raises(ValueError, match="at least one Audit"):
        merge_audits([])
    with pytest.raises(TypeError, match="got ndarray at place 1"):
        merge_audits([audit, given])
    other = Auditor(CorruptionIdentifier(["invert"], epochs=1), restorer=ImageRestorer(epochs=1), random_state=1)
    with pytest.raises(ValueError, match="by another"):
        merge_audits([audit, other.fit_audit(images[:60])])


def test_flat_rows_and_stacks_have_one_answer(auditor, new):
    given, _ = new
    same(auditor.audit(given.reshape(len(given), -1)), auditor.audit(given))


def test_saved_and_loaded_it_answers_bitwise_the_same(auditor, new, tmp_path):
    given, _ = new
    toolkit.save(auditor, tmp_path / "auditor")
    loaded = toolkit.load(tmp_path / "auditor")
    same(loaded.audit(given), auditor.audit(given))
    assert loaded.facts_.agrees(auditor.facts_)
    assert len(merge_audits([loaded.audit(given[:5]), auditor.audit(given[5:])])) == len(given)


def test_each_image_is_judged_by_one_pass(images, monkeypatch):
    """Findings, scores and repairs of the set itself and of new images: the networks see each given image once."""
    identifier = CorruptionIdentifier(KINDS, epochs=2, random_state=0).fit(images)
    auditor = Auditor(identifier, restorer=ImageRestorer(epochs=1), random_state=0)
    passes = []
    predict = Ensemble.predict

    def counted(self, stack, **options):
        passes.append(np.array(stack))
        return predict(self, stack, **options)

    monkeypatch.setattr(Ensemble, "predict", counted)
    auditor.fit_audit(images)
    # A trial of the restorer that is damaged and repaired exactly is a sound image again: count the damaged ones.
    damaged = (images != load_glyphs(320, random_state=0).images).any(axis=(1, 2))
    np.testing.assert_array_equal(times_shown(images, passes)[damaged], 1)
    passes.clear()
    fresh = Corruptor(KINDS, fraction=0.3, random_state=1).corrupt(load_glyphs(40, random_state=7).images)[0]
    auditor.audit(fresh)
    np.testing.assert_array_equal(times_shown(fresh, passes), 1)


def times_shown(images, passes):
    """How often each image went through the networks, of batches that hold nothing but given images."""
    known = {image.tobytes(): i for i, image in enumerate(images)}
    counts = np.zeros(len(images), dtype=int)
    for stack in passes:
        places = [known.get(image.tobytes()) for image in stack]
        if None not in places:  # others hold planted or repaired images
            np.add.at(counts, places, 1)
    return counts


def test_a_set_that_cannot_be_judged_claims_nothing():
    noise = np.random.default_rng(0).integers(0, 256, (320, 12, 12), dtype=np.uint8)
    auditor = Auditor(CorruptionIdentifier(epochs=1), restorer=ImageRestorer(epochs=1), random_state=0)
    audit = auditor.fit_audit(noise)
    assert not audit.judgeable
    assert set(audit.per_image["kind"]) == {"unjudged"}
    assert not audit.flagged.any()
    assert (audit.repaired == noise).all()
    assert (auditor.predict(noise) == 1).all()
    assert "cannot be judged" in repr(audit)


def test_a_large_source_is_learnt_from_in_part_and_judged_whole():
    digits = load_digits().images[:90]
    auditor = Auditor(
        CorruptionIdentifier(["invert"], epochs=1), restorer=ImageRestorer(epochs=1), max_samples=60, random_state=0
    )
    audit = auditor.fit_audit(ArraySource(digits))
    assert len(audit) == 90
    assert len(auditor.identifier_.learned_from_) == 60


def test_scores_of_other_detectors_come_beside():
    digits = load_digits().images[:60]
    auditor = Auditor(
        CorruptionIdentifier(["invert"], epochs=1),
        restorer=ImageRestorer(epochs=1),
        detectors=("knn", "pca"),
        random_state=0,
    )
    audit = auditor.fit_audit(digits)
    assert list(audit.detector_scores) == ["knn", "pca"]
    assert len(merge_audits([auditor.audit(digits[:7]), auditor.audit(digits[7:])]).detector_scores) == 60


def test_what_it_was_not_fitted_to_is_refused(auditor, new):
    with pytest.raises(ValueError, match="fitted on images of shape"):
        auditor.audit(np.zeros((3, 5, 5)))
    with pytest.raises(ValueError, match="at least 2"):
        Auditor().fit(new[0][:1])


def test_one_call_shows_itself_and_writes(tmp_path, new):
    result = toolkit.audit_images(load_digits().images[:60])
    assert result.findings()[0]
    assert {"per_image", "by_kind", "competence"} <= result.tables().keys()
    assert result._repr_html_()
    assert result.to_html(tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")
    assert result.write(tmp_path / "audit").name == "report.html"
    assert len(result.auditor.audit(load_digits().images[60:70])) == 10

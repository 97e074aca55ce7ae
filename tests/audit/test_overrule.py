"""Verdicts overruled by a person: repaired anew as the kind that it is, by the checks of every repair, or refused."""

import numpy as np
import pytest

import toolkit
from toolkit.audit import Auditor, overrule
from toolkit.corruption import EVERYDAY_KINDS, Corruptor, apply_corruption
from toolkit.datasets import load_glyphs
from toolkit.diagnostics import CorruptionIdentifier
from toolkit.restoration import ImageRestorer, psnr

KINDS = ["invert", "salt_and_pepper"]
SOUND = load_glyphs(60, random_state=7).images


@pytest.fixture(scope="module")
def auditor():
    images, _ = Corruptor(KINDS, fraction=0.2, random_state=0).corrupt(load_glyphs(320, random_state=0).images)
    identifier = CorruptionIdentifier(KINDS, epochs=2, random_state=0)
    return Auditor(identifier, restorer=ImageRestorer(epochs=1, random_state=0), random_state=0).fit(images)


def planted(kind):
    unit, _ = apply_corruption(SOUND.astype(np.float32) / 255, kind, generator=np.random.default_rng(1))
    return np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8)


def same_rows(first, second):
    return (first == second).all(axis=(1, 2))


def test_the_set_can_be_told(auditor):
    assert {"invert", "salt_and_pepper"} <= set(auditor.restorer_.checked_kinds_)
    assert set(auditor.restorer_.undoable_) <= set(auditor.restorer_.checked_kinds_)


def test_what_was_named_otherwise_is_repaired_as_what_it_is(auditor):
    """Inverted images that the audit took for noise, and filled in; told what they are they come back exactly."""
    given = planted("invert")
    table = auditor.audit(given).per_image.assign(kind="salt_and_pepper", repaired=1, restorer="median", angle=3.0)
    wrong = np.zeros_like(given)
    decisions = dict.fromkeys(range(0, 60, 2), "invert")
    found = overrule(table, given, wrong, decisions, auditor=auditor)
    decided = found.per_image.loc[list(decisions)]
    assert decided["repaired"].mean() > 0.8
    done = decided.index[decided["repaired"] == 1]
    np.testing.assert_array_equal(found.images[done], SOUND[done])
    assert (decided.loc[done, ["restorer", "why_not", "angle"]] == ["uninvert", "", 0.0]).all(axis=None)
    assert found.keep[done].all()
    # What is refused stays as it came, says why, and is none of those to keep.
    refused = decided.index[decided["repaired"] == 0]
    np.testing.assert_array_equal(found.images[refused], given[refused])
    assert (decided.loc[refused, "why_not"] != "").all()
    assert not found.keep[refused].any()
    # What nobody touched is as the audit left it.
    others = np.setdiff1d(np.arange(60), list(decisions))
    np.testing.assert_array_equal(found.images[others], wrong[others])
    assert (found.per_image.loc[others, "restorer"] == "median").all()


def test_a_computed_repair_comes_nearer_to_the_truth(auditor):
    given = planted("salt_and_pepper")
    images, repairs = auditor.repair_as(given, ["salt_and_pepper"] * 60)
    done = repairs["repaired"].to_numpy()
    assert done.mean() > 0.5
    assert np.median((psnr(images, SOUND) - psnr(given, SOUND))[done]) > 3
    np.testing.assert_array_equal(done, ~same_rows(images, given))


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_name_damages_nothing_sound(auditor, kind):
    images, repairs = auditor.repair_as(SOUND, [kind] * 60)
    assert same_rows(images, SOUND).mean() > 0.98
    np.testing.assert_array_equal(repairs["why_not"] == "", repairs["repaired"])


def test_the_name_is_what_is_undone(auditor):
    """Of images that are inverted, those said to be clean keep every pixel; a repair is that of the name alone."""
    given = planted("invert")
    names = ["clean", "invert", "stripe"] * 20
    images, repairs = auditor.repair_as(given, names)
    assert repairs["kind"].tolist() == names
    np.testing.assert_array_equal(images[::3], given[::3])
    assert (repairs["restorer"][1::3] == "uninvert").mean() > 0.8
    assert "uninvert" not in set(repairs["restorer"][2::3])
    assert (repairs["outcome"][::3] == "clean").all()


def test_what_cannot_be_undone_says_why(auditor):
    names = ["rotate_180", EVERYDAY_KINDS[0], "clean", "stripe"]
    images, repairs = auditor.repair_as(planted("invert")[:4], names)
    np.testing.assert_array_equal(images, planted("invert")[:4])
    assert repairs["outcome"].tolist()[:3] == ["cannot be undone", "cannot be undone", "clean"]
    assert repairs["why_not"].tolist()[:3] == ["no restorer is made for that"] * 2 + [""]
    assert repairs["why_not"][3]


def test_saved_and_loaded_it_decides_the_same(auditor, tmp_path):
    toolkit.save(auditor, tmp_path / "auditor")
    given, names = planted("invert"), ["invert", "salt_and_pepper"] * 30
    images, repairs = toolkit.load(tmp_path / "auditor").repair_as(given, names)
    expected, before = auditor.repair_as(given, names)
    np.testing.assert_array_equal(images, expected)
    assert repairs.equals(before)


def test_without_the_auditor_nothing_is_repaired_anew(auditor):
    given = planted("invert")
    audit = auditor.audit(given)
    table = audit.per_image.assign(kind="stripe", repaired=1, restorer="learned")
    found = overrule(table, given, np.zeros_like(given), {3: "invert", 4: "stripe", 5: "leave"})
    assert found.per_image.loc[3, ["repaired", "why_not"]].tolist() == [
        0,
        "nothing is repaired anew without the auditor",
    ]
    np.testing.assert_array_equal(found.images[[3, 5]], given[[3, 5]])
    np.testing.assert_array_equal(found.images[4], np.zeros_like(given[4]))  # its own repair stands
    assert (found.per_image.loc[[4, 5], "why_not"] == "").all()


def test_bad_names(auditor):
    with pytest.raises(ValueError, match=r"'inverted' is no kind.* Did you mean 'invert'"):
        auditor.repair_as(SOUND[:1], ["inverted"])
    with pytest.raises(ValueError, match="got 1 names for 2 images"):
        auditor.repair_as(SOUND[:2], ["invert"])
    with pytest.raises(ValueError, match="another scale"):
        auditor.repair_as(SOUND[:2] / 255.0, ["invert", "invert"])

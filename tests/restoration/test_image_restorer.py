"""Identify, repair, verify, abstain: with identifiers that know the truth, and with ones that lie."""

import copy
import dataclasses
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from toolkit.corruption import Corruptor, apply_corruption
from toolkit.datasets import load_glyphs
from toolkit.diagnostics import CorruptionIdentifier
from toolkit.restoration import ImageRestorer, psnr
from toolkit.restoration._abstention import abstention_thresholds, kinds_worth_learning, least_confidence
from toolkit.restoration._repair_candidates import CANDIDATES, RepairCandidates

KINDS = ("gaussian_noise", "salt_and_pepper", "rotate", "flip_horizontal", "invert", "low_contrast")
COLUMNS = ["kind", "probability", "restorer", "angle", "severity", "repaired", "improvement", "outcome"]
SMALL = {"epochs": 3, "images_per_epoch": 1500, "random_state": 0}


class Oracle:
    """Knows what was done to each image it has seen; anything else it believes clean to the degree ``belief``."""

    def __init__(self, images, kinds, belief=0.98, sure=0.99):
        self.known = {image.tobytes(): kind for image, kind in zip(images, kinds)}
        self.kinds_ = np.array(["clean", *KINDS, "unknown"])
        self.belief, self.sure = belief, sure

    def identify(self, X):
        rows = []
        for image in np.asarray(X):
            kind = self.known.get(np.ascontiguousarray(image).tobytes())
            clean = self.belief if kind is None else (1 - 1e-5 if kind == "clean" else 1e-6)
            probability = clean if kind in (None, "clean") else self.sure
            rows.append((kind or "clean", probability, 0.5, 0.0, clean))
        return pd.DataFrame(rows, columns=["kind", "probability", "severity", "angle", "clean_probability"])


@pytest.fixture(scope="module")
def clean():
    return load_glyphs(n_samples=300, random_state=0).images


@pytest.fixture(scope="module")
def corrupted(clean):
    return Corruptor(KINDS, fraction=0.2, random_state=0).corrupt(clean)


@pytest.fixture(scope="module")
def as_fitted(corrupted):
    return ImageRestorer(Oracle(*corrupted), **SMALL).fit(corrupted[0])


@pytest.fixture(scope="module")
def fitted(as_fitted):
    assert not any(as_fitted.limits_.values())
    return trusting(copy.copy(as_fitted))


def fit(identifier, X, **params):
    """A fitted restorer that trusts its oracle, which knows what it was shown but nothing that ``fit`` plants.

    So few images leave the check of repairs unsure of most kinds: it accepts everything here that helps at all.
    """
    restorer = ImageRestorer(identifier, **{**SMALL, **params}).fit(X)
    assert not any(restorer.limits_.values())
    return trusting(restorer)


def trusting(restorer):
    lenient = {
        kind: dataclasses.replace(one, threshold=-np.inf, usual=None) for kind, one in restorer._classifiers.items()
    }
    restorer._classifiers, restorer.undoable_ = lenient, tuple(lenient)
    restorer.limits_ = dict.fromkeys(lenient, 0.5)
    return restorer


def changed_rows(images, given):
    return (images != given).reshape(len(given), -1).any(axis=1)


def with_identifier(fitted, identifier):
    """The fitted restorer, asking somebody else."""
    twin = copy.copy(fitted)
    twin.identifier_ = identifier
    return twin


def test_what_is_known_is_repaired_and_the_rest_keeps_every_pixel(fitted, clean, corrupted):
    given, kinds = corrupted
    before = given.copy()
    images, repairs = fitted.restore(given)
    np.testing.assert_array_equal(given, before)
    assert list(repairs.columns) == COLUMNS
    assert list(repairs.index) == list(range(len(given)))
    np.testing.assert_array_equal(repairs["repaired"], changed_rows(images, given))
    np.testing.assert_array_equal(repairs["repaired"], repairs["restorer"] != "")
    np.testing.assert_array_equal(images[kinds == "clean"], given[kinds == "clean"])
    assert repairs["repaired"][kinds != "clean"].mean() > 0.95
    for kind in ("flip_horizontal", "invert"):
        np.testing.assert_array_equal(images[kinds == kind], clean[kinds == kind])
    gain = psnr(images, clean) - psnr(given, clean)
    for kind, least in {"salt_and_pepper": 6, "rotate": 0.2, "low_contrast": 10, "gaussian_noise": 0.2}.items():
        assert np.median(gain[kinds == kind]) > least, kind
    assert set(repairs["outcome"]) <= {"clean", "repaired", "no change"}


def test_the_ranking_is_of_this_set_and_kinds_the_identifier_cannot_name_are_not_learnt(fitted):
    assert set(fitted.ranking_["kind"]) == set(KINDS)
    for _, group in fitted.ranking_.groupby("kind"):
        assert group["gain"].is_monotonic_decreasing
    best = fitted.ranking_.drop_duplicates("kind").set_index("kind")["restorer"]
    assert best["low_contrast"] == "stretch_contrast"  # nothing learnt undoes a stretch better than a stretch
    assert fitted.undoable_ == tuple(kind for kind in KINDS if kind in set(fitted.undoable_))


def test_a_repair_that_is_not_found_cleaner_is_reverted(fitted, corrupted):
    given, kinds = corrupted
    images, repairs = with_identifier(fitted, Oracle(*corrupted, belief=0.05)).restore(given)
    assert images.tobytes() == given.tobytes()
    assert not repairs["repaired"].any()
    assert (repairs["restorer"] == "").all()
    assert (repairs["improvement"] == 0).all()
    undoable = np.isin(kinds, fitted.undoable_)
    assert set(repairs["outcome"][undoable]) <= {"reverted", "no change"}


def test_a_liar_about_clean_images_is_found_out_by_its_own_second_look(fitted, clean):
    """Flipping a clean image twice over: the second look sees what the first called flipped, and says so."""

    class Liar(Oracle):
        def identify(self, X):
            frame = super().identify(X)
            return frame.assign(kind="flip_horizontal", probability=0.99, clean_probability=1e-6)

    images, repairs = with_identifier(fitted, Liar(clean, ["clean"] * len(clean))).restore(clean)
    assert images.tobytes() == clean.tobytes()
    assert set(repairs["outcome"]) <= {"reverted", "no change"}


@pytest.mark.parametrize(
    ("lie", "outcome"),
    [
        ({"probability": 0.3}, "unsure"),
        ({"clean_probability": 0.6}, "unsure"),
        ({"kind": "unknown"}, "cannot be undone"),
        ({"kind": "motion_blur"}, "cannot be undone"),
    ],
)
def test_unsure_and_unknown_rows_are_left_alone(fitted, corrupted, lie, outcome):
    given, kinds = corrupted
    findings = Oracle(*corrupted).identify(given)
    bad = kinds == "rotate"
    for name, value in lie.items():
        findings.loc[bad, name] = value
    images, repairs = fitted.restore(given, findings=findings)
    np.testing.assert_array_equal(images[bad], given[bad])
    assert set(repairs["outcome"][bad]) == {outcome}
    assert repairs["repaired"][kinds == "invert"].all()


def test_limits_follow_what_planted_corruptions_look_like():
    """Counts by hand: a kind that is there, one that is only imagined, and one that clean images resemble."""

    def frame(kind, clean_probability):
        return pd.DataFrame({"kind": kind, "probability": 0.9, "clean_probability": np.asarray(clean_probability)})

    doubts = np.geomspace(1e-6, 0.3, 40)
    clean = frame("clean", np.full(1000, 0.999))
    found = pd.concat(
        [
            clean,
            frame("invert", doubts),  # as planted
            frame("gaussian_noise", np.linspace(0.1, 0.4, 30)),  # doubtful ones only
            frame("transpose", [1e-7, *np.linspace(0.2, 0.4, 9)]),  # one undoubted: clean images may resemble it
            frame("stripe", [1e-7]),  # one undoubted
        ],
        ignore_index=True,
    )
    planted = {kind: frame(kind, doubts) for kind in ("invert", "gaussian_noise", "transpose", "occlude")}
    planted["stripe"] = frame("clean", doubts)  # the identifier does not see it when it is there
    told = dict.fromkeys(planted, 1.0)
    limits = abstention_thresholds(found, planted, told, min_confidence=0.5, max_clean_changed=0.001)
    assert limits == {
        "invert": pytest.approx(np.quantile(doubts, 0.95)),  # but for the few that are most doubtful
        "gaussian_noise": 0,
        "transpose": 0,
        "occlude": 0,
        "stripe": 0,
    }
    limits = abstention_thresholds(found, planted, told, min_confidence=0.5, max_clean_changed=0.0)
    assert 1e-7 <= limits["transpose"] < 0.3  # that one, and no more of the doubtful than chance may bring
    assert abstention_thresholds(found, planted, told, min_confidence=0.95, max_clean_changed=0.0)["invert"] == 0


@pytest.mark.parametrize(
    ("named", "sensitivity", "repaired"),
    [(3, 1.0, True), (3, 0.7, False), (40, 0.7, True), (40, 0.3, True), (0, 1.0, False)],
)
def test_few_rows_of_what_the_check_hardly_tells_from_sound_images_are_left_alone(named, sensitivity, repaired):
    def frame(kind, n, clean_probability):
        return pd.DataFrame({"kind": [kind] * n, "probability": 0.9, "clean_probability": clean_probability})

    found = pd.concat([frame("clean", 500, 0.999), frame("speckle_noise", named, 1e-6)], ignore_index=True)
    planted = {"speckle_noise": frame("speckle_noise", 100, 1e-6)}
    caution = {"min_confidence": 0.6, "max_clean_changed": 0.0005}
    limits = abstention_thresholds(found, planted, {"speckle_noise": sensitivity}, **caution)
    assert (limits["speckle_noise"] > 0) == repaired
    kinds = np.array(["speckle_noise", "invert"])
    asked = 0.8 if sensitivity < 0.75 else 0.6
    told = {"speckle_noise": sensitivity, "invert": 1.0}
    assert least_confidence(kinds, np.full(2, 1e-6), 0.6, told).tolist() == [asked, 0.6]


def test_a_kind_that_is_only_imagined_is_left_alone(clean):
    """An identifier that calls some clean images flipped, doubtfully, but knows flipped ones without a doubt."""
    imagined = {image.tobytes() for image in clean[:40]}

    class Dreamer(Oracle):
        def identify(self, X):
            frame = super().identify(X)
            dreamt = np.array([np.ascontiguousarray(image).tobytes() in imagined for image in X])
            frame.loc[dreamt, ["kind", "probability", "clean_probability"]] = ["flip_horizontal", 0.6, 0.3]
            planted = frame["clean_probability"] == self.belief
            frame.loc[planted, ["kind", "probability", "clean_probability"]] = ["flip_horizontal", 1.0, 1e-6]
            return frame

    restorer = ImageRestorer(Dreamer(clean, ["clean"] * len(clean)), **SMALL).fit(clean)
    assert restorer.limits_.get("flip_horizontal", 0) == 0
    images, repairs = restorer.restore(clean)
    assert images.tobytes() == clean.tobytes()
    assert set(repairs["outcome"][:40]) <= {"unsure", "cannot be undone"}


def confirming(oracle, confirmed):
    """The oracle, as one that has measured what it can tell."""
    oracle.confirmed_kinds_ = confirmed
    return oracle


def test_what_was_not_shown_to_be_told_apart_is_not_repaired(corrupted):
    given, kinds = corrupted
    restorer = ImageRestorer(confirming(Oracle(*corrupted), ("invert",)), **SMALL).fit(given)
    restorer.limits_ = dict.fromkeys(restorer.undoable_, 0.5)
    assert restorer.undoable_ == ("invert",)
    table = restorer.competence_.set_index("kind")
    assert table.loc["invert", "repair"] == "repaired"
    assert (table.drop(index="invert")["repair"] == "not shown to be detected on this set").all()
    changed = changed_rows(restorer.transform(given), given)
    np.testing.assert_array_equal(changed, kinds == "invert")


def test_in_a_set_that_cannot_be_judged_nothing_is_repaired(corrupted):
    given, _ = corrupted
    restorer = ImageRestorer(confirming(Oracle(*corrupted), ()), **SMALL).fit(given)
    images, repairs = restorer.restore(given)
    assert images.tobytes() == given.tobytes()
    assert restorer.undoable_ == ()
    assert len(restorer.ranking_) == 0
    assert set(repairs["outcome"]) == {"clean", "cannot be undone"}


def test_a_learned_step_leaves_sound_images_as_they_are(fitted, clean):
    learned = fitted.ranking_[fitted.ranking_["sound_psnr"].notna()]
    assert len(learned)
    used = {kind: set(names) for kind, names in fitted._candidates.order.items()}
    for row in learned.itertuples():
        assert row.sound_psnr >= 35 or row.restorer not in used.get(row.kind, ())
    fresh = load_glyphs(n_samples=60, random_state=5).images
    for kind in fitted._candidates.learned_kinds:
        left = np.rint(fitted._candidates.learned.restore(fresh / np.float32(255), kind) * 255).astype(np.uint8)
        assert changed_rows(left, fresh).mean() < 0.5, kind


def test_the_second_judge_reverts_a_repair_that_the_identifier_takes_for_clean(as_fitted, corrupted, clean):
    """An identifier that calls sound images noisy, and whatever comes of them clean: wrong twice."""
    sound = {image.tobytes() for image in clean[:60]}

    class WrongTwice(Oracle):
        def identify(self, X):
            frame = super().identify(X)
            wrong = np.array([np.ascontiguousarray(image).tobytes() in sound for image in X])
            frame.loc[wrong, ["kind", "probability", "clean_probability"]] = ["invert", 0.99, 1e-6]
            return frame

    restorer = copy.copy(as_fitted)
    restorer.limits_ = dict.fromkeys(restorer.undoable_, 0.5)
    assert "invert" in restorer.undoable_
    images, repairs = with_identifier(restorer, WrongTwice(clean, ["clean"] * len(clean))).restore(clean[:60])
    assert images.tobytes() == clean[:60].tobytes()
    assert set(repairs["outcome"]) == {"reverted"}


def test_findings_are_used_instead_of_asking_again(fitted, corrupted):
    given, _ = corrupted
    oracle = Oracle(*corrupted)
    expected = fitted.restore(given)
    images, repairs = fitted.restore(given, findings=oracle.identify(given))
    np.testing.assert_array_equal(images, expected[0])
    pd.testing.assert_frame_equal(repairs, expected[1])
    shuffled = oracle.identify(given).set_index(np.arange(len(given))[::-1])  # an index is no order
    pd.testing.assert_frame_equal(fitted.restore(given, findings=shuffled)[1], expected[1])


def test_findings_that_do_not_fit_are_refused(fitted, corrupted):
    given, _ = corrupted
    findings = Oracle(*corrupted).identify(given)
    with pytest.raises(ValueError, match="got 300 rows for 10 images"):
        fitted.restore(given[:10], findings=findings)
    with pytest.raises(ValueError, match="missing: clean_probability"):
        fitted.restore(given, findings=findings.drop(columns="clean_probability"))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int16])
def test_layout_dtype_and_range_come_back(clean, dtype):
    """The same images in other numbers, flat or stacked: the same rows are repaired, and land in the same range."""
    scaled = clean[:120].astype(dtype) if dtype == np.uint8 else (clean[:120].astype(dtype) * 2 - 100).astype(dtype)
    given, kinds = Corruptor(["invert"], fraction=0.2, random_state=1).corrupt(scaled)
    flat = given.reshape(len(given), -1)
    oracle = Oracle(given, kinds)
    restorer = fit(oracle, given, epochs=1, images_per_epoch=50)
    stacked, repairs = restorer.restore(given)
    rows, _ = restorer.restore(flat)
    assert stacked.shape == given.shape
    assert stacked.dtype == rows.dtype == dtype
    np.testing.assert_array_equal(rows, stacked.reshape(len(given), -1))
    np.testing.assert_array_equal(restorer.transform(flat), rows)
    bad = kinds == "invert"
    assert repairs["repaired"][bad].all()
    np.testing.assert_array_equal(stacked[~bad], given[~bad])
    np.testing.assert_allclose(stacked[bad], scaled[bad], atol=1e-3)


def test_colour_images_are_repaired(clean):
    colour = np.stack([clean[:100], clean[:100] // 2, 255 - clean[:100]], axis=-1)
    given, kinds = Corruptor(["flip_horizontal", "gaussian_noise"], random_state=0).corrupt(colour)
    restorer = fit(Oracle(given, kinds), given, epochs=1, images_per_epoch=100)
    images, repairs = restorer.restore(given)
    flipped = kinds == "flip_horizontal"
    np.testing.assert_array_equal(images[flipped], colour[flipped])
    assert repairs["repaired"][flipped].sum() >= flipped.sum() - 1  # a symmetric glyph may not change


def test_a_memory_map_is_restored_in_chunks_like_an_array(tmp_path, monkeypatch, fitted, corrupted):
    given, _ = corrupted
    np.save(tmp_path / "given.npy", given)
    mapped = np.load(tmp_path / "given.npy", mmap_mode="r")
    expected = fitted.restore(given)
    monkeypatch.setattr("toolkit.restoration._image_restorer._CHUNK", 37)
    images, repairs = fitted.restore(mapped)
    # How torch sums depends on the number of rows, on some processors: what lies half way between two grey levels may
    # be rounded either way.
    apart = np.abs(images.astype(int) - expected[0])
    assert apart.max() <= 1
    assert (apart > 0).mean() < 1e-4
    pd.testing.assert_frame_equal(repairs, expected[1], rtol=1e-4, atol=1e-5)


def test_equal_seeds_give_equal_repairs_and_other_seeds_do_not(corrupted):
    given, little = corrupted[0], {"epochs": 2, "images_per_epoch": 200}
    first, again, other = (
        fit(Oracle(*corrupted), given, **little, random_state=seed).transform(given) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_pickled_restorer_restores_alike(fitted, corrupted):
    twin = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(twin.transform(corrupted[0]), fitted.transform(corrupted[0]))


class Recorder(BaseEstimator):
    """An identifier that counts its fits and calls everything clean."""

    def __init__(self, fits=None):
        self.fits = fits

    def fit(self, X, y=None):
        self.n_fits_ = getattr(self, "n_fits_", 0) + 1
        return self

    def identify(self, X):
        columns = {
            "kind": "clean",
            "probability": 1.0,
            "severity": 0.0,
            "angle": 0.0,
            "clean_probability": 1.0,
        }
        return pd.DataFrame(columns, index=range(len(X)))


def test_a_fitted_identifier_is_used_as_it_is_and_a_fresh_one_is_cloned(clean):
    fresh = Recorder()
    restorer = ImageRestorer(fresh, epochs=1, images_per_epoch=20, random_state=0).fit(clean[:20])
    assert not hasattr(fresh, "n_fits_")
    assert restorer.identifier_ is not fresh
    assert restorer.identifier_.n_fits_ == 1
    ready = Recorder().fit(clean)
    before = copy.deepcopy(vars(ready))
    restorer = ImageRestorer(ready, epochs=1, images_per_epoch=20, random_state=0).fit(clean[:20])
    assert restorer.identifier_ is ready
    restorer.restore(clean[:20])
    assert vars(ready) == before
    images, repairs = restorer.restore(clean[:20])
    assert images.tobytes() == clean[:20].tobytes()
    assert (repairs["outcome"] == "clean").all()


def test_wrong_use_says_what_is_wrong(clean):
    with pytest.raises(TypeError, match=r"identifier must have a method identify\(X\), got str: 'iforest'"):
        ImageRestorer("iforest").fit(clean)
    with pytest.raises(ValueError, match="'min_confidence' parameter of ImageRestorer must be a float in the range"):
        ImageRestorer(min_confidence=2).fit(clean)
    with pytest.raises(ValueError, match="at least 2 images"):
        ImageRestorer().fit(clean[:1])
    with pytest.raises(NotFittedError):
        ImageRestorer().restore(clean)


def test_without_an_oracle_a_corrupted_set_becomes_cleaner():
    """The whole way with the toolkit's own identifier; gross kinds, so that a small and quick one knows them."""
    images = load_glyphs(n_samples=500, classes="0123456789", random_state=3).images
    given, kinds = Corruptor(["invert", "salt_and_pepper"], fraction=0.2, random_state=0).corrupt(images)
    identifier = CorruptionIdentifier(["invert", "salt_and_pepper"], epochs=1, images_per_epoch=500, random_state=0)
    restorer = ImageRestorer(identifier, max_clean_changed=0.01, epochs=1, images_per_epoch=500, random_state=0)
    repaired, repairs = restorer.fit(given).restore(given)
    gain = psnr(repaired, images) - psnr(given, images)
    assert repairs["repaired"][kinds == "invert"].mean() >= 0.8
    assert np.median(gain[kinds == "invert"]) >= 20
    assert gain[repairs["repaired"] & (kinds != "clean")].min() > -1
    assert repairs["repaired"][kinds == "clean"].mean() <= 0.02
    assert (repairs["improvement"][repairs["repaired"]] >= 0.1).all()


def test_a_blurred_image_is_never_given_back_blurrier(fitted, clean):
    """No restorer is kept for a kind that it does not improve on planted images."""
    assert (fitted.ranking_.set_index("kind").loc[list(fitted.undoable_), "gain"].groupby(level=0).max() >= 1).all()
    noisy, _ = apply_corruption(clean[:50] / np.float32(255), "salt_and_pepper", generator=np.random.default_rng(9))
    noisy = np.rint(noisy * 255).astype(np.uint8)
    images, repairs = with_identifier(fitted, Oracle(noisy, ["salt_and_pepper"] * 50)).restore(noisy)
    gain = psnr(images, clean[:50]) - psnr(noisy, clean[:50])
    assert (gain[repairs["repaired"]] > 0).mean() > 0.9


def test_without_rounds_only_closed_forms_repair(clean):
    restorer = ImageRestorer(Oracle(clean, ["clean"] * len(clean)), epochs=0, random_state=0).fit(clean)
    table = restorer.ranking_
    assert {"flip_horizontal", "low_contrast", "invert"} <= set(table["kind"])
    assert not table["restorer"].str.contains("learned").any()
    assert not set(table["kind"]) & {"gaussian_noise", "gaussian_blur", "rotate", "occlude", "stripe"}
    assert (table.loc[table["kind"] == "flip_horizontal", "gain"] > 20).all()


def test_nothing_is_learnt_for_kinds_of_which_no_image_could_be_repaired(clean):
    """One image said to be turned is not enough for a turn; one said to be noisy is enough for noise."""
    kinds = ["clean"] * len(clean)
    kinds[:2] = ["rotate", "gaussian_noise"]
    restorer = ImageRestorer(Oracle(clean, kinds), epochs=1, images_per_epoch=400, random_state=0).fit(clean)
    tried = restorer.ranking_.groupby("kind")["restorer"].agg(set)
    assert tried["gaussian_noise"] == {"learned", "tv"}
    assert not {"rotate", "salt_and_pepper"} & set(tried.index)
    assert "flip_horizontal" in tried.index  # exact, so nothing has to be learnt for it
    table = restorer.competence_.set_index("kind")["repair"]
    assert table["rotate"] == table["salt_and_pepper"] == "too few images of this set look so"
    assert table["gaussian_noise"] != table["rotate"]
    assert restorer.limits_.get("rotate", 0.0) == 0.0


@pytest.mark.parametrize("named", [0, 1, 3, 4, 40])
def test_only_kinds_whose_limit_cannot_rise_above_nothing_are_left_out(named):
    def frame(kind, n, clean_probability):
        return pd.DataFrame({"kind": [kind] * n, "probability": 0.9, "clean_probability": clean_probability})

    found = pd.concat([frame("clean", 500, 0.999), frame("transpose", named, 1e-6)], ignore_index=True)
    caution = {"min_confidence": 0.6, "max_clean_changed": 0.0005}
    limits = abstention_thresholds(found, {"transpose": frame("transpose", 100, 1e-6)}, {"transpose": 1.0}, **caution)
    assert bool(kinds_worth_learning(found, ["transpose"], **caution)) == (limits["transpose"] > 0)
    assert kinds_worth_learning(found, ["invert"], **caution) == ()


@pytest.mark.parametrize(
    ("kind", "n_unsure", "repaired"), [("transpose", 29, True), ("transpose", 31, False), ("invert", 31, True)]
)
def test_a_symmetry_of_which_most_are_named_with_little_confidence_is_left_alone(kind, n_unsure, repaired):
    """Thirty that are sure are sure for nothing where more look so by themselves; an inversion leaves its trace."""

    def frame(kind, n, probability, belief):
        return pd.DataFrame({"kind": [kind] * n, "probability": probability, "clean_probability": belief})

    rows = [frame("clean", 500, 0.999, 0.999), frame(kind, 30, 0.95, 1e-6), frame(kind, n_unsure, 0.5, 0.4)]
    found = pd.concat(rows, ignore_index=True)
    caution = {"min_confidence": 0.6, "max_clean_changed": 0.0005}
    limits = abstention_thresholds(found, {kind: frame(kind, 100, 0.95, 1e-6)}, {kind: 1.0}, **caution)
    assert (limits[kind] > 0) == repaired
    assert (kinds_worth_learning(found, [kind], **caution) == (kind,)) == repaired


def test_what_is_learnt_does_not_depend_on_the_number_of_jobs():
    corrupted, _ = Corruptor(fraction=0.2, random_state=0).corrupt(load_glyphs(200, random_state=0).images)
    identifier = CorruptionIdentifier(random_state=0, n_jobs=1).fit(corrupted)
    alone, together = (
        ImageRestorer(identifier, epochs=2, images_per_epoch=300, n_jobs=n_jobs, random_state=0).fit(corrupted)
        for n_jobs in (1, 3)
    )
    pd.testing.assert_frame_equal(alone.ranking_, together.ranking_)
    assert alone.limits_ == together.limits_
    np.testing.assert_array_equal(alone.transform(corrupted), together.transform(corrupted))


@pytest.mark.parametrize("kind", ["gaussian_noise", "low_contrast", "brightness", "translate"])
def test_an_answer_with_and_without_abstaining_is_asked_once(clean, kind):
    candidates = RepairCandidates([kind]).fit(
        clean[:120],
        shares={kind: 1.0},
        n_images=200,
        n_rounds=1,
        generator=np.random.default_rng(0),
    )
    unit, _ = apply_corruption(candidates.held_out / np.float32(255), kind, generator=np.random.default_rng(1))
    both = np.concatenate([unit, candidates.held_out / np.float32(255)])  # some damaged, some not
    (name,) = [name for name in CANDIDATES[kind] if name.endswith("learned")]
    damage = [found for *_, found in candidates.learned._answers(candidates.invert(both, kind), kind)]
    n_same = {}
    # Half of the images are found damaged, all of them, and none.
    for threshold in (float(np.median(np.concatenate(damage))), -np.inf, np.inf):
        candidates.learned.thresholds[kind] = threshold
        forced, spared = candidates.repair_both(both, kind)
        np.testing.assert_array_equal(forced, candidates.repair(name, both, kind, abstain=False))
        np.testing.assert_array_equal(spared, candidates.repair(name, both, kind))
        n_same[threshold] = (forced == spared).reshape(len(both), -1).all(axis=1).sum()
    half, every, none = n_same.values()
    assert none < half < every == len(both)

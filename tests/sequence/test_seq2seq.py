"""ArithmeticSeq2Seq and PictureReader: learning, contracts, saving, resuming, bad input."""

import inspect
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import toolkit
from toolkit.datasets import load_digits, make_arithmetic, render_queries
from toolkit.nn import Checkpoint
from toolkit.sequence import ArithmeticSeq2Seq, PictureReader

WAYS = {
    "text_text": {"source": "text", "target": "text"},
    "text_text_told": {"source": "text", "target": "text", "teacher_forcing": True, "dropout": 0.2, "n_layers": 2},
    "text_text_plain": {"source": "text", "target": "text", "attention": False, "reverse_target": False},
    "image_text": {"source": "image", "target": "text", "reverse_source": True},
    "text_image": {"source": "text", "target": "image", "bidirectional": True},
    "text_image_blurred": {"source": "text", "target": "image", "writer": "blurred"},
    "image_image": {"source": "image", "target": "image"},
}


@pytest.fixture(scope="module")
def data():
    found = make_arithmetic("+-", n_digits=1, train_share=0.7, random_state=0)
    digits = load_digits()
    sides = {}
    for part, seed in (("train", 0), ("test", 10)):
        queries, answers = found.part(part)
        sides[part] = {
            "queries": queries,
            "answers": answers,
            "asked": {"text": queries, "image": render_queries(queries, digits, length=3, random_state=seed)},
            "answered": {"text": answers, "image": render_queries(answers, digits, length=2, random_state=seed + 1)},
        }
    return sides


def model_of(way, **parameters):
    return ArithmeticSeq2Seq(
        **WAYS[way] | {"hidden_size": 16, "steps": 8, "picture_rows": 2, "random_state": 0} | parameters
    )


def fit(model, data, **more):
    side = data["train"]
    if model.source == "image":
        more = {"source_text": side["queries"], **more}
    if model.target == "image" and model.writer == "varied":
        more = {"target_text": side["answers"], **more}
    return model.fit(side["asked"][model.source], side["answered"][model.target], **more)


def answers(model, data):
    X = data["test"]["asked"][model.source]
    found = {"predict": model.predict(X)}
    if model.target_characters_ is not None:
        found |= {"predict_text": model.predict_text(X), "predict_proba": model.predict_proba(X)}
    if model.attention:
        found["attention_weights"] = model.attention_weights(X)
    return found


def assert_same(first, second):
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


each_way = pytest.mark.parametrize("way", WAYS)


def test_it_learns_to_add_queries_that_it_never_saw():
    found = make_arithmetic("+", train_share=0.75, random_state=0)
    model = ArithmeticSeq2Seq(hidden_size=64, steps=800, random_state=0).fit(*found.part("train"))
    queries, truth = found.part("test")
    assert model.score(queries, truth) > 0.6  # by chance less than one in a hundred
    assert model.score(queries, np.roll(truth, 1)) < 0.05
    assert model.history_[-1]["loss"] < 0.2 * model.history_[0]["loss"]


def test_pictures_are_read_calculated_with_and_drawn(data):
    """The ends learn too: queries are read, answers written legibly and in more than one hand."""
    model = fit(model_of("image_image", steps=230, picture_rows=12, hidden_size=32, augment=0.5), data)
    side = data["train"]
    read = model.read_source(side["asked"]["image"])
    assert (read == side["queries"]).mean() > 0.9
    assert (
        model.predict_text(side["asked"]["image"]) == side["answers"]
    ).mean() > 0.3  # of 140 queries; by chance one in twelve
    assert (model.read_source(data["test"]["asked"]["image"]) == data["test"]["queries"]).mean() > 0.5
    drawn = model.predict(side["asked"]["image"])
    alike = side["answers"] == model.predict_text(side["asked"]["image"])
    truth = side["answered"]["image"]
    ones = [drawn[row, 0] for row in np.flatnonzero(alike & np.char.startswith(side["answers"], "1"))]
    assert len({picture.tobytes() for picture in ones}) == len(ones) > 3
    # Drawn digits resemble the mean of real ones of their own kind more than any other's.
    first = np.array([answer[0] for answer in side["answers"]])
    names = sorted(set(first) - {"-"})
    means = np.stack([truth[first == name, 0].mean(axis=0).ravel() for name in names])
    flat = drawn[:, 0].reshape(len(drawn), -1).astype(float)
    mine = alike & (first != "-")
    nearest = np.array(names)[((flat[mine, None] - means[None]) ** 2).sum(2).argmin(1)]
    assert (nearest == first[mine]).mean() > 0.6
    assert drawn[(side["answers"] == "1") & alike, 1].max() == 0  # nothing after a short answer


@each_way
def test_shapes_kinds_and_sums(way, data):
    model = fit(model_of(way), data)
    found, n = answers(model, data), len(data["test"]["queries"])
    if model.target == "text":
        assert found["predict"].shape == (n,)
        assert found["predict"].dtype.kind == "U"
    else:
        assert found["predict"].shape == (n, 2, 28, 28)
        assert found["predict"].dtype == np.uint8
    if "predict_proba" in found:
        shares = found["predict_proba"]
        assert shares.shape == (n, 2, len(model.target_characters_))
        np.testing.assert_allclose(shares.sum(axis=2), 1, atol=1e-12)
        letters = np.array(list(model.target_characters_))[shares.argmax(axis=2)]
        assert ["".join(row).strip() for row in letters] == found["predict_text"].tolist()
    if "attention_weights" in found:
        assert found["attention_weights"].shape == (n, 2, 3)
        np.testing.assert_allclose(found["attention_weights"].sum(axis=2), 1, atol=1e-5)
    assert [entry["epoch"] for entry in model.history_] == list(range(1, len(model.history_) + 1))
    assert model.history_[-1]["step"] == 8


@each_way
def test_saved_and_loaded_it_answers_bitwise_the_same(way, data, tmp_path):
    model = fit(model_of(way), data)
    toolkit.save(model, tmp_path / "model")
    loaded = toolkit.load(tmp_path / "model")
    assert vars(loaded).keys() == vars(model).keys()
    assert_same(answers(model, data), answers(loaded, data))
    assert_same(answers(model, data), answers(fit(clone(loaded), data), data))


class _Killed(Exception):
    pass


@each_way
def test_a_killed_training_goes_on_bitwise(way, data, tmp_path):
    whole = fit(model_of(way), data)

    def kill(model, entry):
        if entry["epoch"] == 2:
            raise _Killed

    with pytest.raises(_Killed):
        fit(model_of(way), data, checkpoint=Checkpoint(tmp_path / "run", unit="steps"), hooks=(kill,))
    resumed = fit(
        model_of(way),
        data,
        checkpoint=Checkpoint(tmp_path / "run", unit="steps"),
        resume=True,
        hooks=(lambda model, entry: False,),
    )
    assert_same(answers(whole, data), answers(resumed, data))
    for name, weight in whole.network_.state_dict().items():
        assert torch.equal(weight, resumed.network_.state_dict()[name]), name
    assert [entry["loss"] for entry in whole.history_] == [entry["loss"] for entry in resumed.history_]


@pytest.mark.parametrize("way", ["text_text_told", "image_image"])
def test_two_threads_at_once_equal_one_after_the_other(way, data):
    state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    expected = [answers(fit(model_of(way, random_state=seed), data), data) for seed in (0, 1)]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda seed: answers(fit(model_of(way, random_state=seed), data), data), (0, 1)))
    for first, second in zip(expected, found):
        assert_same(first, second)
    assert torch.equal(state, torch.get_rng_state())
    np.testing.assert_array_equal(numpy_state, np.random.get_state()[1])
    assert any((expected[0][name] != expected[1][name]).any() for name in expected[0])


def test_constructor_stores_its_arguments_unchanged():
    for kind in (ArithmeticSeq2Seq, PictureReader):
        names = [name for name in inspect.signature(kind.__init__).parameters if name != "self"]
        marks = {name: object() for name in names}
        assert vars(kind(**marks)) == marks
        text = inspect.getdoc(kind)
        assert all(f"\n{name}" in text or f" {name} :" in text or f", {name}" in text for name in names), kind


def test_nothing_but_fit_changes_a_model(data):
    model = fit(model_of("image_image"), data)
    held = data["test"]["asked"]["image"].copy()
    before, first = dict(vars(model)), answers(model, data)
    model.predict(held, random_state=5)
    assert vars(model) == before
    assert_same(first, answers(model, data))
    np.testing.assert_array_equal(held, data["test"]["asked"]["image"])


def test_hands_follow_the_seed_and_variety(data):
    model = fit(model_of("text_image", steps=30), data)
    X = data["test"]["queries"]
    np.testing.assert_array_equal(model.predict(X, random_state=3), model.predict(X, random_state=3))
    assert (model.predict(X, random_state=3) != model.predict(X, random_state=4)).any()
    same_hand = clone(model).set_params(variety=0.0)
    fit(same_hand, data)
    np.testing.assert_array_equal(same_hand.predict(X, random_state=3), same_hand.predict(X, random_state=4))


def test_score_of_pictures_asks_the_reader(data):
    model = fit(model_of("text_image"), data)
    X, truth = data["test"]["queries"], data["test"]["answers"]
    with pytest.raises(ValueError, match="reader must be given"):
        model.score(X, truth)
    handed = []

    def reader(pictures):
        handed.append(pictures)
        return np.where(np.arange(len(pictures)) % 4 == 0, "x", truth)

    assert model.score(X, truth, reader=reader) == pytest.approx(1 - np.mean(np.arange(len(X)) % 4 == 0))
    np.testing.assert_array_equal(handed[0], model.predict(X))


def test_float_pictures_any_range_and_not_square(data):
    side = data["train"]
    X = side["asked"]["image"][:, :, :, 3:25].astype(np.float64) * 40 - 5000
    y = side["answered"]["image"][:, :, 4:, :].astype(np.float32) / 255
    model = model_of("image_image").fit(X, y, source_text=side["queries"], target_text=side["answers"])
    drawn = model.predict(X)
    assert (drawn.shape[1:], drawn.dtype) == ((2, 24, 28), np.float32)
    assert 0 <= drawn.min() <= drawn.max() <= 1


def test_the_sums_are_those_of_the_characters_that_were_read(data):
    """Also where the reader is not sure: what it reads decides, not how sure it is of it."""
    model = fit(model_of("image_text", steps=40, reverse_source=False), data)
    pictures, alphabet = data["test"]["asked"]["image"], model.source_characters_
    read = model.read_source(pictures)
    numbers = torch.tensor([[alphabet.index(character) for character in query.ljust(3)] for query in read])
    with torch.no_grad():
        logits, _ = model.network_(torch.nn.functional.one_hot(numbers, len(alphabet)).float())
    written = ["".join(model.target_characters_[i] for i in row) for row in logits.argmax(dim=2).tolist()]
    assert [text[::-1].strip() for text in written] == model.predict(pictures).tolist()


def test_pictures_alone_will_do_for_the_source(data):
    side = data["train"]
    model = model_of("image_text").fit(side["asked"]["image"], side["answers"])
    assert model.source_characters_ is None
    assert len(model.predict(data["test"]["asked"]["image"])) == len(data["test"]["queries"])
    with pytest.raises(ValueError, match="read_source needs"):
        model.read_source(side["asked"]["image"])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"source": "sound"}, "source must be one of 'text', 'image', got 'sound'"),
        ({"target": None}, "target must be one of"),
        ({"writer": "neat"}, "writer must be one of 'varied', 'blurred', got 'neat'"),
        ({"hidden_size": 0}, "hidden_size must be a positive int, got 0"),
        ({"steps": 2.5}, "steps must be a positive int, got 2.5"),
        ({"attention": "yes"}, "attention must be True or False, got 'yes'"),
        ({"dropout": 1.0}, "dropout must be a number of at least 0 and below 1, got 1.0"),
        ({"learning_rate": 0}, "learning_rate must be a number above 0, got 0"),
        ({"weight_decay": float("nan")}, "weight_decay must be a number"),
        ({"bidirectional": True, "hidden_size": 5}, "hidden_size must be even"),
        ({"target": "image", "writer": "blurred", "teacher_forcing": True}, "teacher_forcing must be False"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(ValueError) as caught:
        ArithmeticSeq2Seq(**parameters).fit(["1+1", "1+2"], ["2", "3"])
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (["10+2"], "X must have at most the 3 characters of the longest string in fit, got '10+2' with 4"),
        (["1*2"], "X must consist of the characters in fit ('+-0123456789'), got '*' in '1*2'"),
        ([12], "X must be strings, got an array of int64"),
        ([["1+2"]], "got an array of shape (1, 1)"),
        ([], "shape (0,)"),
        (np.zeros((1, 3, 28, 28)), "shape (1, 3, 28, 28)"),
    ],
)
def test_bad_strings_are_refused_in_one_clear_error(data, X, message):
    model = fit(model_of("text_text", steps=1), data)
    with pytest.raises(ValueError) as caught:
        model.predict(X)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((2, 4, 28, 28)), "X must be 3 pictures of shape (28, 28) a row, as in fit, got 4 of shape (28, 28)"),
        (np.zeros((2, 3, 28, 27)), "got 3 of shape (28, 27)"),
        (np.zeros((2, 28, 28)), "X must be pictures of shape (n_samples, length, height, width)"),
        (np.full((2, 3, 28, 28), np.nan), "X must be finite"),
        (["1+2"], "got an array of shape (1,)"),
    ],
)
def test_bad_pictures_are_refused_in_one_clear_error(data, X, message):
    model = fit(model_of("image_text", steps=1), data)
    with pytest.raises(ValueError) as caught:
        model.predict(X)
    assert message in str(caught.value)


def test_sides_that_do_not_agree_are_refused(data):
    side = data["train"]
    for way, args, more, message in (
        ("text_text", (["1+1"], ["2", "3"]), {}, "must be equally long"),
        ("text_text", (["1+1"], ["2"]), {"source_text": ["1+1"]}, "source_text is for source='image'"),
        ("text_text", (["1+1"], ["2"]), {"target_text": ["2"]}, "target_text is for target='image'"),
        ("text_image", (side["queries"], side["answered"]["image"]), {}, "target_text"),
        ("image_text", (np.zeros((1, 3, 7, 28)), ["2"]), {}, "at least 8 x 8 pixels"),
    ):
        with pytest.raises(ValueError, match=message):
            model_of(way).fit(*args, **more)


def test_attention_weights_need_attention(data):
    with pytest.raises(ValueError, match="attention=True"):
        fit(model_of("text_text_plain", steps=1), data).attention_weights(["1+1"])


def test_reader_reads_hands_it_never_saw(tmp_path):
    digits = load_digits()
    halves = digits.subset(slice(0, 900)), digits.subset(slice(900, None))
    words = make_arithmetic(random_state=0).answers[:400]
    pictures, unseen = (render_queries(words, half, length=3, random_state=seed) for seed, half in enumerate(halves))
    reader = PictureReader(steps=100, random_state=0).fit(pictures, words)
    assert (reader.read(unseen) == words).mean() > 0.85
    with pytest.raises(ValueError, match="equally long"):
        PictureReader().fit(pictures, words[:3])
    with pytest.raises(ValueError, match="pictures must be"):
        reader.read(unseen[:, :, 1:])
    with pytest.raises(ValueError, match="pictures must be"):
        reader.read(unseen[0, 0, 0])
    toolkit.save(reader, tmp_path / "reader")
    loaded = toolkit.load(tmp_path / "reader")
    assert loaded.get_params() == reader.get_params()
    assert vars(loaded).keys() == vars(reader).keys()
    np.testing.assert_array_equal(loaded.read(unseen), reader.read(unseen))
    toolkit.save(loaded, tmp_path / "reader")  # what was loaded can be saved again, and fitted anew
    again = toolkit.load(tmp_path / "reader").set_params(steps=3).fit(pictures[:20], words[:20])
    assert again.history_[-1]["step"] == 3


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"steps": 0}, "steps must be a positive int, got 0"),
        ({"batch_size": 1.5}, "batch_size must be a positive int, got 1.5"),
        ({"n_threads": True}, "n_threads must be a positive int, got True"),
        ({"learning_rate": 0}, "learning_rate must be a number above 0, got 0"),
        ({"augment": float("nan")}, "augment must be a number of at least 0, got nan"),
    ],
)
def test_reader_refuses_parameters_out_of_range(params, message):
    with pytest.raises(ValueError) as caught:
        PictureReader(**params).fit(np.zeros((2, 1, 28, 28), np.uint8), ["1", "2"])
    assert message in str(caught.value)


def test_reader_must_be_fitted():
    with pytest.raises(NotFittedError):
        PictureReader().read(np.zeros((2, 1, 28, 28), np.uint8))

"""Queries, their parts and their pictures."""

import numpy as np
import pytest

from toolkit.comparison import answer_accuracy, answer_errors, count_carries, handwriting_spread
from toolkit.datasets import ImageSet, load_digits, make_arithmetic, pad_strings, render_queries


@pytest.mark.parametrize("operations", ["+-", "+", "-"])
def test_every_query_is_there_once_with_its_answer(operations):
    found = make_arithmetic(operations, random_state=0)
    expected = {
        f"{a}{sign}{b}": str(eval(f"{a}{sign}{b}")) for sign in operations for a in range(100) for b in range(100)
    }
    assert dict(zip(found.queries.tolist(), found.answers.tolist())) == expected
    assert len(found) == len(expected) == 10_000 * len(operations)


@pytest.mark.parametrize("split", ["random", "commutative"])
def test_parts_are_disjoint_and_of_the_sizes_asked_for(split):
    found = make_arithmetic(train_share=0.6, validation_share=0.1, split=split, random_state=1)
    parts = [set(found.part(name)[0].tolist()) for name in ("train", "validation", "test")]
    assert sum(map(len, parts)) == len(set().union(*parts)) == 20_000
    np.testing.assert_allclose([len(part) / 20_000 for part in parts], [0.6, 0.1, 0.3], atol=2e-4)


def test_commutative_split_keeps_mirror_images_together():
    def torn(split):
        found = make_arithmetic(split=split, random_state=0)
        part_of = dict(zip(found.queries.tolist(), found.parts.tolist()))
        pairs = [(f"{a}{sign}{b}", f"{b}{sign}{a}") for sign in "+-" for a in range(100) for b in range(a)]
        return np.mean([part_of[one] != part_of[other] for one, other in pairs])

    assert torn("commutative") == 0
    assert torn("random") > 0.3


def test_a_seed_gives_the_same_set_and_another_seed_another():
    first, again, other = (make_arithmetic(random_state=seed) for seed in (3, 3, 4))
    assert (first.queries == again.queries).all()
    assert (first.parts == again.parts).all()
    assert (first.queries != other.queries).any()


def test_three_digits_can_be_drawn_from():
    found = make_arithmetic("+", n_digits=3, n_queries=2000, random_state=0)
    assert len(set(found.queries.tolist())) == len(found) == 2000
    assert (found.query_length, found.answer_length) == (7, 4)
    assert all(str(eval(query)) == answer for query, answer in zip(found.queries.tolist(), found.answers.tolist()))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"operations": "*"}, "operations must be '+-', '+' or '-', got '*'"),
        ({"operations": "++"}, "operations"),
        ({"n_digits": 0}, "n_digits must be an int from 1 to 4, got 0"),
        ({"n_digits": True}, "n_digits"),
        ({"train_share": 1.0}, "train_share must be a number in [0, 1), got 1.0"),
        ({"train_share": 0.96}, "leave queries to train and to test with"),
        ({"train_share": 0.0}, "train_share"),
        ({"validation_share": -0.1}, "validation_share"),
        ({"split": "alphabetic"}, "split must be one of 'random', 'commutative', got 'alphabetic'"),
        ({"n_queries": 20_001}, "n_queries must be an int from 3 to 20000"),
        ({"n_queries": 3, "train_share": 0.01}, "leave a part of the 3 queries empty"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(ValueError) as caught:
        make_arithmetic(**{"random_state": 0, **parameters})
    assert message in str(caught.value)


def test_padding():
    assert pad_strings(["1+1", "10+10"], 5).tolist() == ["1+1  ", "10+10"]
    with pytest.raises(ValueError, match="at most length=3 characters, got one of 5"):
        pad_strings(["10+10"], 3)


@pytest.fixture(scope="module")
def digits():
    return load_digits()


def test_digits_are_pictures_of_the_set_and_of_the_right_digit(digits):
    queries = make_arithmetic(random_state=0).queries[:300]
    pictures = render_queries(queries, digits, random_state=0)
    assert pictures.shape == (300, 5, 28, 28)
    assert pictures.dtype == np.uint8
    labels = {image.tobytes(): int(label) for image, label in zip(digits.images, digits.labels)}
    seen = set()
    for query, row in zip(queries.tolist(), pictures):
        for character, picture in zip(query.ljust(5), row):
            if character.isdigit():
                assert labels[picture.tobytes()] == int(character)
                seen.add(picture.tobytes())
            elif character == " ":
                assert not picture.any()
            else:
                assert picture.tobytes() not in labels
    assert len(seen) > 500  # not one picture a digit


def test_signs_differ_in_each_picture_and_keep_their_shape():
    signs = render_queries(["+-"] * 200, random_state=0)
    assert len({picture.tobytes() for picture in signs.reshape(-1, 28, 28)}) == 400
    plus, minus = signs[:, 0].astype(float) / 255, signs[:, 1].astype(float) / 255
    # A plus is as tall as wide, a minus is flat: extents of the ink, in pixels.
    for pictures, tall in ((plus, True), (minus, False)):
        rows, columns = (pictures.max(axis=axis) > 0.5 for axis in (2, 1))
        assert (rows.sum(axis=1) >= 9).mean() > 0.95 if tall else (rows.sum(axis=1) < 9).mean() > 0.95
        assert (columns.sum(axis=1) >= 9).mean() > 0.95
    assert 1.5 < plus.sum() / minus.sum() < 2.0  # two strokes that share their crossing


def test_float_digits_and_own_length(digits):
    floats = ImageSet(digits.images.astype(np.float32) / 255, labels=digits.labels)
    pictures = render_queries(["1-2"], floats, length=6, random_state=0)
    assert pictures.shape == (1, 6, 28, 28)
    assert pictures.dtype == np.float32
    assert 0.5 < pictures[0, 1].max() <= 1
    assert not pictures[0, 3:].any()


@pytest.mark.parametrize(
    ("queries", "parameters", "message"),
    [
        (["1*2"], {}, "digits, '+', '-' and spaces, got '*'"),
        (["10+20"], {"length": 3}, "at most length=3 characters"),
        ([["1+2"]], {}, "shape (1, 1)"),
        (["1+2"], {"digits": ImageSet(np.zeros((2, 28, 28)))}, "with labels"),
        (["1+2"], {"digits": ImageSet(np.zeros((1, 28, 28)), labels=np.array([1]))}, "none of '2'"),
    ],
)
def test_what_cannot_be_written_is_refused(queries, parameters, message):
    with pytest.raises(ValueError) as caught:
        render_queries(queries, **{"random_state": 0, **parameters})
    assert message in str(caught.value)


def _carries_by_hand(query):
    """School arithmetic, digit by digit on strings."""
    sign = "+" if "+" in query else "-"
    numbers = sorted(map(int, query.split(sign)), reverse=True)
    top, bottom = (str(number).rjust(4, "0")[::-1] for number in numbers)
    carry = count = 0
    for a, b in zip(top, bottom):
        total = int(a) + int(b) + carry if sign == "+" else int(a) - int(b) - carry
        carry = int(total >= 10 or total < 0)
        count += carry
    return count


def test_carries_and_borrows_against_school_arithmetic():
    queries = make_arithmetic("+-", n_digits=3, n_queries=600, random_state=0).queries
    assert count_carries(queries).tolist() == [_carries_by_hand(query) for query in queries.tolist()]
    with pytest.raises(ValueError, match="must read like '45\\+23'"):
        count_carries(["45*23"])


def test_accuracy_by_hand():
    found = answer_accuracy(["10", "-3", "7"], ["10", "3", "77"])
    # Characters: 2 of 2, 0 of 2 ("-" against "3", "3" against nothing), 1 of 2.
    assert found == {"exact_match": 1 / 3, "character_accuracy": 3 / 6}
    with pytest.raises(ValueError, match="equally long"):
        answer_accuracy(["1"], ["1", "2"])


def test_error_groups_add_up():
    found = make_arithmetic(random_state=0)
    queries, truth = found.queries[:500], found.answers[:500]
    answers = truth.copy()
    answers[::10] = "0"
    table = answer_errors(queries, truth, answers)
    n_wrong = int((answers != truth).sum())
    total = table[table["by"] == "all"].iloc[0]
    assert (total["n"], total["n_wrong"]) == (500, n_wrong)
    for by in (["operation"], ["carries", "borrows"], ["answer length"]):
        mine = table[table["by"].isin(by)]
        assert (mine["n"].sum(), mine["n_wrong"].sum()) == (500, n_wrong)


def test_spread_of_handwriting(digits):
    names = digits.labels.astype(str)
    means = np.stack([digits.images[names == str(digit)].mean(axis=0) for digit in range(10)])
    shown = means[digits.labels]
    half = shown + 0.5 * (digits.images - shown)
    assert handwriting_spread(shown, names, digits.images, names)["spread"].max() < 1e-3
    np.testing.assert_allclose(handwriting_spread(half, names, digits.images, names)["spread"], 0.5, atol=1e-4)
    with pytest.raises(ValueError, match="pictures must be pictures"):
        handwriting_spread(shown, names[:3], digits.images, names)

"""The comparison of sequence models and the displays of the room."""

import numpy as np
import pandas as pd
import pytest

from toolkit.comparison import SEQUENCE_MODELS, compare_sequence_models
from toolkit.plots import AccuracyByShareDisplay, AttentionDisplay, QueryPageDisplay
from toolkit.sequence import ArithmeticSeq2Seq

QUICK = {"operations": "+", "n_digits": 1, "hidden_size": 8, "steps": 3}


def test_a_row_for_each_model_share_and_seed():
    table = compare_sequence_models(train_shares=[0.6, 0.3], **QUICK)
    assert len(table) == len(SEQUENCE_MODELS) * 2
    assert not table.duplicated(["model", "train_share", "seed"]).any()
    assert (table["status"] == "ok").all()
    shares = table.filter(like="exact_match").join(table.filter(like="character_accuracy")).to_numpy()
    assert ((shares >= 0) & (shares <= 1)).all()
    weights = table.groupby("model")["n_weights"].first()
    assert weights["two_layers"] > weights["repeat_vector"] == weights["reversed"]
    assert table.attrs["greater_is_better"]["cpu_seconds"] is False


def test_models_of_ones_own_and_cells_that_fail():
    models = {"mine": ArithmeticSeq2Seq(n_layers=2), "broken": {"hidden_size": 0}}
    table = compare_sequence_models(models, train_shares=[0.5], operations="+", n_digits=1, steps=2)
    assert table["status"].tolist() == ["ok", "failed"]
    assert "hidden_size must be a positive int" in table["error"][1]
    assert np.isnan(table["exact_match_unseen"][1])


@pytest.mark.parametrize(
    ("models", "parameters", "message"),
    [
        (["transformer"], {}, "Unknown sequence model: 'transformer'"),
        ({}, {}, "at least one model"),
        ({"a": {"target": "image"}}, {}, "must go from text to text, got text to image"),
        (["reversed"], {"seeds": [1, 1]}, "seeds must be different"),
        (["reversed"], {"train_shares": [0.99]}, "train_share"),
    ],
)
def test_bad_comparisons_are_refused(models, parameters, message):
    with pytest.raises(ValueError, match=message):
        compare_sequence_models(models, **QUICK | parameters)


def test_accuracy_by_share_shows_mean_worst_and_best():
    table = pd.DataFrame(
        {
            "model": ["a"] * 4 + ["b"] * 2,
            "train_share": [0.1, 0.1, 0.5, 0.5, 0.1, 0.5],
            "exact_match_unseen": [0.2, 0.4, 0.8, 1.0, 0.1, np.nan],
        }
    )
    display = AccuracyByShareDisplay.from_predictions(table)
    expected = [["a", 0.1, 0.3, 0.2, 0.4], ["a", 0.5, 0.9, 0.8, 1.0], ["b", 0.1, 0.1, 0.1, 0.1]]
    for row, wanted in zip(display.frame().to_numpy().tolist(), expected):
        assert row[0] == wanted[0]
        np.testing.assert_allclose(row[1:], wanted[1:])
    lines = display.plot().ax_.get_lines()
    np.testing.assert_allclose(lines[0].get_ydata(), [0.3, 0.9])
    assert [line.get_label() for line in lines] == ["a", "b"]
    with pytest.raises(ValueError, match="table must have the columns"):
        AccuracyByShareDisplay.from_predictions(table.drop(columns="model"))


def test_attention_maps_hold_what_the_model_says():
    X, y = np.array(["1+2", "3+4", "5+1"]), np.array(["3", "7", "6"])
    model = ArithmeticSeq2Seq(hidden_size=8, steps=2, random_state=0).fit(X, y)
    display = AttentionDisplay.from_estimator(model, X)
    frame = display.frame()
    assert len(frame) == 3 * 1 * 3
    np.testing.assert_allclose(frame["weight"].to_numpy().reshape(3, 1, 3), model.attention_weights(X))
    assert len(display.plot().ax_.get_images()) == 3
    with pytest.raises(ValueError, match="weights must be maps"):
        AttentionDisplay.from_predictions(np.ones((2, 3)), X, y)


def test_query_page_marks_mistakes_and_shows_pictures():
    pictures = np.zeros((3, 2, 8, 8), dtype=np.uint8)
    pictures[:, 0, 2:6, 2:6] = 255
    page = QueryPageDisplay.from_predictions(["1+2", "3-4", "2+2"], pictures, ["3", "-1", "4"], read=["3", "1", ""])
    assert page.frame()["right"].tolist() == [True, False, False]
    ax = page.plot().ax_
    written = [text.get_text() for text in ax.texts]
    assert "reads 1, should be -1" in written
    assert "reads nothing, should be 4" in written
    assert "reads 3" in written
    assert len(ax.get_images()) == 6
    with pytest.raises(ValueError, match="read, what the answers say"):
        QueryPageDisplay.from_predictions(["1+2"], pictures[:1], ["3"])

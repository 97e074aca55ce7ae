"""A training of the workbench that is stopped and gone on with shows its curves from the start."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toolkit.exceptions import StoppedError
from toolkit.plots import LossCurveDisplay
from toolkit.web._reading import Choice
from toolkit.web._train_work import Settings, settings_of, train


@pytest.fixture
def drawn(monkeypatch):
    """The histories that loss charts were drawn of."""
    histories, draw = [], LossCurveDisplay.from_history

    def spy(history, *args, **options):
        histories.append([dict(entry) for entry in history])
        return draw(history, *args, **options)

    monkeypatch.setattr(LossCurveDisplay, "from_history", spy)
    return histories


def run(out, told, *, command="gan", length="steps", amount, every=0, stop=lambda: False, resume=False, n_images=200):
    return train(
        choice=Choice("set", "digits", n_images, Path()),
        settings=Settings(command, "modern", length, amount, 2, every, 0),
        out=str(out),
        resume=resume,
        overwrite=False,
        say=lambda kind, value: told.append((kind, value)),
        progress=lambda stage, share: None,
        should_stop=stop,
        should_finish=lambda: False,
    )


def after(n_questions):
    """Says no that many times, then always yes."""
    asked = itertools.count()
    return lambda: next(asked) >= n_questions


def test_curves_and_coverage_go_on_where_they_were(tmp_path, drawn):
    first, second = [], []
    with pytest.raises(StoppedError):
        run(tmp_path / "gan", first, amount=24, every=4, stop=lambda: sum(kind == "coverage" for kind, _ in first) == 3)
    reached = max(int(path.name[5:]) for path in (tmp_path / "gan" / "checkpoints").glob("step-*"))
    assert 12 <= reached < 24
    drawn.clear()
    run(tmp_path / "gan", second, amount=24, every=4, resume=True)
    # The first chart after going on is there at once, and begins with the first epoch of the first part.
    whole = pd.read_csv(tmp_path / "gan" / "history.csv")
    chart = pd.DataFrame(drawn[0])
    n_epochs = int((whole["step"] <= reached).sum())
    assert n_epochs >= 2
    np.testing.assert_allclose(chart["epoch"][:n_epochs], whole["epoch"][:n_epochs])
    np.testing.assert_allclose(chart["generator_loss"][:n_epochs], whole["generator_loss"][:n_epochs])
    for history in drawn:
        epochs = [entry["epoch"] for entry in history]
        assert epochs == sorted(epochs)
        assert epochs[0] == 1
    assert next(value[0] for kind, value in second if kind == "grid") == reached
    # Coverage: what was seen before, then further looks, each step once; in the folder as well.
    frames = [frame for kind, (_, frame) in (item for item in second if item[0] == "coverage")]
    seen = [frame for kind, (_, frame) in (item for item in first if item[0] == "coverage")][-1]
    assert seen["step"].tolist() == [4, 8, 12]
    pd.testing.assert_frame_equal(frames[0], seen, check_exact=False, rtol=1e-6)
    assert frames[-1]["step"].tolist() == [4, 8, 12, 16, 20, 24]
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "gan" / "coverage.csv"), frames[-1], rtol=1e-6)


def test_looks_after_the_checkpoint_are_taken_again(tmp_path, drawn):
    first, second = [], []
    with pytest.raises(StoppedError):
        run(tmp_path / "gan", first, amount=8, every=2, stop=lambda: sum(kind == "coverage" for kind, _ in first) == 2)
    path = tmp_path / "gan" / "coverage.csv"
    table = pd.read_csv(path)
    assert table["step"].tolist() == [2, 4]
    pd.concat([table, table.assign(step=[6, 8], js=[99.0, 99.0])]).to_csv(path, index=False)  # of a killed training
    run(tmp_path / "gan", second, amount=8, every=2, resume=True)
    after = pd.read_csv(path)
    assert after["step"].tolist() == [2, 4, 6, 8]
    assert (after["js"] < 99).all()


def test_a_table_of_coverage_that_is_none_costs_nothing(tmp_path, drawn):
    with pytest.raises(StoppedError):
        run(tmp_path / "gan", [], amount=8, stop=after(7))
    (tmp_path / "gan" / "coverage.csv").write_text("step,js\n2,x\n")
    with pytest.warns(UserWarning, match="coverage.csv could not be drawn"):
        run(tmp_path / "gan", [], amount=8, every=8, resume=True)
    assert pd.read_csv(tmp_path / "gan" / "coverage.csv")["step"].tolist() == [8]


def test_curves_of_a_training_by_epochs_go_on(tmp_path, drawn):
    with pytest.raises(StoppedError):
        run(tmp_path / "vae", [], command="vae", length="epochs", amount=6, stop=after(40))
    drawn.clear()
    run(tmp_path / "vae", [], command="vae", length="epochs", amount=6, resume=True)
    epochs = [entry["epoch"] for entry in drawn[0]]
    assert epochs[0] == 1
    assert len(epochs) >= 2
    assert pd.read_csv(tmp_path / "vae" / "history.csv")["epoch"].tolist() == [1, 2, 3, 4, 5, 6]


def test_a_folder_says_what_it_is_a_training_of(tmp_path):
    with pytest.raises(StoppedError):
        run(tmp_path / "gan", [], amount=8, stop=after(7))
    assert settings_of(tmp_path / "gan") == (Settings("gan", "modern", "steps", 8, 2, 0, 0), "digits", 200)
    with pytest.raises(StoppedError):
        run(tmp_path / "vae", [], command="vae", length="epochs", amount=6, stop=after(40))
    assert settings_of(tmp_path / "vae") == (Settings("vae", "modern", "epochs", 6, 2, 0, 0), "digits", 200)
    (tmp_path / "vae" / "training.json").write_text("[]")
    with pytest.raises(ValueError, match="training.json in vae is no record"):
        settings_of(tmp_path / "vae")
    record = '{"command": "vae", "data": "digits", "n_images": 9, "parameters": {"epochs": 3}}'
    (tmp_path / "vae" / "training.json").write_text(record)
    with pytest.raises(ValueError, match="toolkit train vae --resume"):
        settings_of(tmp_path / "vae")


def test_what_is_refused_is_said_as_on_the_page(tmp_path):
    out = tmp_path / "somewhere"
    with pytest.raises(StoppedError):
        run(out, [], amount=8, stop=after(7))
    with pytest.raises(ValueError, match="not ended: Resume goes on with it") as unfinished:
        run(out, [], amount=8)
    run(out, [], amount=8, resume=True)
    with pytest.raises(ValueError, match="finished model in this folder: Resume with a greater length") as ended:
        run(out, [], amount=8)
    with pytest.raises(ValueError, match="has Images at most = 200, not 100: choose the same") as changed:
        run(out, [], amount=8, resume=True, n_images=100)
    for caught in (unfinished, ended, changed):
        assert "somewhere" not in str(caught.value)
        assert "=True" not in str(caught.value)

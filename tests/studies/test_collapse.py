"""The collapse study: recipes, runs that can be stopped, figures that others arrive at, too, and honest words."""

import html
import itertools
import json

import numpy as np
import pandas as pd
import pytest

from toolkit.coverage import COVERAGE_METRICS, ModeCoverage
from toolkit.datasets import load_glyphs
from toolkit.generators import GAN
from toolkit.studies import (
    CURE,
    MITIGATIONS,
    CollapseStudy,
    check_collapse_settings,
    collapse_findings,
    collapse_grid,
    collapse_recipe,
    compare_settings,
    outcome_of,
    rank_settings,
    run_collapse_study,
    settings_table,
    write_collapse_study,
)
from toolkit.studies.collapse import _study as module
from toolkit.studies.collapse._figures import collapse_figures
from toolkit.studies.collapse._findings import collapse_answer, trajectory
from toolkit.studies.collapse._write import _read_table

TINY = {"generator_widths": (16,), "discriminator_widths": (16,), "latent_dim": 8}
SETTINGS = {
    "plain": TINY,
    "wild": TINY | {"learning_rate": 1e25},
    "cured": TINY | {"generator_norm": "batch", "gradient_penalty": "r1", "learning_rate": 1e-3},
}
PLAN = {"seeds": (0, 1), "steps": 30, "checkpoints": (7, 20), "n_samples": 120}


@pytest.fixture(scope="module")
def images():
    return load_glyphs(n_samples=200, random_state=0).images


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("collapse") / "runs"


@pytest.fixture(scope="module")
def study(images, kept):
    return run_collapse_study(images, SETTINGS, folder=kept, name="glyphs", **PLAN)


def test_recipes_differ_from_the_plain_setting_in_what_they_name_only():
    plain = collapse_recipe("mitigation")["plain"]
    for name, parameters in collapse_recipe("mitigation").items():
        changed = {key for key in {*plain, *parameters} if plain.get(key) != parameters.get(key)}
        # The same widths, depth, batches and latents: what differs is the mitigation.
        assert not changed & {"generator_widths", "discriminator_widths", "batch_size", "latent_dim", "architecture"}
        if name.replace(" ", "_") in MITIGATIONS:
            assert changed == set(MITIGATIONS[name.replace(" ", "_")])
    together = collapse_recipe("mitigation")["together"]
    assert together == {**plain, **{key: value for part in CURE for key, value in MITIGATIONS[part].items()}}
    ablation = collapse_recipe("ablation")
    assert len(ablation) == len(CURE) + 2
    assert ablation["cure"] == together
    for part in CURE:
        left = ablation[f"without {part.replace('_', ' ')}"]
        changed = {key for key in {*left, *together} if left.get(key) != together.get(key)}
        assert changed == set(MITIGATIONS[part])
    classic = collapse_recipe("hyperparameters")
    assert classic["learning rate .01"]["learning_rate"] == 0.01
    assert (classic["usual"]["batch_size"], classic["batch 256"]["batch_size"]) == (100, 256)
    assert (classic["usual"]["dropout"], classic["no dropout"]["dropout"]) == (0.3, 0.0)
    assert classic["Wasserstein"]["objective"] == "wasserstein"
    assert {parameters["architecture"] for parameters in collapse_recipe("architectures").values()} == {
        "mlp",
        "dcgan",
        "resnet",
    }


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("name", ["collapse", "mitigation", "ablation", "hyperparameters", "architectures"])
def test_every_recipe_is_what_a_gan_takes(name, quick, images):
    settings = check_collapse_settings(collapse_recipe(name, quick=quick))
    for parameters in settings.values():
        json.dumps(parameters)  # a run's record is JSON
    if not quick and name == "architectures":
        for parameters in (settings[architecture] for architecture in ("mlp", "dcgan", "resnet")):
            GAN(**parameters, max_steps=1, random_state=0).fit(images[:8])


def test_averaging_is_fitted_to_the_length():
    decay = [collapse_recipe(steps=steps)["cured"]["weight_averaging"] for steps in (500, 20_000)]
    assert decay == [0.99, 0.999]


def test_grid():
    grid = collapse_grid(["mlp", "dcgan"], ["hinge", "minimax"], ["none", "packing+batch_norm", "cure"])
    assert len(grid) == 12
    entry = grid["dcgan, hinge, packing, batch norm"]
    assert (entry["architecture"], entry["objective"], entry["packing"]) == ("dcgan", "hinge", 4)
    assert "generator_widths" not in entry  # a grid has widths of its own
    assert grid["mlp, minimax, cure"]["gradient_penalty"] == "r1"
    with pytest.raises(ValueError, match=r"Unknown mitigation: 'packin'. Did you mean 'packing'"):
        collapse_grid(mitigations=["packin"])
    with pytest.raises(ValueError, match="Unknown objective"):
        collapse_grid(objectives=["hing"])


def test_a_row_for_each_run_and_checkpoint(study):
    runs = study.runs
    steps = runs.groupby(["setting", "seed"])["step"].apply(list)
    assert steps["plain", 0] == steps["cured", 1] == [7, 20, 30]
    assert steps["wild", 0] == [1]  # it diverged there
    assert runs["final"].sum() == 6
    wild = study.final.set_index(["setting", "seed"]).loc["wild"]
    assert wild["status"].tolist() == wild["outcome"].tolist() == ["diverged", "diverged"]
    assert wild["error"].str.contains("step 1").all()
    assert wild["js"].isna().all()
    others = study.final[study.final["setting"] != "wild"]
    assert (others["status"] == "finished").all()
    assert others["error"].isna().all()
    assert (others["seconds"] > 0).all()
    assert study.samples["plain", 0].shape == (120, 28, 28)
    assert study.growth["plain", 0].shape == (3, 12, 28, 28)
    assert study.samples["wild", 0].shape == (0, 28, 28)
    np.testing.assert_array_equal(study.growth["plain", 0][-1], study.samples["plain", 0][:12])


def test_figures_are_those_of_a_plain_fit(study, images):
    """Measuring on the way changes nothing: a fit by hand ends in the same images and figures."""
    gan = GAN(**SETTINGS["cured"], max_steps=30, random_state=1).fit(images)
    samples = gan.sample(120, random_state=1)
    np.testing.assert_array_equal(samples, study.samples["cured", 1])
    record = ModeCoverage(random_state=0).fit(images).evaluate(samples)
    row = study.final[(study.final["setting"] == "cured") & (study.final["seed"] == 1)].iloc[0]
    for name in (
        "js",
        "ndb",
        "precision",
        "recall",
        "density",
        "coverage",
        "frechet",
        "copied_share",
        "resembling",
        "support",
    ):
        assert row[name] == pytest.approx(getattr(record, name), rel=1e-9), name
    missing = record.bins[(record.bins["status"] == "missing")]
    assert row["missing_share"] == pytest.approx(missing["real"].sum() / len(images))
    assert row["bins_missing"] == len(missing)
    short = GAN(**SETTINGS["cured"], max_steps=30, random_state=1)
    taken = {}

    class At20:
        def __call__(self, trainer, entry):
            return False

        def after_step(self, trainer, step):
            taken[step] = trainer
            return step == 20

    short.fit(images, hooks=(At20(),))
    np.testing.assert_array_equal(short.sample(12, random_state=1), study.growth["cured", 1][1])


def test_finished_runs_are_not_repeated(study, images, kept):
    assert len(list(kept.glob("*.json"))) == len(list(kept.glob("*.npz"))) == 6
    for path in kept.glob("*.json"):  # a mark that no run would make
        record = json.loads(path.read_text())
        path.write_text(json.dumps(record | {"seconds": 12345.0}))
    gone, torn = sorted(kept.glob("plain-seed0*.json"))[0], sorted(kept.glob("plain-seed1*.npz"))[0]
    gone.unlink()
    torn.write_bytes(torn.read_bytes()[:100])
    again = run_collapse_study(images, SETTINGS, folder=kept, **PLAN)
    marked = {cell for cell, record in again.records.items() if record["seconds"] == 12345.0}
    assert marked == {cell for cell in again.records if cell[0] != "plain"}
    measured = [column for column in study.runs.columns if column != "seconds"]
    pd.testing.assert_frame_equal(again.runs[measured], study.runs[measured])
    for cell, samples in study.samples.items():
        np.testing.assert_array_equal(again.samples[cell], samples)
    other = run_collapse_study(images[:150], {"cured": SETTINGS["cured"]}, folder=kept, **PLAN | {"seeds": [0]})
    assert other.records["cured", 0]["seconds"] != 12345.0  # other images: another run
    longer = run_collapse_study(images, {"cured": SETTINGS["cured"]}, folder=kept, **PLAN | {"seeds": [0], "steps": 31})
    assert longer.final["step"].tolist() == [31]


def test_runs_of_an_earlier_version_are_read(images, tmp_path):
    """They say “unlearnt” for what is called undertrained now, and lack what was not measured then."""
    plan = PLAN | {"seeds": (0,), "steps": 4, "checkpoints": 1}
    run_collapse_study(images, {"plain": TINY}, folder=tmp_path, **plan)
    (path,) = tmp_path.glob("*.json")
    record = json.loads(path.read_text())
    for figures in record["checkpoints"]:
        figures |= {"missing_share": 0.98, "lost_share": 0.98, "resembling": 0.0, "support": None, "js": 0.5}
        for name in ("ndb_expected", "copied_share_expected", "exact_share_expected"):
            figures.pop(name)
    path.write_text(json.dumps(record | {"outcome": "unlearnt", "seconds": 12345.0}))
    again = run_collapse_study(images, {"plain": TINY}, folder=tmp_path, **plan)
    assert again.records["plain", 0]["seconds"] == 12345.0  # read, not run
    assert again.records["plain", 0]["outcome"] == again.final["outcome"].tolist()[0] == "undertrained"
    assert settings_table(again).loc[0, ["undertrained", "js_mean"]].tolist() == [1, 0.5]


def test_curves_of_any_metric(study):
    from toolkit.studies.collapse._figures import coverage_curves

    for metric, words in (("js", "Jensen-Shannon divergence (nats)"), ("recall", "recall")):
        reached, other = coverage_curves(study, metric).axes
        assert reached.get_ylabel() == "share of the data that is reached"
        assert other.get_ylabel() == words
        drawn = next(line for line in other.lines if line.get_label() == "plain")
        means = study.runs[study.runs["setting"] == "plain"].groupby("step")[metric].mean()
        np.testing.assert_allclose(drawn.get_ydata(), means)
    with pytest.raises(ValueError, match="Unknown metric: 'recal'. Did you mean 'recall'"):
        coverage_curves(study, "recal")


def test_a_study_that_was_stopped_goes_on(images, tmp_path, monkeypatch):
    whole, calls = module.run_one, []

    def stopped(**task):
        calls.append(task["seed"])
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole(**task)

    plan = PLAN | {"seeds": (0, 1, 2), "steps": 8, "checkpoints": 1}
    monkeypatch.setattr(module, "run_one", stopped)
    with pytest.raises(KeyboardInterrupt):
        run_collapse_study(images, {"plain": TINY}, folder=tmp_path, **plan)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(before) == 2
    monkeypatch.undo()
    found = run_collapse_study(images, {"plain": TINY}, folder=tmp_path, **plan)
    assert len(found.records) == 3
    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(after) == 6
    assert all(after[name] == time for name, time in before.items())


def test_a_run_that_fails_is_recorded_and_tried_again(images, tmp_path, monkeypatch):
    fit = GAN.fit

    def broken(self, X, y=None, **options):
        if self.packing == 2:
            raise RuntimeError("no more memory")
        return fit(self, X, y, **options)

    settings = {"plain": TINY, "packed": TINY | {"packing": 2}}
    plan = PLAN | {"seeds": (0,), "steps": 4, "checkpoints": 1}
    monkeypatch.setattr(GAN, "fit", broken)
    found = run_collapse_study(images, settings, folder=tmp_path, **plan)
    assert found.final["outcome"].tolist()[1] == "failed"
    assert "no more memory" in found.final["error"].tolist()[1]
    assert any("failed: “packed” (1 of 1 run)" in sentence for sentence in collapse_findings(found))
    monkeypatch.undo()
    again = run_collapse_study(images, settings, folder=tmp_path, **plan)
    assert (again.final["status"] == "finished").all()


def test_seconds_limit_a_run(images):
    found = run_collapse_study(images, {"plain": TINY}, seeds=[0], steps=None, seconds=0.4, checkpoints=3, n_samples=50)
    row = found.final.iloc[0]
    assert row["step"] >= 1
    assert 0 < row["seconds"] < 10.0  # on a machine that is busy with other things, too
    both = run_collapse_study(images, {"plain": TINY}, seeds=[0], steps=5, seconds=9.0, checkpoints=1, n_samples=50)
    assert both.final["step"].tolist() == [5]


@pytest.mark.slow
def test_parallel_runs_are_the_same(study, images, tmp_path):
    found = run_collapse_study(images, SETTINGS, folder=tmp_path, n_jobs=2, **PLAN)
    measured = [column for column in study.runs.columns if column != "seconds"]
    pd.testing.assert_frame_equal(found.runs[measured], study.runs[measured])


def made(missing, js, *, steps=(100,), status=None):
    """A study as if it had been run: missing shares of shape (n_seeds, n_steps) and divergences by setting."""
    rows = []
    for setting, shares in missing.items():
        shares = np.atleast_2d(np.asarray(shares, float))
        for seed, line in enumerate(shares):
            for place, (step, share) in enumerate(zip(steps, line)):
                last = place == len(line) - 1
                state = (status or {}).get((setting, seed), "finished") if last else "finished"
                value = js[setting][seed]
                rows.append(
                    {"setting": setting, "seed": seed, "status": state, "step": step, "seconds": 1.0, "final": last}
                    | {
                        "outcome": outcome_of(state, [{"missing_share": share}]),
                        "js": value,
                        "js_expected": 0.01,
                        "p_value": 0.0005,
                    }
                    | {"n_bins": 100.0, "bins_missing": 100 * share, "missing_share": share, "coverage": 1 - share}
                    | {"precision": 0.9, "recall": 0.5, "frechet": 1.0, "copied_share": 0.01, "support": np.inf}
                    | {"error": None}
                )
    facts = {"name": "made", "seeds": list(range(len(next(iter(js.values()))))), "n_images": 0, "image_shape": [8, 8]}
    settings = {setting: {"packing": place} for place, setting in enumerate(missing)}
    return CollapseStudy(pd.DataFrame(rows), {}, {}, {}, settings, np.zeros((9, 8, 8)), None, facts, {})


def test_outcomes():
    words = [outcome_of("finished", [{"missing_share": share}]) for share in (0.0, 0.01, 0.2499, 0.25, 1.0)]
    assert words == ["complete", "partial", "partial", "collapsed", "collapsed"]
    assert outcome_of("diverged", [{"missing_share": 0.0}]) == "diverged"


def at(missing, resembling, support=None):
    """Figures of a checkpoint; null is how JSON says that nothing repeats."""
    return {"missing_share": missing, "resembling": resembling, "resembling_expected": 0.8, "support": support}


@pytest.mark.parametrize(
    ("course", "word"),
    [
        ([at(0.98, 0.0), at(0.97, 0.07)], "undertrained"),  # never like the data, never much of it, nothing repeats
        ([at(0.98, 0.0), at(0.97, 0.09)], "collapsed"),  # more than a tenth of what real images have
        ([at(0.98, 0.5), at(0.98, 0.0)], "collapsed"),  # it drew once
        ([at(0.2, 0.0), at(0.98, 0.0)], "collapsed"),  # it reached the data once
        ([at(0.98, 0.0, 30.0), at(0.98, 0.0)], "undertrained"),  # every training starts with samples that are alike
        ([at(0.98, 0.0), at(0.98, 0.0, 249.0)], "collapsed"),  # it draws a few things over and over
        ([at(0.98, 0.0), at(0.98, 0.0, 250.0)], "undertrained"),  # of a thousand real images
        ([at(0.98, 0.0), at(0.2, 0.0)], "partial"),
    ],
)
def test_a_collapse_is_not_a_training_that_never_learnt_to_draw(course, word):
    assert outcome_of("finished", course, n_real=1000) == word


def test_findings_tell_collapsed_from_undertrained():
    missing = {"plain": [[0.8], [0.8]], "noise": [[0.95], [0.95]], "stuck": [[0.98], [0.98]], "lost": [[0.1, 0.9]] * 2}
    js = {name: [0.5, 0.6] for name in missing}
    study = made({name: [[*line][-1:] for line in lines] for name, lines in missing.items()}, js)
    runs = study.runs
    runs["resembling"] = runs["setting"].map({"plain": 0.6, "noise": 0.001, "stuck": 0.0, "lost": 0.0})
    runs["resembling_expected"] = 0.8
    runs.loc[runs["setting"] == "stuck", "support"] = 1.0
    runs.loc[runs["setting"] == "noise", "outcome"] = "undertrained"
    earlier = runs[runs["setting"] == "lost"].assign(final=False, step=50, missing_share=0.1, outcome="partial")
    study.runs = pd.concat([earlier, runs])
    found = collapse_findings(study)
    assert found[0].startswith("3 of 4 settings collapsed")
    assert found[0].endswith("“plain”, “stuck” and “lost”. “noise” did not collapse, but never learnt to draw.")
    (plain,) = [text for text in found if text.startswith("“plain” collapsed")]
    assert "of the data's kind: 60% of its samples resemble a real image, where 80% of real ones do." in plain
    (stuck,) = [text for text in found if text.startswith("“stuck” collapsed")]
    assert "nothing like the data, and never was: 0% of its samples" in stuck
    (lost,) = [text for text in found if text.startswith("“lost” collapsed")]
    assert "It no longer draws the data, as it once did" in lost
    (noise,) = [text for text in found if text.startswith("“noise” never learnt")]
    assert "in 2 of 2 runs: at no checkpoint did as much as 8.0% of its samples" in noise
    table = settings_table(study).set_index("setting")
    assert table.loc["noise", ["outcome", "undertrained", "collapsed"]].tolist() == ["undertrained", 2, 0]
    alone = made({"plain": [[0.9]], "b": [[0.0]]}, {"plain": [0.6], "b": [0.01]})
    alone.runs["resembling"], alone.runs["resembling_expected"] = 0.0, 0.8
    alone.runs.loc[0, "outcome"] = "undertrained"
    found = collapse_findings(alone)
    assert found[0] == "No setting collapsed, but “plain” never learnt to draw the data."
    assert any(text.startswith("What cured it: “b”") for text in found)


def test_the_test_is_mann_and_whitneys():
    rng = np.random.default_rng(0)
    js = {"a": rng.random(5), "b": rng.random(4) + 0.3}
    found = compare_settings(made({name: np.zeros((len(js[name]), 1)) for name in js}, js)).iloc[0]
    # Brute force over all ways of dealing nine figures to the two settings.
    values = np.concatenate([js["a"], js["b"]])
    ranks = values.argsort().argsort()
    sums = [sum(ranks[list(chosen)]) for chosen in itertools.combinations(range(9), 5)]
    centre = np.mean(sums)
    extreme = np.mean([abs(total - centre) >= abs(ranks[:5].sum() - centre) - 1e-9 for total in sums])
    assert found["p_value"] == pytest.approx(extreme)
    assert found["difference"] == pytest.approx(js["b"].mean() - js["a"].mean())
    assert not found["better"]


def test_five_seeds_apart_and_holms_adjustment():
    js = {
        "plain": [0.5, 0.6, 0.55, 0.52, 0.58],
        "cured": [0.01, 0.02, 0.015, 0.012, 0.018],
        "same": [0.5, 0.6, 0.55, 0.52, 0.58],
    }
    study = made({name: np.full((5, 1), 0.8 if name != "cured" else 0.0) for name in js}, js)
    tests = compare_settings(study).set_index("setting")
    assert tests.loc["cured", "p_value"] == pytest.approx(2 / 252)
    assert tests.loc["cured", "p_adjusted"] == pytest.approx(4 / 252)
    assert tests.loc["cured", "smallest_p"] == pytest.approx(2 / 252)
    assert tests.loc["cured", "better"]
    assert tests.loc["same", "p_adjusted"] > 0.9
    table = settings_table(study).set_index("setting")
    assert table.loc["cured", "js_mean"] == pytest.approx(np.mean(js["cured"]))
    assert table.loc["cured", "js_sd"] == pytest.approx(np.std(js["cured"], ddof=1))
    ranks, outcome = rank_settings(study)
    assert ranks["mean_rank"].to_dict() == {"cured": 1.0, "plain": 2.5, "same": 2.5}
    assert outcome.n_blocks == 5


def test_a_diverged_run_is_worse_than_any():
    js = {"plain": [0.5] * 4, "wild": [0.0, 0.0, 0.0, 0.0]}
    status = {("wild", seed): "diverged" for seed in range(4)}
    study = made({name: np.zeros((4, 1)) for name in js}, js, status=status)
    tests = compare_settings(study).iloc[0]
    assert not tests["better"]
    assert tests["p_value"] < 0.05
    table = settings_table(study).set_index("setting")
    assert table.loc["wild", ["outcome", "diverged"]].tolist() == ["diverged", 4]
    assert np.isnan(table.loc["wild", "js_mean"])
    assert any("Training diverged: “wild” (4 of 4 runs)" in sentence for sentence in collapse_findings(study))


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ([0.8, 0.8, 0.7], "It never reached more than 30%."),
        ([0.5, 0.2, 0.9], "It reached 80% of the data at step 200 and fell to 10%."),
        ([0.9, 0.4, 0.1], "It has had most of the data since step 300."),
        ([0.0, 0.6, 0.1], "It fell to 40% of the data at step 200, and recovered."),
        ([0.0, 0.0, 0.0], "It had 100% of the data by step 100."),
    ],
)
def test_the_course_of_a_training_in_words(missing, words):
    study = made({"plain": [missing, missing]}, {"plain": [0.1, 0.1]}, steps=(100, 200, 300))
    assert trajectory(study, "plain") == words


def test_findings_say_what_collapsed_and_what_cured_it():
    js = {"plain": [0.5, 0.6], "other": [0.4, 0.44], "cured": [0.01, 0.012], "worse": [0.61, 0.62]}
    js |= {"spread": [0.03, 0.04], "half": [0.1, 0.2]}
    missing = {"plain": [[0.8], [0.9]], "other": [[0.5], [0.6]], "cured": [[0], [0]], "worse": [[0.9], [0.9]]}
    missing |= {"spread": [[0.02], [0.02]], "half": [[0.2], [0.1]]}
    sentences = collapse_findings(made(missing, js))
    assert sentences[0].startswith("3 of 6 settings collapsed")
    assert sentences[0].endswith("“plain”, “other” and “worse”.")
    assert sentences[1].startswith("“plain” collapsed in 2 of 2 runs: 85% ± 7.1% of the real images")
    assert "the divergence is 0.55 ± 0.071 where a perfect sampler has 0.01 (p < .001)" in sentences[1]
    (cure,) = [sentence for sentence in sentences if sentence.startswith("What cured it:")]
    assert "“cured” (packing 2). Nothing is missing" in cure
    assert "p = .33 against “plain” over 2 runs each" in cure
    assert any(words.startswith("What cured it, too: “spread” (packing 4). 2.0% of the real") for words in sentences)
    assert any(words.startswith("What helped, without curing it: “half”") for words in sentences)
    text = " ".join(sentences)
    assert "but collapsed all the same: “other” (0.42)" in text
    assert "No better than “plain”: “worse”." in text
    assert "Caution: with 2 seeds" in text
    well = collapse_findings(made({"plain": [[0.0]] * 4, "b": [[0.1]] * 4}, {"plain": [0.01] * 4, "b": [0.02] * 4}))
    assert well[0].startswith("No setting collapsed")
    assert not any("cured" in sentence or "Caution" in sentence for sentence in well)
    none = collapse_findings(made({"plain": [[0.9]], "b": [[0.8]]}, {"plain": [0.5], "b": [0.4]}))
    assert none[0].startswith("Every setting collapsed")
    assert "Nothing that was tried cured “plain”." in none


def test_the_answer_is_short_and_nothing_is_said_three_times():
    names = ["plain", "noise", "grey", "black", "cured", "also", "too"]
    missing = {name: [[0.9], [0.9]] if place < 4 else [[0.01], [0.01]] for place, name in enumerate(names)}
    js = {name: [0.5, 0.6] if place < 4 else [0.01 * place, 0.01 * place] for place, name in enumerate(names)}
    study = made(missing, js)
    study.runs["resembling"], study.runs["resembling_expected"] = 0.0, 0.8
    study.runs.loc[study.runs["setting"].isin(names[1:4]), "outcome"] = "undertrained"
    findings, answer = collapse_findings(study), collapse_answer(study)
    assert len(answer) == 3
    assert answer[0] == findings[0]
    assert answer[1].startswith("What cured it best: “cured” (packing 4); 1.0% of the real images are still missed")
    assert "2 further settings did not collapse either" in answer[1]
    assert answer[2].startswith("Caution: with 2 seeds")
    (never,) = [sentence for sentence in findings if "never learnt to draw, in" in sentence]
    assert never.startswith("“noise”, “grey” and “black” never learnt to draw, in 2 of 2 runs each")
    assert "That 90% of the real images lie where they hardly draw" in never
    (more,) = [sentence for sentence in findings if sentence.startswith("What cured it, too")]
    assert "“also” (packing 5: 1.0% missed" in more
    assert "and “too” (packing 6: 1.0% missed" in more
    nothing = collapse_answer(made({"plain": [[0.9]], "b": [[0.8]]}, {"plain": [0.5], "b": [0.4]}))
    assert nothing[1] == "Nothing that was tried cured “plain”."


def test_a_collapse_that_few_samples_show_is_not_said_to_miss_nothing():
    """No single bin can be called missing, but together they are all but empty, which the outcome rests on."""
    study = made({"plain": [[0.0, 0.0]], "b": [[0.9, 0.3]]}, {"plain": [0.5], "b": [0.4]}, steps=(10, 20))
    study.runs["lost_share"] = [0.4, 0.6, 0.95, 0.35]
    study.runs["outcome"] = "collapsed"
    plain, b = [each for each in collapse_findings(study) if " collapsed in 1 of 1 run" in each]
    assert (
        "60% of the real images lie where it hardly draws (0 of 100 bins missing for certain: samples are few)" in plain
    )
    assert "It reached 60% of the data at step 10 and fell to 40%." in plain
    assert "35% of the real images lie where it hardly draws (30 of 100 bins missing), and" in b
    study.runs["resembling"], study.runs["resembling_expected"] = 0.0, 0.8
    study.runs["outcome"] = "undertrained"
    (never,) = [each for each in collapse_findings(study) if "never learnt to draw, in" in each]
    assert "That 35% to 60% of the real images lie where they hardly draw" in never


def test_table_and_curves_show_what_the_outcome_rests_on():
    from toolkit.studies.collapse._figures import coverage_curves
    from toolkit.studies.collapse._write import build_collapse_report

    study = made({"plain": [[0.0, 0.0]] * 2, "b": [[0.9, 0.3]] * 2}, {"plain": [0.5] * 2, "b": [0.4] * 2}, steps=(1, 2))
    study.runs["lost_share"] = [0.4, 0.6, 0.4, 0.7, 0.95, 0.35, 0.95, np.nan]  # NaN: of an earlier version
    assert _read_table(study)["hardly reached"].tolist() == ["65.0% ± 7.1%", "32.5% ± 3.5%"]
    table = settings_table(study).set_index("setting")
    assert table["lost_share_mean"].tolist() == pytest.approx([0.65, 0.325])
    assert table["missing_share_mean"].tolist() == pytest.approx([0.0, 0.3])
    for line, reached in zip(coverage_curves(study).axes[0].lines, ([0.6, 0.35], [0.05, 0.675])):
        np.testing.assert_allclose(line.get_ydata(), reached)
    study.facts["n_samples"] = 50
    page = build_collapse_report(study, {}).html()
    assert ">60.0%<" in page  # of the first run, among every run
    partial = made({"plain": [[0.9]], "b": [[0.0]]}, {"plain": [0.5], "b": [0.1]})
    partial.runs["lost_share"], partial.runs["outcome"] = [0.9, 0.06], ["collapsed", "partial"]
    assert any("6.0% of the real images are still missed" in sentence for sentence in collapse_findings(partial))


def test_the_table_of_settings_leads_with_what_noise_cannot_raise(study):
    table = _read_table(study)
    assert table.columns.tolist() == [
        "setting",
        "outcome",
        "hardly reached",
        "divergence",
        "clipped coverage",
        "clipped density",
        "resembling",
    ]
    assert table["clipped coverage"].str.match(r"^(—|[01]\.\d\d( ± \d\.\d\d)?)$").all()
    assert {f"{name}_mean" for name in COVERAGE_METRICS} <= set(settings_table(study).columns)
    assert {f"{name}_expected" for name in COVERAGE_METRICS} <= set(study.runs.columns)


def test_files(study, tmp_path):
    out = tmp_path / "out"
    figures = collapse_figures(study, maps=False)
    assert {"samples", "curves", "never_drawn"} == set(figures)
    report = write_collapse_study(study, out, figures=figures)
    assert {path.name for path in out.iterdir()} == {
        "pictures",
        "report.html",
        "runs.csv",
        "settings.csv",
        "summary.json",
    }
    pictures = {path.name for path in (out / "pictures").iterdir()}
    assert {"samples.png", "curves.png", "never_drawn.png", "plain-seed0.png", "cured-seed1.png"} <= pictures
    assert "wild-seed0.png" not in pictures  # it drew nothing
    runs = pd.read_csv(out / "runs.csv")
    pd.testing.assert_frame_equal(
        runs[["setting", "seed", "step", "js"]], study.runs[["setting", "seed", "step", "js"]]
    )
    summary = json.loads((out / "summary.json").read_text())
    assert summary["findings"] == collapse_findings(study)
    assert summary["baseline"] == "plain"
    page = report.read_text()
    first, later = page.index("settings collapsed"), page.index("Settings side by side")
    assert first < later  # findings come first
    # What is said of each run's samples, contradictions between figures included.
    said = {record["verdict"] for record in study.records.values() if record["verdict"]}
    assert len(said) > 1
    assert all(verdict in html.unescape(page) for verdict in said)
    write_collapse_study(study, out, figures=figures)
    (out / "mine.txt").write_text("precious")
    with pytest.raises(FileExistsError, match=r"mine\.txt"):
        write_collapse_study(study, out, figures=figures)


def test_missing_images_are_of_the_bins_that_are_missing(study, images):
    coverage = ModeCoverage(random_state=0).fit(images)
    record = coverage.evaluate(GAN(**TINY, max_steps=30, random_state=0).fit(images).sample(120, random_state=1))
    missing = set(record.bins.loc[record.bins["status"] == "missing", "bin"])
    rows = np.concatenate(study.records["plain", 0]["dropped"]).astype(int)
    assert len(rows)
    assert set(coverage.predict(images[rows])) <= missing


@pytest.mark.parametrize(
    ("settings", "options", "message"),
    [
        ("colapse", {}, "Unknown recipe: 'colapse'. Did you mean 'collapse'"),
        ({}, {}, "settings must name at least one"),
        ({"a": {"packs": 2}}, {}, r"settings\['a'\]: 'packs' is no parameter"),
        ({"a": "plain"}, {}, r"settings\['a'\] must be a dict of parameters of a GAN, got 'plain'"),
        ({"a": {"epochs": 2}}, {}, r"settings\['a'\]: 'epochs' is no parameter"),
        ({"a": {"dropout": 2.0}}, {}, r"settings\['a'\]: dropout"),
        ({"a": TINY}, {"seeds": []}, "seeds must name at least one"),
        ({"a": TINY}, {"seeds": [1, 1]}, "seeds must name at least one seed, none twice"),
        ({"a": TINY}, {"steps": 0}, "steps must be an int of at least 1"),
        ({"a": TINY}, {"steps": None}, "steps or seconds must say"),
        ({"a": TINY}, {"seconds": -1.0}, "seconds must be a number above"),
        ({"a": TINY}, {"checkpoints": 0}, "checkpoints must be an int"),
        ({"a": TINY}, {"checkpoints": [0]}, "checkpoints must be a tuple of positive ints"),
        ({"a": TINY}, {"n_samples": 3}, "n_samples must be an int of at least 10"),
    ],
)
def test_bad_requests_are_named(settings, options, message, images):
    with pytest.raises(ValueError, match=message):
        run_collapse_study(images, settings, **options)


def test_the_name_of_a_recipe_is_no_settings_yet():
    with pytest.raises(ValueError, match="got 'collapse'; collapse_recipe gives the settings of a recipe"):
        check_collapse_settings("collapse")


def test_too_few_images():
    with pytest.raises(ValueError, match="images must be at least 100, got 20"):
        run_collapse_study(np.zeros((20, 8, 8)), {"a": TINY})


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda images: np.repeat(images[..., None], 3, axis=3), id="colour"),
        pytest.param(lambda images: images.reshape(len(images), -1) / 255.0 * 3 - 1, id="flat floats"),
        pytest.param(lambda images: np.full_like(images, 7), id="constant"),
    ],
)
def test_images_of_any_sort(images, make, tmp_path):
    found = run_collapse_study(make(images[:120]), {"plain": TINY}, seeds=[0], steps=3, checkpoints=1, n_samples=40)
    assert found.final["status"].tolist() == ["finished"]
    write_collapse_study(found, tmp_path / "out", figures=collapse_figures(found, maps=False))

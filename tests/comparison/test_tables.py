"""Tables, ranks and tests against pandas, scipy, scikit-posthocs and figures worked out by hand."""

import io
import math

import numpy as np
import pandas as pd
import pytest
import scikit_posthocs
from scipy import stats

from toolkit.comparison import (
    combine_tables,
    compare_detectors,
    melt_metrics,
    pivot_table,
    rank_methods,
    significance,
    to_markdown,
    write_table,
)
from toolkit.plots import CriticalDifferenceDisplay

RNG = np.random.default_rng(0)


def table_of(values, metric="auroc", seeds=1):
    """A comparison from an array (n_sets * seeds, n_methods)."""
    rows = []
    for block, row in enumerate(np.asarray(values, dtype=float)):
        for method, value in zip("abcdefgh", row, strict=False):
            failed = math.isnan(value)
            rows.append(
                {
                    "method": method,
                    "data": f"set{block // seeds}",
                    "seed": block % seeds,
                    metric: value,
                    "status": "failed" if failed else "ok",
                    "error": "ValueError: no" if failed else "",
                    "data_id": f"id{block // seeds}",
                }
            )
    return pd.DataFrame(rows)


def test_long_form_has_directions_and_every_value():
    table = table_of([[0.9, 0.8]]).assign(fit_seconds=[1.0, 2.0])
    long = melt_metrics(table)
    assert long.columns.tolist() == [
        "method",
        "data",
        "seed",
        "metric",
        "value",
        "greater_is_better",
        "status",
        "error",
    ]
    back = long.pivot(index="method", columns="metric", values="value")
    np.testing.assert_array_equal(back["auroc"], [0.9, 0.8])
    assert long.groupby("metric")["greater_is_better"].first().to_dict() == {"auroc": True, "fit_seconds": False}


def test_a_figure_beside_failed_is_not_believed():
    table = table_of([[0.9, 0.8]])
    table.loc[0, ["status", "error"]] = ["failed", "RuntimeError: stopped"]
    assert np.isnan(melt_metrics(table)["value"][0])
    assert rank_methods(table)["mean_rank"].to_dict() == {"b": 1.0, "a": 2.0}


def test_pivot_is_mean_and_sd_over_seeds_best_first(rng):
    values = rng.random((6, 3))
    table = table_of(values, seeds=3)
    numbers = pivot_table(table, as_text=False)
    for place, method in enumerate("abc"):
        own = values[:3, place]
        assert numbers.loc[method, ("set0", "mean")] == pytest.approx(own.mean())
        assert numbers.loc[method, ("set0", "sd")] == pytest.approx(own.std(ddof=1))
    text = pivot_table(table, precision=2)
    assert text.at["a", "set1"] == f"{values[3:, 0].mean():.2f} ± {values[3:, 0].std(ddof=1):.2f}"
    means = values.reshape(2, 3, 3).mean(axis=(0, 1))
    assert text.index.tolist() == ["abc"[i] for i in np.argsort(-means)]
    assert text["mean"].tolist() == [f"{m:.2f}" for m in np.sort(means)[::-1]]
    seconds = table_of(values, metric="fit_seconds", seeds=3)
    assert pivot_table(seconds, "fit_seconds").index.tolist() == ["abc"[i] for i in np.argsort(means)]


def test_pivot_says_failed_and_keeps_such_methods_out_of_the_mean():
    table = table_of([[0.9, np.nan, 0.5], [0.8, np.nan, np.nan], [0.7, 0.6, 0.5], [0.7, 0.6, 0.5]], seeds=2)
    text = pivot_table(table)
    assert text.at["b", "set0"] == "failed"
    assert text.at["c", "set0"] == "0.500 (1 of 2 failed)"
    assert text["mean"].to_dict() == {"a": "0.775", "b": "", "c": ""}
    assert text.index[0] == "a"


def test_ranks_by_hand_with_ties_averaged():
    table = table_of([[0.9, 0.8, 0.7], [0.5, 0.5, 0.4], [0.3, 0.3, 0.3]])
    ranks = rank_methods(table)
    assert ranks["mean_rank"].to_dict() == pytest.approx({"a": 4.5 / 3, "b": 5.5 / 3, "c": 8 / 3})
    assert ranks["best"].to_dict() == {"a": 3, "b": 2, "c": 1}
    assert (ranks["n_blocks"] == 3).all()
    lower_is_better = rank_methods(table_of([[0.9, 0.8, 0.7]], "fit_seconds"), "fit_seconds")
    assert lower_is_better["mean_rank"].to_dict() == {"c": 1.0, "b": 2.0, "a": 3.0}


def test_seeds_are_averaged_before_ranking_unless_asked():
    table = table_of([[0.9, 0.1], [0.4, 0.5], [0.4, 0.5]], seeds=3)
    assert rank_methods(table)["mean_rank"].to_dict() == {"a": 1.0, "b": 2.0}
    assert rank_methods(table, block="run")["mean_rank"].to_dict() == pytest.approx({"b": 4 / 3, "a": 5 / 3})
    with pytest.raises(ValueError, match="block must be"):
        rank_methods(table, block="seed")


def test_failed_methods_rank_last_and_share_the_place():
    table = table_of([[0.1, np.nan, np.nan], [0.1, 0.9, 0.8], [0.1, 0.9, np.nan]])
    ranks = rank_methods(table)
    assert ranks["mean_rank"].to_dict() == pytest.approx({"a": 2.0, "b": 4.5 / 3, "c": 7.5 / 3})
    assert ranks["n_failed"].to_dict() == {"b": 1, "a": 0, "c": 2}


def test_one_failed_seed_fails_the_set():
    table = table_of([[0.9, 0.5], [np.nan, 0.5]], seeds=2)
    assert rank_methods(table)["mean_rank"].to_dict() == {"b": 1.0, "a": 2.0}


@pytest.mark.parametrize("function", [combine_tables, rank_methods, significance, pivot_table])
def test_sets_that_differ_between_methods_are_refused(function, rng):
    table = table_of(rng.random((3, 3)), seeds=1)
    missing = table[~((table["method"] == "b") & (table["data"] == "set1"))]
    with pytest.raises(ValueError, match=r"'a' and 'b' differ in \(data='set1', seed=0\)"):
        function(missing)
    other_seed = table.assign(seed=table["seed"].where(table["method"] != "c", 5))
    with pytest.raises(ValueError, match="different sets"):
        function(other_seed)
    other_content = table.assign(data_id=table["data_id"].where(table["method"] != "c", "other"))
    with pytest.raises(ValueError, match="'set0' stands for 2 sets of different content"):
        function(other_content)
    with pytest.raises(ValueError, match="a cell twice"):
        function(pd.concat([table, table.iloc[:1]]))


def test_one_name_for_two_sets_is_found_out_from_the_content(rng):
    X, truth = rng.normal(size=(60, 9)), np.arange(60) < 6
    one = compare_detectors(detectors=["hbos"], data={"x": (X, truth)})
    same = compare_detectors(detectors=["ecod"], data={"x": (X.copy(), truth.copy())})
    assert combine_tables(one, same)["method"].tolist() == ["hbos", "ecod"]
    for images, labels in ((X + 1e-9, truth), (X, truth[::-1]), (X.astype(np.float32), truth)):
        other = compare_detectors(detectors=["ecod"], data={"x": (images, labels)})
        with pytest.raises(ValueError, match="different content"):
            combine_tables(one, other)


def test_tables_survive_csv(tmp_path):
    table = table_of([[0.9, np.nan], [0.123456789012345678, 0.5]])
    path = write_table(table, tmp_path / "table.csv")
    exact = {"auroc": lambda text: float(text or "nan")}  # pandas' own readers differ in the last digit
    back = pd.read_csv(path, keep_default_na=True, converters=exact)
    np.testing.assert_array_equal(back["auroc"], table["auroc"])
    assert rank_methods(back).equals(rank_methods(table))
    assert (
        combine_tables(back[back["method"] == "a"], back[back["method"] == "b"])["status"].tolist().count("failed") == 1
    )


def test_friedman_equals_scipy_and_posthoc_equals_scikit_posthocs(rng):
    values = rng.random((15, 4)) + np.array([0, 0.1, 0.3, 0.8])
    result = significance(table_of(values))
    expected = stats.friedmanchisquare(*values.T)
    assert result.statistic == pytest.approx(expected.statistic)
    assert result.p_value == pytest.approx(expected.pvalue)
    assert result.n_blocks == 15
    assert result.reliable
    order = list("dcba")
    assert result.mean_ranks.index.tolist() == order
    nemenyi = scikit_posthocs.posthoc_nemenyi_friedman(pd.DataFrame(values, columns=list("abcd")))
    np.testing.assert_allclose(result.p_values, nemenyi.loc[order, order], rtol=1e-6)
    conover = scikit_posthocs.posthoc_conover_friedman(pd.DataFrame(values, columns=list("abcd")), p_adjust="holm")
    got = significance(table_of(values), test="conover")
    np.testing.assert_allclose(got.p_values, conover.loc[order, order], rtol=1e-6)
    assert result.differs
    assert result.told_apart.at["d", "a"]
    assert "15 data sets the methods differ" in result.sentence


def test_friedman_statistic_with_ties_equals_scipy(rng):
    values = rng.integers(0, 3, (12, 3)).astype(float)
    assert significance(table_of(values)).statistic == pytest.approx(stats.friedmanchisquare(*values.T).statistic)


def test_permutation_p_equals_the_exact_one():
    # Three methods in one order on three sets: 1 / (3!)^2 of all arrangements agree this well.
    result = significance(table_of([[3.0, 2.0, 1.0]] * 3), n_permutations=20_000)
    assert result.smallest_p == pytest.approx(1 / 36)
    assert result.p_permutation == pytest.approx(1 / 36, rel=0.15)
    assert not result.reliable
    assert result.differs


def test_permutation_p_is_honest_under_no_difference(rng):
    p_values = [significance(table_of(rng.random((6, 3))), n_permutations=500).p_permutation for _ in range(120)]
    assert np.mean(np.array(p_values) < 0.05) < 0.12
    assert 0.35 < np.mean(p_values) < 0.65


def test_two_methods_are_compared_by_wilcoxon(rng):
    values = rng.random((12, 2)) + np.array([0.3, 0.0])
    result = significance(table_of(values))
    assert result.test == "wilcoxon"
    assert result.p_value == pytest.approx(stats.wilcoxon(*values.T).pvalue)
    assert result.p_values.at["a", "b"] == result.p_value


def test_too_few_sets_say_so():
    alone = significance(table_of([[0.9, 0.8, 0.7]]))
    assert np.isnan(alone.p_value)
    assert alone.p_values.isna().all(axis=None)
    assert not alone.differs
    assert alone.sentence == "1 data set gives an order of the methods, but no test: at least two are needed."
    few = significance(table_of([[0.9, 0.8, 0.7]] * 2))
    assert few.smallest_p == pytest.approx(1 / 6)
    assert few.sentence == "2 data sets and 3 methods are too few: no outcome could be significant at 0.05."
    assert not few.told_apart.any(axis=None)
    seeds = significance(table_of([[0.9, 0.8, 0.7]] * 5, seeds=5))
    assert seeds.n_blocks == 1
    runs = significance(table_of([[0.9, 0.8, 0.7]] * 5, seeds=5), block="run")
    assert "not independent" in runs.sentence
    assert not runs.reliable


def test_methods_that_never_differ():
    result = significance(table_of(np.full((12, 3), 0.5)))
    assert result.p_value == 1.0
    assert not result.differs
    assert "cannot be told apart" in result.sentence


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"test": "tukey"}, "test must be"),
        ({"alpha": 0}, "alpha must lie"),
        ({"metric": "f1"}, "Unknown metric: 'f1'"),
        ({"table": table_of([[0.9]])}, "at least two methods"),
        ({"table": pd.DataFrame({"a": [1]})}, "missing: "),
    ],
)
def test_significance_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        significance(**{"table": table_of([[0.9, 0.8]]), **change})


def test_diagram_of_a_table_joins_all_when_nothing_differs(rng):
    strong = CriticalDifferenceDisplay.from_table(table_of(rng.random((15, 3)) + np.array([0, 1, 2])))
    assert strong.frame().set_index(["method", "other"])["told_apart"]["c", "a"]
    few = CriticalDifferenceDisplay.from_table(table_of([[0.9, 0.8, 0.7]] * 2)).plot()
    assert not few.frame()["told_apart"].any()
    assert "too few" in few.ax_.texts[-1].get_text()


def test_markdown_reads_back_and_escapes():
    frame = pd.DataFrame({"method": ["a|b", "007"], "auroc": [0.98765, np.nan], "text": ["1e5", "x\ny"]})
    lines = to_markdown(frame).splitlines()
    assert len(lines) == 4
    read = pd.read_csv(io.StringIO("\n".join(lines).replace("\\|", "!")), sep="|", dtype=str).iloc[1:, 1:-1]
    read.columns = read.columns.str.strip()
    read = read.apply(lambda column: column.str.strip())
    assert read["method"].tolist() == ["a!b", "007"]
    assert read["auroc"].tolist() == ["0.988", ""]
    assert read["text"].tolist() == ["1e5", "x y"]
    assert "| lof" in to_markdown(pd.Series([1.0], index=["lof"], name="auroc"))


def test_files_are_written_by_suffix(tmp_path):
    frame = pd.DataFrame({"auroc": [1 / 3]}, index=pd.Index(["lof"], name="method"))
    assert "0.3333333333333333" in write_table(frame, tmp_path / "t.csv").read_text()
    assert "0.333 |" in write_table(frame, tmp_path / "t.md").read_text()
    with pytest.raises(ValueError, match=r"must end in .csv or .md, got 't.xls'"):
        write_table(frame, tmp_path / "t.xls")

"""Displays: what they hold, what they draw, and what they leave alone."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn import metrics

from toolkit import plots
from toolkit._core.pixel_scale import PixelScale
from toolkit.corruption import KINDS

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (40, 12, 10), dtype=np.uint8)
KIND = np.array(["clean"] * 20 + ["rotate"] * 10 + ["invert"] * 6 + ["unknown"] * 4)
TRUTH = KIND != "clean"
SCORES = {"iforest": RNG.normal(size=40) + 2 * TRUTH, "lof": RNG.normal(size=40).round(1)}


class Detector:
    """Any fitted detector: higher scores are more normal."""

    offset_ = -0.5

    def score_samples(self, X):
        return -np.asarray(X, dtype=float).reshape(len(X), -1)[:, 0] / 255


class Identifier:
    def identify(self, X):
        return pd.DataFrame({"kind": KIND[: len(X)], "probability": np.linspace(0, 1, len(X))})


class Restorer:
    def restore(self, X):
        after = np.array(X)
        after[TRUTH] = 255 - after[TRUTH]
        return after, pd.DataFrame({"kind": KIND, "repaired": TRUTH.astype(int)})


class Coder:
    """A fitted model with a two-dimensional latent space: the first value moves a bright column."""

    latent_dim_, image_shape_, pixel_scale_ = 2, (6, 5), PixelScale(0.0, 1.0)

    def inverse_transform(self, latent):
        images = np.zeros((len(latent), 6, 5))
        images[:, :, 0], images[:, 0, 0] = np.tanh(latent[:, :1]) / 2 + 0.5, np.tanh(latent[:, 1]) / 2 + 0.5
        return images


HISTORY = [
    {"epoch": n, "step": 8 * n, "seconds": 0.1 * n, "loss": 3 / n, "kl": 1.0 * n, "validation_loss": 4 / n}
    for n in (1, 2, 3, 4)
]


def normal(*shape):
    return np.random.default_rng(1).normal(size=shape)


def ranks():
    mean_ranks = pd.Series({"iforest": 1.2, "lof": 1.9, "pca": 2.9})
    p_values = pd.DataFrame(
        [[1.0, 0.4, 0.01], [0.4, 1.0, 0.03], [0.01, 0.03, 1.0]], index=mean_ranks.index, columns=mean_ranks.index
    )
    return mean_ranks, p_values


def matrix():
    return pd.DataFrame({"iforest": [0.9, 0.3], "lof": [0.6, np.nan]}, index=["rotate", "gaussian_noise"])


DISPLAYS = {
    "gallery": lambda: plots.CorruptionGalleryDisplay.from_predictions(IMAGES, KIND, title="Found"),
    "pairs": lambda: plots.RepairPairsDisplay.from_predictions(IMAGES, 255 - IMAGES, KIND, clean=IMAGES, n_pairs=12),
    "histogram": lambda: plots.ScoreHistogramDisplay.from_predictions(SCORES["lof"], TRUTH, threshold=0.3),
    "roc": lambda: plots.RocDisplay.from_predictions(TRUTH, SCORES),
    "precision_recall": lambda: plots.PrecisionRecallDisplay.from_predictions(TRUTH, SCORES),
    "heatmap": lambda: plots.KindHeatmapDisplay.from_predictions(matrix()),
    "confusion": lambda: plots.KindConfusionDisplay.from_predictions(KIND, np.roll(KIND, 3)),
    "statistics": lambda: plots.StatisticsPairDisplay.from_predictions(normal(len(KIND), 5), KIND),
    "reconstructions": lambda: plots.ReconstructionDisplay.from_predictions(IMAGES, 255 - IMAGES, n_images=12),
    "latent": lambda: plots.LatentDisplay.from_predictions(normal(40, 2), KIND),
    "latent_grid": lambda: plots.LatentGridDisplay.from_estimator(Coder(), n_per_side=4),
    "samples": lambda: plots.SampleGridDisplay.from_predictions(IMAGES[:7], title="Drawn"),
    "loss_curves": lambda: plots.LossCurveDisplay.from_history(HISTORY),
    "critical_difference": lambda: plots.CriticalDifferenceDisplay.from_predictions(*ranks(), note="Over 20 sets."),
}


@pytest.mark.parametrize("name", DISPLAYS)
def test_every_display_draws_with_and_without_axes(name):
    display = DISPLAYS[name]()
    frame = display.frame()
    assert isinstance(frame, pd.DataFrame)
    assert len(frame)
    assert display.plot() is display
    assert isinstance(display.figure_, Figure)
    assert display.ax_.figure is display.figure_
    figure = Figure()
    left, right = figure.subplots(1, 2)
    display.plot(ax=right)
    assert display.ax_ is right
    assert display.figure_ is figure
    assert not left.has_data()
    assert not left.texts
    assert right.has_data() or right.texts or right.child_axes
    # Drawing takes nothing away from the data.
    pd.testing.assert_frame_equal(display.frame(), frame)


@pytest.mark.parametrize("name", DISPLAYS)
def test_every_display_shows_itself_and_saves_itself(name, tmp_path):
    display = DISPLAYS[name]()
    assert display._repr_png_() is None  # not drawn yet
    display.plot()
    assert display._repr_png_().startswith(b"\x89PNG")
    path = tmp_path / "figure.png"
    display.save(path)
    assert path.read_bytes().startswith(b"\x89PNG")
    display.plot(ax=Figure().add_subplot())
    assert display._repr_png_() is None  # the owner of the axes shows them


def test_displays_touch_nothing_global():
    import matplotlib.pyplot as plt

    before, backend, figures = dict(matplotlib.rcParams), matplotlib.get_backend(), plt.get_fignums()
    for make in DISPLAYS.values():
        make().plot()
    assert dict(matplotlib.rcParams) == before
    assert matplotlib.get_backend() == backend
    assert plt.get_fignums() == figures


def test_gallery_shows_the_most_confident_of_each_kind():
    confidence = np.arange(40) / 40
    display = plots.CorruptionGalleryDisplay.from_predictions(IMAGES, KIND, confidence=confidence, n_per_kind=3)
    frame = display.frame()
    assert list(dict.fromkeys(frame["kind"])) == ["clean", "rotate", "invert", "unknown"]
    assert frame[frame["kind"] == "rotate"]["index"].tolist() == [29, 28, 27]
    assert display.counts == {"clean": 20, "rotate": 10, "invert": 6, "unknown": 4}
    np.testing.assert_allclose(display.images, IMAGES[frame["index"]] / 255.0, atol=1e-6)


def test_gallery_takes_flat_rows_colour_and_an_order():
    flat = plots.CorruptionGalleryDisplay.from_predictions(
        IMAGES.reshape(40, -1), KIND, image_shape=(12, 10), order=["invert", "rotate"]
    )
    assert flat.images.shape[1:] == (12, 10)
    assert list(dict.fromkeys(flat.frame()["kind"])) == ["invert", "rotate"]
    colour = plots.CorruptionGalleryDisplay.from_predictions(np.repeat(IMAGES[..., None], 3, axis=3), KIND).plot()
    assert colour.images.shape[1:] == (12, 10, 3)
    assert len(colour.ax_.images) == len(colour.frame())


def test_gallery_from_estimator():
    display = plots.CorruptionGalleryDisplay.from_estimator(Identifier(), IMAGES, n_per_kind=1)
    assert display.frame()["index"].tolist() == [19, 29, 35, 39]
    assert display.frame()["confidence"].is_monotonic_increasing


def test_pairs_take_turns_between_kinds_and_show_only_changes():
    after, _repairs = Restorer().restore(IMAGES)
    display = plots.RepairPairsDisplay.from_predictions(IMAGES, after, KIND, n_pairs=7)
    assert display.frame()["kind"].value_counts().to_dict() == {"rotate": 3, "invert": 2, "unknown": 2}
    expected = np.abs(IMAGES.astype(float) - after).mean(axis=(1, 2))[display.frame()["index"]] / 255
    np.testing.assert_allclose(display.frame()["mean_change"], expected, rtol=1e-5)
    from_estimator = plots.RepairPairsDisplay.from_estimator(Restorer(), IMAGES, n_pairs=7)
    pd.testing.assert_frame_equal(from_estimator.frame(), display.frame())
    nothing = plots.RepairPairsDisplay.from_predictions(IMAGES, IMAGES).plot()
    assert nothing.frame().empty
    assert nothing.ax_.texts


def test_pairs_keep_one_grey_scale():
    before = np.zeros((2, 4, 4)) + np.array([0.0, 10.0, 20.0, 40.0])
    display = plots.RepairPairsDisplay.from_predictions(before, before / 2)
    np.testing.assert_allclose(display.before[0, 0], [0, 0.25, 0.5, 1.0])
    np.testing.assert_allclose(display.after[0, 0], [0, 0.125, 0.25, 0.5])


def test_histogram_counts_every_score_once(rng):
    scores = np.concatenate([rng.normal(size=500), [1e6]])
    display = plots.ScoreHistogramDisplay.from_predictions(scores, np.arange(501) % 3 == 0, n_bins=20)
    frame = display.frame()
    assert frame.groupby("group")["count"].sum().to_dict() == {"clean": 334, "corrupted": 167}
    assert frame["right"].max() < 1e3  # one extreme score does not squeeze the others into a bar
    constant = plots.ScoreHistogramDisplay.from_predictions(np.ones(5)).plot()
    assert constant.frame()["count"].sum() == 5


def test_histogram_puts_small_groups_together():
    names = ["clean"] * 30 + ["unknown"] + [kind for place, kind in enumerate(KINDS[:9]) for _ in range(place + 1)]
    display = plots.ScoreHistogramDisplay.from_predictions(np.arange(len(names)), names)
    counts = display.frame().groupby("group")["count"].sum()
    kept = {kind: place + 1 for place, kind in enumerate(KINDS[:9]) if place >= 5}
    assert counts.to_dict() == {"clean": 30, "unknown": 1, "other": 15, **kept}


def test_histogram_from_estimator_turns_the_sign():
    display = plots.ScoreHistogramDisplay.from_estimator(Detector(), IMAGES, TRUTH)
    np.testing.assert_allclose(display.anomaly_scores, IMAGES[:, 0, 0] / 255.0)
    assert display.threshold == 0.5


def test_curves_equal_scikit_learn():
    roc = plots.RocDisplay.from_predictions(TRUTH, SCORES)
    recall = plots.PrecisionRecallDisplay.from_predictions(TRUTH, SCORES)
    for name, scores in SCORES.items():
        assert roc.summaries[name] == metrics.roc_auc_score(TRUTH, scores)
        assert recall.summaries[name] == metrics.average_precision_score(TRUTH, scores)
        points = roc.frame()[roc.frame()["method"] == name]
        area = np.trapezoid(points["true_positive_rate"], points["false_positive_rate"])
        assert area == pytest.approx(points["auroc"].iloc[0])
        points = recall.frame()[recall.frame()["method"] == name]
        assert points["recall"].iloc[0] == 1.0
        assert points["precision"].iloc[0] == TRUTH.mean()


def test_curves_list_the_best_method_first_and_colours_stay_with_methods():
    display = plots.RocDisplay.from_predictions(TRUTH, {"lof": SCORES["lof"], "iforest": SCORES["iforest"]}).plot()
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels[0].startswith("iforest")
    assert labels[1].startswith("lof")
    as_frame = plots.RocDisplay.from_predictions(TRUTH, pd.DataFrame(SCORES))
    assert as_frame.summaries == {"iforest": display.summaries["iforest"], "lof": display.summaries["lof"]}


@pytest.mark.parametrize("display", [plots.RocDisplay, plots.PrecisionRecallDisplay])
def test_curves_from_estimator(display):
    got = display.from_estimator({"first pixel": Detector()}, IMAGES, TRUTH)
    want = display.from_predictions(TRUTH, {"first pixel": IMAGES[:, 0, 0] / 255})
    assert got.summaries == want.summaries


@pytest.mark.parametrize(
    ("truth", "scores", "message"),
    [
        (np.ones(40, bool), SCORES, "outliers and inliers"),
        (np.arange(40), SCORES, "one boolean"),
        (TRUTH, {"a": np.full(40, np.nan)}, "40 finite numbers"),
        (TRUTH, np.zeros(3), "40 finite numbers"),
    ],
)
def test_curves_refuse(truth, scores, message):
    with pytest.raises(ValueError, match=message):
        plots.RocDisplay.from_predictions(truth, scores)


def test_heatmap_orders_kinds_and_computes_them_from_scores():
    display = plots.KindHeatmapDisplay.from_predictions(matrix())
    assert display.matrix.index.tolist() == ["gaussian_noise", "rotate"]
    display.plot()
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == ["Gaussian noise", "rotated", "mean"]
    texts = [text.get_text() for text in display.ax_.texts]
    assert texts == ["0.30", "0.90", "0.60", "0.60", "0.60"]  # nothing is written where nothing is known
    computed = plots.KindHeatmapDisplay.from_predictions(SCORES, KIND)
    rows = (KIND == "clean") | (KIND == "invert")
    expected = metrics.roc_auc_score(KIND[rows] == "invert", SCORES["iforest"][rows])
    assert computed.matrix.at["invert", "iforest"] == pytest.approx(expected)
    from_estimator = plots.KindHeatmapDisplay.from_estimator({"d": Detector()}, IMAGES, KIND)
    expected = metrics.roc_auc_score(KIND[rows] == "invert", IMAGES[rows][:, 0, 0])
    assert from_estimator.matrix.at["invert", "d"] == pytest.approx(expected)


def test_confusion_equals_scikit_learn(rng):
    names = np.array(["clean", *KINDS[:5], "unknown"])
    true, found = rng.choice(names[:-1], 300), rng.choice(names, 300)
    display = plots.KindConfusionDisplay.from_predictions(true, found)
    expected = metrics.confusion_matrix(true, found, labels=names)[:-1]
    np.testing.assert_array_equal(display.counts.to_numpy(), expected)
    assert display.counts.columns.tolist() == names.tolist()
    assert display.balanced_accuracy == pytest.approx(metrics.balanced_accuracy_score(true, found))
    assert display.frame()["count"].sum() == 300
    assert display.frame().groupby("true")["share"].sum().to_numpy() == pytest.approx(1.0)


def test_confusion_keeps_a_kind_that_was_never_named():
    display = plots.KindConfusionDisplay.from_predictions(["clean", "invert"], ["clean", "clean"])
    assert display.counts.loc["invert"].to_dict() == {"clean": 1, "invert": 0}
    assert display.balanced_accuracy == 0.5
    truth = KIND.copy()
    assert plots.KindConfusionDisplay.from_estimator(Identifier(), IMAGES, truth).balanced_accuracy == 1.0


def test_critical_difference_joins_what_is_not_told_apart():
    mean_ranks, p_values = ranks()
    display = plots.CriticalDifferenceDisplay.from_predictions(mean_ranks, p_values)
    frame = display.frame()
    assert frame[["method", "other", "told_apart"]].values.tolist() == [
        ["iforest", "lof", False],
        ["iforest", "pca", True],
        ["lof", "pca", True],
    ]

    def bars(display):
        lines = [line for line in display.plot().ax_.lines if line.get_linewidth() > 3]
        return sorted((min(line.get_xdata()), max(line.get_xdata())) for line in lines)

    assert bars(display) == [(1.2, 1.9)]
    together = plots.CriticalDifferenceDisplay.from_predictions(mean_ranks, p_values, differs=False)
    assert bars(together) == [(1.2, 2.9)]
    assert not together.frame()["told_apart"].any()


def test_critical_difference_refuses_ranks_without_p_values():
    mean_ranks, p_values = ranks()
    with pytest.raises(ValueError, match="p_values must cover the methods"):
        plots.CriticalDifferenceDisplay.from_predictions(mean_ranks, p_values.iloc[:2, :2])
    with pytest.raises(ValueError, match="at least two methods"):
        plots.CriticalDifferenceDisplay.from_predictions(mean_ranks[:1], p_values)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: plots.CorruptionGalleryDisplay.from_predictions(IMAGES, KIND[:3]), "kinds has 3 entries"),
        (lambda: plots.CorruptionGalleryDisplay.from_predictions(IMAGES, KIND, n_per_kind=0), "n_per_kind"),
        (lambda: plots.RepairPairsDisplay.from_predictions(IMAGES, IMAGES[1:]), "one shape"),
        (lambda: plots.RepairPairsDisplay.from_predictions(IMAGES, IMAGES, KIND[1:]), "kinds has 39 entries"),
        (lambda: plots.ScoreHistogramDisplay.from_predictions([np.nan]), "finite"),
        (lambda: plots.ScoreHistogramDisplay.from_predictions([1.0], [True, False]), "groups has 2 entries"),
        (lambda: plots.KindConfusionDisplay.from_predictions(["a"], ["a", "b"]), "must pair up"),
    ],
)
def test_errors_name_what_came(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_reconstructions_pair_up_on_one_grey_scale():
    display = plots.ReconstructionDisplay.from_predictions(IMAGES, IMAGES // 2, n_images=5)
    frame = display.frame()
    assert frame["index"].tolist() == [0, 9, 19, 29, 39]
    unit = IMAGES[frame["index"]] / 255.0
    expected = np.square(unit - (IMAGES[frame["index"]] // 2) / 255.0).mean(axis=(1, 2))
    np.testing.assert_allclose(frame["mse"], expected, atol=1e-6)
    with pytest.raises(ValueError, match=r"one shape, got \(40, 12, 10\) and \(3, 12, 10\)"):
        plots.ReconstructionDisplay.from_predictions(IMAGES, IMAGES[:3])


def test_latent_points_are_coloured_only_when_labels_are_given(rng):
    points = rng.normal(size=(30, 2)) + np.repeat([[0, 0], [20, 0], [0, 20]], 10, axis=0)  # no label is moved
    plain = plots.LatentDisplay.from_predictions(points).plot()
    assert len(np.unique(plain.ax_.collections[0].get_facecolors(), axis=0)) == 1
    assert not plain.ax_.texts
    labels = np.repeat(list("abc"), 10)
    coloured = plots.LatentDisplay.from_predictions(points, labels).plot()
    assert len(np.unique(coloured.ax_.collections[0].get_facecolors(), axis=0)) == 3
    for text, name in zip(coloured.ax_.texts, "abc"):
        assert text.get_text() == name
        np.testing.assert_allclose(text.get_position(), np.median(points[labels == name], axis=0))


def test_latent_space_of_many_dimensions_is_seen_by_its_principal_components(rng):
    from sklearn.decomposition import PCA

    latent = rng.normal(size=(50, 5)) * [1, 5, 2, 9, 0.1]
    shown = plots.LatentDisplay.from_predictions(latent).points
    expected = PCA(n_components=2, svd_solver="full").fit_transform(latent)
    np.testing.assert_allclose(np.abs(shown), np.abs(expected), atol=1e-9)
    with pytest.raises(ValueError, match="labels has 3 entries"):
        plots.LatentDisplay.from_predictions(latent, ["a", "b", "c"])


def test_latent_grid_parts_the_prior_into_equal_shares():
    from scipy.stats import norm

    display = plots.LatentGridDisplay.from_estimator(Coder(), n_per_side=5)
    np.testing.assert_allclose(norm.cdf(display.first), [0.1, 0.3, 0.5, 0.7, 0.9])
    np.testing.assert_allclose(display.second, display.first[::-1])  # up is more
    # Right is more of the first value, top more of the second.
    np.testing.assert_allclose(display.images[2, :, 3, 0], np.tanh(display.first) / 2 + 0.5, atol=1e-6)
    np.testing.assert_allclose(display.images[:, 2, 0, 0], np.tanh(display.second) / 2 + 0.5, atol=1e-6)
    with pytest.raises(ValueError, match="dims must be two of the 2"):
        plots.LatentGridDisplay.from_estimator(Coder(), dims=(0, 2))


def test_latent_grid_of_a_mixture_spans_its_moments(rng):
    from sklearn.mixture import GaussianMixture

    latent = np.concatenate([rng.normal(-5, 1, (300, 2)), rng.normal(5, 2, (300, 2))])
    model = Coder()
    model.density_ = GaussianMixture(2, random_state=0).fit(latent)
    display = plots.LatentGridDisplay.from_estimator(model, n_per_side=3)
    np.testing.assert_allclose(display.first[1], latent[:, 0].mean(), atol=1e-3)
    np.testing.assert_allclose(np.ptp(display.first), 2 * 0.967422 * latent[:, 0].std(), rtol=1e-3)


def test_loss_curves_are_the_history():
    frame = plots.LossCurveDisplay.from_history(HISTORY).frame()
    assert sorted(set(frame["name"])) == ["kl", "loss", "validation_loss"]
    assert frame[frame["name"] == "loss"]["value"].tolist() == [3 / n for n in (1, 2, 3, 4)]
    chosen = plots.LossCurveDisplay.from_history(HISTORY, ["loss"]).plot()
    styles = {line.get_label().split(":")[0]: line.get_linestyle() for line in chosen.ax_.lines}
    assert styles == {"loss": "-", "validation loss": "--"}
    with pytest.raises(ValueError, match="history is empty"):
        plots.LossCurveDisplay.from_history([])
    with pytest.raises(ValueError, match="names must be in the history .* got 'losses'"):
        plots.LossCurveDisplay.from_history(HISTORY, ["losses"])


def test_samples_stand_in_their_order_on_the_scale_of_the_model():
    display = plots.SampleGridDisplay.from_predictions(IMAGES[:7], n_columns=3)
    assert display.frame()[["row", "column"]].to_numpy().tolist()[-2:] == [[1, 2], [2, 0]]

    class Sampler:
        image_shape_, pixel_scale_ = (2, 8), PixelScale(0.0, 4.0)

        def sample(self, n_samples, random_state):
            return np.ones((n_samples, 16))

    drawn = plots.SampleGridDisplay.from_estimator(Sampler(), 4)
    assert drawn.images.shape == (4, 2, 8)
    np.testing.assert_allclose(drawn.images, 0.25)


def test_statistics_that_part_the_groups_are_drawn(rng):
    """As by scipy's analysis of variance; without groups those in which a few images stand apart."""
    from scipy.stats import f_oneway

    from toolkit.diagnostics import CorruptionDiagnostics

    values = pd.DataFrame(rng.normal(size=(60, 6)), columns=list("abcdef")).assign(flat=1.0)
    groups = np.repeat(["clean", "blur", "invert"], 20)
    values.loc[groups == "blur", "d"] += 3
    best = {name: f_oneway(*(values.loc[groups == group, name] for group in np.unique(groups)))[0] for name in "abcdef"}
    display = plots.StatisticsPairDisplay.from_predictions(values, groups, n_statistics=3)
    assert set(display.values) == set(sorted(best, key=best.get)[-3:])
    assert "d" in display.values
    values.loc[7, "b"] = 40.0
    assert list(plots.StatisticsPairDisplay.from_predictions(values, n_statistics=1).values) == ["b"]
    display.plot()
    assert [len(row) for row in display.axes_] == [1, 2, 3]
    points = display.axes_[2][0].collections[0].get_offsets()
    names = list(display.values)
    np.testing.assert_allclose(points, display.values[[names[0], names[2]]].to_numpy())
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == ["clean", "invert", "blur"]
    alike = plots.StatisticsPairDisplay.from_predictions({"a": [1.0, 1.0], "b": [2.0, 2.0]}, ["x", "y"]).plot()
    assert alike._repr_png_()
    diagnostics = CorruptionDiagnostics("noise").fit(IMAGES)
    drawn = plots.StatisticsPairDisplay.from_estimator(diagnostics, IMAGES, n_statistics=2)
    assert set(drawn.values) <= set(diagnostics.get_feature_names_out())
    for wrong, message in ((values.assign(a=np.nan), "finite"), (values.iloc[:0], "finite")):
        with pytest.raises(ValueError, match=message):
            plots.StatisticsPairDisplay.from_predictions(wrong)
    with pytest.raises(ValueError, match="groups has 3 entries, but values has 60 rows"):
        plots.StatisticsPairDisplay.from_predictions(values, ["a", "b", "c"])


@pytest.mark.parametrize("image_format", ["png", "svg"])
def test_a_mosaic_is_drawn_as_imshow_draws_it(image_format):
    """Cells are made without imshow, and left out where the figure is only laid out: no pixel differs."""
    import io
    import pickle

    import matplotlib
    from matplotlib.figure import Figure

    from toolkit.plots._cell import Cell
    from toolkit.plots._mosaic import GAP, draw_cell, frame_cell, open_mosaic, row_name

    images = np.random.default_rng(0).random((6, 9, 9))

    def with_imshow(ax, image, row, column, aspect):
        left, top = column * (1 + GAP), row * (aspect + GAP)
        extent = (left, left + 1, top + aspect, top)
        style = {"cmap": "gray", "vmin": 0, "vmax": 1, "interpolation": "nearest", "aspect": "equal", "zorder": 1}
        ax.imshow(image, extent=extent, **style).set_in_layout(False)

    def drawn(draw):
        figure = Figure(figsize=(3, 2), layout="constrained")
        ax = figure.add_subplot()
        open_mosaic(ax, 2, 3, 1.0)
        for place, image in enumerate(images):
            draw(ax, image, place // 3, place % 3, 1.0)
            frame_cell(ax, place // 3, place % 3, 1.0)
        open_mosaic(ax, 2, 3, 1.0)
        row_name(ax, 0, 1.0, "a name")
        file = io.BytesIO()
        with matplotlib.rc_context({"svg.hashsalt": "toolkit"}):
            metadata = {"Date": None} if image_format == "svg" else {}
            figure.savefig(file, format=image_format, bbox_inches="tight", metadata=metadata)
        return figure, file.getvalue()

    figure, ours = drawn(draw_cell)
    assert ours == drawn(with_imshow)[1]
    again = pickle.loads(pickle.dumps(figure))
    assert [type(image) for image in again.axes[0].images] == [Cell] * 6

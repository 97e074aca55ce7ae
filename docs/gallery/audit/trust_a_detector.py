"""
Which detector should I trust, without labels?
==============================================

Without a truth no detector can be tested. But corruptions can be planted in images that look clean, and who finds these
well should find the others well. :func:`~toolkit.comparison.estimate_detection` does that; here the truth is known, so
that the estimates can be held against it.
"""

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler

from toolkit.comparison import compare_detectors, estimate_detection
from toolkit.corruption import Corruptor
from toolkit.datasets import load_digits
from toolkit.detectors import OutlierDetector
from toolkit.diagnostics import CorruptionDiagnostics

given, truth = Corruptor(fraction=0.2, random_state=0).corrupt(load_digits().images[:500])

detectors = {f"pixels, {name}": OutlierDetector(name) for name in ("knn", "ecod", "hbos")}
for name in ("knn", "iforest", "lof"):
    detectors[f"statistics, {name}"] = make_pipeline(CorruptionDiagnostics(), RobustScaler(), OutlierDetector(name))

estimate = estimate_detection(detectors, given, random_state=0)
measured = compare_detectors(detectors=detectors, data={"digits": (given, truth != "clean")}, seeds=[0])
auroc = measured.set_index("method")["auroc"]

table = estimate.set_index("method")[["estimated_auroc", "standard_error"]].assign(true_auroc=auroc)
table.sort_values("estimated_auroc", ascending=False).round(2)

# %%
# The order is roughly right: single figures may be off, and detectors within a standard error of each other are not
# told apart.

from matplotlib.figure import Figure

figure = Figure(figsize=(6, 4), layout="constrained")
ax = figure.add_subplot()
for name, row in table.sort_values("true_auroc", ascending=False).iterrows():
    ax.errorbar(row["estimated_auroc"], row["true_auroc"], xerr=row["standard_error"], fmt="o", label=name)
ax.axline((0.9, 0.9), slope=1, color="grey", linewidth=0.8)
ax.set(xlabel="AUROC, estimated without labels (bars: standard error)", ylabel="AUROC, by the truth")
ax.legend(title="the best above")
figure

"""
How do I swap a detector in a Pipeline?
=======================================

Every detector has a name, and the name is a parameter: :meth:`set_params` of scikit-learn swaps it.
"""

from sklearn.pipeline import Pipeline
from sklearn.preprocessing import RobustScaler

from toolkit.corruption import Corruptor
from toolkit.datasets import load_digits
from toolkit.detectors import OutlierDetector
from toolkit.diagnostics import CorruptionDiagnostics
from toolkit.plots import RocDisplay

given, truth = Corruptor(fraction=0.2, random_state=0).corrupt(load_digits().images[:800])

pipe = Pipeline(
    [("diagnose", CorruptionDiagnostics()), ("scale", RobustScaler()), ("detect", OutlierDetector("iforest"))]
)

scores = {}
for method in ("iforest", "knn", "lof", "ecod"):
    pipe.set_params(detect__method=method).fit(given)
    scores[method] = -pipe.score_samples(given)  # scikit-learn's sign: higher is more normal

# %%
# With the truth at hand, which none of them saw, they can be compared:

RocDisplay.from_predictions(truth != "clean", scores, title="One pipeline, four detectors").plot()

# %%
# :func:`~toolkit.detectors.available_detectors` lists all names. A detector of your own goes in the same
# place, if it is one of scikit-learn's or PyOD's kind.

from sklearn.covariance import EllipticEnvelope

from toolkit.detectors import available_detectors

pipe.set_params(detect__method=EllipticEnvelope(random_state=0)).fit(given)
print(pipe.predict(given)[:10], "+1: inlier, -1: outlier")
print(len(available_detectors()), "detectors by name")

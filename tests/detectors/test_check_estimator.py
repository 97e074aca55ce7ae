"""scikit-learn's common checks over the methods of the adapter, and over the ways to set the other detectors."""

import pytest
from sklearn.ensemble import IsolationForest
from sklearn.utils.estimator_checks import parametrize_with_checks

from toolkit.detectors import OutlierDetector, ReconstructionDetector

# With the automatic cut, sets without outliers have none; the checks want at least one, so a share is asked for.
METHODS = ("copod", "ecod", "gmm", "hdbscan", "kde", "knn", "loda", "lof", "ocsvm", "pca", "sampling", "vae")
PARAMS = {"vae": {"epoch_num": 1}}
ESTIMATORS = [
    *(OutlierDetector(method, params=PARAMS, contamination=0.1, random_state=0) for method in METHODS),
    OutlierDetector("lof", random_state=0),
    OutlierDetector("knn", reference_size=20, random_state=0),
    OutlierDetector(IsolationForest(n_estimators=10), random_state=0),
    ReconstructionDetector(criterion="error", epochs=2, random_state=0),
]


@pytest.mark.filterwarnings("ignore::FutureWarning")
@parametrize_with_checks(ESTIMATORS)
def test_common_checks(estimator, check):
    check(estimator)

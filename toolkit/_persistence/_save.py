"""``toolkit.save`` and ``toolkit.load``."""

import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit._core.store import read_store, write_store
from toolkit._core.types import PathLike
from toolkit._core.versions import versions
from toolkit._persistence._classes import class_path
from toolkit._persistence._estimators import EstimatorReader, EstimatorWriter
from toolkit.exceptions import CheckpointError

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

__all__ = ["load", "save"]

_KIND = "estimator"


def save(estimator: "BaseEstimator", path: PathLike) -> None:
    """Save a fitted estimator, or a pipeline of them, as a folder without pickle.

    The folder appears whole or not at all. It holds ``manifest.json`` (class, parameters, versions, sha256 of each
    file), the attributes as JSON, arrays and weights as safetensors, and models of scikit-learn and PyOD as skops.

    Parameters
    ----------
    estimator : estimator
        Of the toolkit or of scikit-learn, or a ``Pipeline`` or ``FeatureUnion`` of them.
    path : path-like
        The folder. An estimator that was saved there is replaced; anything else is left alone.

    Raises
    ------
    TypeError
        It is no estimator, or holds something that cannot be saved; the message says where and what.
    FileExistsError
        Something else is at ``path``.

    See Also
    --------
    load : The way back.

    Examples
    --------
    >>> import tempfile
    >>> import toolkit
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.detectors import OutlierDetector
    >>> X = load_digits().images[:100]
    >>> detector = OutlierDetector("pca", random_state=0).fit(X)
    >>> folder = tempfile.mkdtemp() + "/detector"
    >>> toolkit.save(detector, folder)
    >>> bool((toolkit.load(folder).score_samples(X) == detector.score_samples(X)).all())
    True
    """
    if isinstance(estimator, type) or not hasattr(estimator, "get_params"):
        raise TypeError(f"estimator must be an estimator, and an object, got {estimator!r}.")
    files = EstimatorWriter().files(estimator)
    parameters = {name: repr(value)[:200] for name, value in estimator.get_params(deep=False).items()}
    about = {
        "class": class_path(type(estimator)),
        "parameters": parameters,
        "versions": versions(),
        "threads": sys.modules["torch"].get_num_threads() if "torch" in sys.modules else None,
        "device": "cpu",
    }
    write_store(path, _KIND, files, about)


def load(path: PathLike) -> Any:
    """Load what :func:`save` has written.

    Every file is compared with the manifest before it is read. Only classes that the toolkit lists by name are built;
    nothing in a file is ever executed.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    estimator
        It answers bitwise as the one that was saved, under the same versions; others bring a warning.

    Raises
    ------
    FileNotFoundError
        Nothing is at ``path``.
    CheckpointError
        What is there is damaged, incomplete, of another kind, or names anything that is not loaded.

    Examples
    --------
    >>> import tempfile
    >>> import toolkit
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.detectors import OutlierDetector
    >>> images = load_digits().images[:50]
    >>> toolkit.save(OutlierDetector("lof").fit(images), tempfile.gettempdir() + "/lof")
    >>> toolkit.load(tempfile.gettempdir() + "/lof").predict(images).shape
    (50,)
    """
    path = Path(path)
    about, files = read_store(path, _KIND)
    try:
        estimator = EstimatorReader(files).value()
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
    if not hasattr(estimator, "get_params"):
        raise CheckpointError(f"{path} holds no estimator.")
    here, there = versions(), about.get("versions")
    if isinstance(there, dict):
        changed = [f"{name} {there.get(name)} -> {here[name]}" for name in here if there.get(name) != here[name]]
        if changed:
            warnings.warn(
                f"{path} was saved under other versions ({'; '.join(changed)}): answers may differ.", stacklevel=2
            )
    return estimator

"""From a name or an object to a model that can be fitted: parameters checked, clipped and seeded."""

import copy
import importlib
import inspect
from dataclasses import replace

from sklearn.base import clone, is_outlier_detector

from toolkit._core.inherited import guard_matplotlib
from toolkit._core.names import lookup
from toolkit._core.optional import import_optional
from toolkit.detectors._methods import LEFT_OUT, METHODS, Method

__all__ = ["identify_method", "make_model", "plain_params"]

_NEIGHBOURS_OUTSIDE = ("cof", "loci", "sod")  # models that are in no table but may be given, and see neighbours


def _is_pyod(model):
    return any(base.__module__.startswith("pyod.") for base in type(model).__mro__)


def identify_method(method):
    """Name and table row of a method: a name from the table, or an object; a ValueError for anything else."""
    if isinstance(method, str):
        if method in LEFT_OUT:
            raise ValueError(f"The PyOD detector {method!r} is left out: {LEFT_OUT[method]}.")
        return method, lookup(METHODS, method, "detector")
    class_name = type(method).__name__
    if not isinstance(method, type) and _is_pyod(method):
        path = f"{type(method).__module__.removeprefix('pyod.models.')}:{class_name}"
        known = ((name, row) for name, row in METHODS.items() if row.path == path)
        near = path.partition(":")[0] in _NEIGHBOURS_OUTSIDE
        # Nothing is known of another PyOD model that is not in the table: it is sealed to be safe.
        given = Method(path, "given", "medium", deep=True)
        if near:
            given = replace(given, training="stored", distinct="enough")
        return next(known, (class_name, given))
    if not isinstance(method, type) and is_outlier_detector(method) and hasattr(method, "fit"):
        if "novelty" in method.get_params(deep=False):
            return class_name, Method(
                "", "given", "medium", METHODS["lof"].max_rows, training="stored", distinct="enough"
            )
        return class_name, Method("", "given", "medium")
    raise ValueError(
        "method must be a name from available_detectors(), or a PyOD or scikit-learn outlier estimator (an object, "
        f"not a class), got {method!r}."
    )


def plain_params(params, name):
    """The parameters meant for method ``name``: ``params`` may hold them plainly or keyed by method.

    Examples
    --------
    >>> plain_params({"lof": {"n_neighbors": 5}, "iforest": {"n_estimators": 50}}, "lof")
    {'n_neighbors': 5}
    >>> plain_params({"n_neighbors": 5}, "lof")
    {'n_neighbors': 5}
    """
    if params is None:
        return {}
    if not isinstance(params, dict) or not all(isinstance(key, str) for key in params):
        raise ValueError(f"params must be a dict of parameters, or of such dicts keyed by method, got {params!r}.")
    keyed = bool(params) and all(value is None or isinstance(value, dict) for value in params.values())
    if keyed and all(key in METHODS or key == name for key in params):
        return dict(params.get(name) or {})
    return dict(params)


def _load_class(name):
    row = METHODS[name]
    module, _, class_name = row.path.partition(":")
    if row.requires:
        import_optional(row.requires, purpose=f"The detector {name!r}")
    guard_matplotlib()  # which some of PyOD's modules import
    return getattr(importlib.import_module(module if "." in module else f"pyod.models.{module}"), class_name)


def _default_values(model_class):
    """Constructor defaults; copied, since some of PyOD's are mutable and shared."""
    parameters = inspect.signature(model_class.__init__).parameters.values()
    return {
        parameter.name: None if parameter.default is parameter.empty else copy.deepcopy(parameter.default)
        for parameter in parameters
        if parameter.name != "self" and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    }


def _check_known(params, valid, name):
    unknown = sorted(set(params) - set(valid))
    if unknown:
        raise ValueError(f"Unknown parameter of {name!r}: {', '.join(unknown)}. Valid: {', '.join(sorted(valid))}.")


def _lscp_members(n_samples):
    """LSCP has no default members; its paper combines LOFs of several neighbourhoods (Zhao et al., 2019)."""
    from pyod.models.lof import LOF

    return [LOF(n_neighbors=max(1, min(k, n_samples - 1))) for k in (5, 10, 20, 35, 50)]


def _complete(name, row, given, values, n_samples, n_features, seed):
    """Fill in what depends on the data and on the seed, and clip what the data do not allow."""
    if row.seeded and values.get("random_state") is None:
        values["random_state"] = seed
    if name == "deep_svdd":
        values["n_features"] = n_features
    if name == "lscp" and values["detector_list"] is None:
        values["detector_list"] = _lscp_members(n_samples)
    if name == "lscp" and "local_region_size" not in given:
        values["local_region_size"] = max(2, min(values["local_region_size"], n_samples))
    if name == "lscp" and "n_bins" not in given:
        values["n_bins"] = min(values["n_bins"], len(values["detector_list"]))
    for parameter, spare in row.clip:
        if isinstance(values.get(parameter), int):
            values[parameter] = max(1, min(values[parameter], n_samples - spare))
    while name == "ae1svm" and n_samples % values["batch_size"] == 1 and values["batch_size"] > 2:
        values["batch_size"] -= 1  # its batch norm cannot learn from the single row that would be left over
    if "device" in values and values["device"] is None:
        values["device"] = "cpu"  # PyOD would take a GPU unasked, and results would depend on the machine
    return values


def _given_model(method, params, seed):
    """A fresh model with the parameters of the one that was given, which is never changed."""
    if not _is_pyod(method):
        # A detector with novelty=False has no scores for new rows.
        extra = {"novelty": True} if "novelty" in method.get_params(deep=False) else {}
        if "random_state" in method.get_params(deep=False) and method.random_state is None:
            extra["random_state"] = seed
        model = clone(method)
        _check_known(params, model.get_params(), type(method).__name__)
        return model.set_params(**{**extra, **params})
    values = {
        name: copy.deepcopy(getattr(method, name, value)) for name, value in _default_values(type(method)).items()
    }
    _check_known(params, values, type(method).__name__)
    values.update(params)
    if "random_state" in values and values["random_state"] is None:
        values["random_state"] = seed
    return type(method)(**values)


def make_model(method, params, *, n_samples, n_features, seed):
    """Build the model that a method stands for, not fitted.

    Parameters
    ----------
    method : str or estimator
        As checked by :func:`identify_method`.
    params : dict or None
        Plain or keyed by method.
    n_samples, n_features : int
        Of the rows it will be fitted on.
    seed : int

    Returns
    -------
    model : estimator
    used : dict
        The parameters it was built with, after clipping; empty for a given object.
    """
    name, row = identify_method(method)
    given = plain_params(params, name)
    if not isinstance(method, str):
        return _given_model(method, given, seed), {}
    model_class = _load_class(name)
    values = _default_values(model_class)
    _check_known(given, values, name)
    values.update(copy.deepcopy(dict(row.defaults)))
    values.update(copy.deepcopy(given))
    values = _complete(name, row, given, values, n_samples, n_features, seed)
    return model_class(**values), values

"""How the attributes of a class changed from one version of its state to the next.

The version of a state is the number of changes before it, and is written beside it; a folder without one has version 0.
A change takes the attributes as they were written and gives those of the next version; it is never altered afterwards.
"""

import numpy as np

from toolkit._persistence._classes import OBJECTS, import_listed
from toolkit._persistence._earlier_paths import EARLIER_PATHS
from toolkit.exceptions import CheckpointError

__all__ = ["MIGRATIONS", "migrate", "migrate_config", "state_version"]


def _renamed(**names):
    """A change of names alone: ``_renamed(earlier="later")``."""
    return lambda state: {names.get(name, name): value for name, value in state.items()}


def _without(*names, **new):
    """A change that drops attributes, and adds others of a given value."""
    return lambda state: {name: value for name, value in state.items() if name not in names} | new


def _new(name, **attributes):
    """An object of the class of that id that holds these attributes."""
    kind = import_listed(name, OBJECTS)
    made = kind.__new__(kind)
    vars(made).update(attributes)
    return made


def _detector_without_scale(state):
    """It saw all but bytes in the units that they came in."""
    new = {"image_shape": None, "n_duplicates_": 0, "_lowest_score": -np.inf}
    if "detector_" in state:
        new["_rows"] = _new("row-scale", pixels=None, factor=None)
    else:
        new = {"image_shape": None}
    return new | state


def _identifier_names(state):
    state = _renamed(
        _committee="_ensemble",
        _verdict="_calibration",
        _strangeness="_novelty_score",
        _evidence="_symmetry_evidence",
        _witness="_second_opinion",
    )(state)
    if "_novelty_score" not in state:  # not fitted
        return state
    return state | {"diagnostics_": state["_novelty_score"].outlier_score.diagnostics_}


def _identifier_without_evidence_model(state):
    # Networks and neighbours were joined by a minimum; what was saved so goes on to answer so.
    return state | {"_evidence_model": None} if "_novelty_score" in state else state


def _restorer_check_names(state):
    if "competence_" not in state:  # not fitted
        return state
    names = {"judge_passing": "repair_sensitivity", "judge_alarms": "repair_false_alarms"}
    return state | {"competence_": state["competence_"].rename(columns=names)}


def _begun_from_nothing(state):
    return {"init": "random"} | state


# In the order of their columns, before they were kept by name; version 0.1 had the last five.
_SPLIT_FIGURES = (
    *("clipped_density", "clipped_coverage", "p_precision", "p_recall"),
    *("precision", "recall", "density", "coverage", "frechet"),
)


def _reference_figures_by_name(state):
    if "_null_figures" not in state:  # not fitted
        return state
    figures = state["_null_figures"]
    names = () if figures is None else _SPLIT_FIGURES[-figures.shape[1] :]
    by_name = None if figures is None else dict(zip(names, np.ascontiguousarray(figures.T), strict=True))
    return _without("_null_figures", _reference_figures=by_name)(state)


# Parameters of a GAN that came with codes, looking ahead and augmentation.
_WITHOUT_CODES = dict.fromkeys(
    ("unrolled_steps", "feature_matching", "augmentation", "n_categories", "n_continuous", "information_weight")
)

MIGRATIONS = {
    "calibrated-mixture": (_renamed(told_="nameable_"),),
    "arithmetic-seq2-seq": (_renamed(_hand_seed="_style_seed"),),
    "conditional-gan": (
        _renamed(companions_="packing_context_", companion_codes_="packing_context_codes_"),
        _without(preset="plain", max_seconds=None),
    ),
    "corruption-identifier": (_identifier_names, _identifier_without_evidence_model),
    # It held a method of its identifier, which held it; now it knows how many members may be at work.
    "identifier-ensemble": (_without("run", n_jobs=None),),
    "identifier-member": (_renamed(begun="is_pretrained", planter="injector", gauge="angle_regressor"),),
    # Where a parameter was None, it meant what the plain preset says.
    "gan": (
        _renamed(companions_="packing_context_"),
        _without(preset="plain", max_seconds=None),
        lambda state: _WITHOUT_CODES | state,
    ),
    "image-restorer": (
        _renamed(_toolbox="_candidates", _witnesses="_evidence", _lines="_classifiers", _looks="_clean_thresholds"),
        _restorer_check_names,
        _begun_from_nothing,
        _without(n_jobs=None),
    ),
    # It held a method of the candidates that held it, of use in training only.
    "learned-restorer": (_without("first"), lambda state: {"negative": False} | _begun_from_nothing(state)),
    "mode-coverage": (_reference_figures_by_name,),
    "outlier-detector": (_detector_without_scale,),
    "novelty-score": (_renamed(oddity="outlier_score"),),
    "pose-estimator": (lambda state: {"negative": False} | _begun_from_nothing(state),),
    "repair-candidates": (_renamed(trials="held_out", lessons="training"), _begun_from_nothing),
    "repair-verdict": (
        _renamed(line="threshold", passing="sensitivity", alarms="false_alarm_rate"),
        lambda state: {"seen": None, "usual": None} | state,
        lambda state: {"room": 0.0} | state,
    ),
}

# Parameters of networks that had another name.
_CONFIGS = {"varied-writer": {"n_hands": "n_components"}}


def state_version(name):
    """Version of the attributes that the class of that id has now."""
    return len(MIGRATIONS.get(name, ()))


def migrate(name, state, version):
    """Attributes of the class of that id as they are now, from those of ``version``.

    Raises
    ------
    CheckpointError
        The version is none, or newer than this one of the toolkit.
    """
    changes = MIGRATIONS.get(name, ())
    if type(version) is not int or not 0 <= version <= len(changes):
        raise CheckpointError(
            f"holds a {str(name)[:80]!r} of version {str(version)[:20]}, where this toolkit knows 0 to {len(changes)}"
        )
    for change in changes[version:]:
        state = change(state)
    return state


def migrate_config(name, config):
    """Parameters of the network of that id under the names that they have now."""
    names = _CONFIGS.get(EARLIER_PATHS.get(name, name), {})
    return {names.get(parameter, parameter): value for parameter, value in dict(config).items()}

"""What native code believes without a check: indices and sizes inside of models, compared before anybody predicts.

The trees, neighbour trees and support vectors of scikit-learn are written for models that were fitted. Of a forged file
an index out of bounds reads foreign memory or ends the process, and a number that is not finite gives answers that mean
nothing. Each check is one that every fitted model passes.
"""

import json

import numpy as np

from toolkit.exceptions import CheckpointError

__all__ = ["check_bit_generator", "check_finite", "check_learnt", "check_model", "check_scale", "check_schema"]

_LEAF = -1
_MOST_OUTPUTS = 100_000
_MAY_BE_NAN = frozenset({("corruption-identifier", "auroc_")})  # where a set cannot be judged
_DTYPES = frozenset(np.dtype(code).name for code in "?bBhHiIlLqQefdg")


def check_schema(text, shapes):
    """What the schema of a skops archive hands to constructors in native code.

    Parameters
    ----------
    text : bytes
        ``schema.json``.
    shapes : dict of str to tuple of int
        Of the arrays in the archive, by name of their member.

    Raises
    ------
    CheckpointError
    """
    pending, files = [json.loads(text)], {}
    reduced = []
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, dict):
            pending.extend(node.values())
            if "file" in node and "__id__" in node:
                files[node["__id__"]] = node["file"]
            if "__reduce__" in node and node.get("__class__") == "Tree":
                reduced.append(node["__reduce__"]["args"]["content"])
    for _, n_classes, n_outputs in reduced:
        count = int(json.loads(n_outputs["content"]))
        shape = shapes.get(n_classes.get("file", files.get(n_classes.get("__id__"))))
        if not 1 <= count <= _MOST_OUTPUTS or shape != (count,):
            raise CheckpointError(f"holds a tree of {count} outputs that describes {shape}")


def check_model(model):
    """Walk through a loaded model of scikit-learn or PyOD and check what native code will read.

    Raises
    ------
    CheckpointError
        An index out of bounds, sizes that differ, a number that is not finite.
    """
    pending, seen, kept = [model], set(), []
    while pending:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        kept.append(value)  # so that no id is given twice
        if isinstance(value, (list, tuple, set, frozenset)):
            pending.extend(value)
        elif isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, np.ndarray):
            if value.dtype.hasobject:
                pending.extend(value.ravel().tolist())
        else:
            module, name = type(value).__module__, type(value).__name__
            if (module, name) == ("sklearn.tree._tree", "Tree"):
                _check_tree(value)
            elif module in ("sklearn.neighbors._kd_tree", "sklearn.neighbors._ball_tree"):
                _check_neighbour_tree(value)
            elif name == "BSpline" and module.startswith("scipy."):
                _check_spline(value)
            elif module.partition(".")[0] in ("sklearn", "pyod") and hasattr(value, "__dict__"):
                pending.extend(vars(value).values())
                _check_parts(value)


def check_finite(values, what):
    """Raise a CheckpointError if an array or a tensor of weights holds anything but finite numbers."""
    if isinstance(values, np.ndarray):
        finite = values.dtype.kind not in "fc" or bool(np.isfinite(values).all())
    else:
        finite = not (values.is_floating_point() or values.is_complex()) or bool(values.isfinite().all())
    if not finite:
        raise CheckpointError(f"{what} holds NaN or infinite values: it is damaged, or its training had diverged")


def check_learnt(name, state):
    """What an object of the toolkit has learnt, by the id of its class: NaN answers nothing. Infinite may mean never.

    Constructor parameters are their owner's, and what is nested is a record or an object of its own.
    """
    for key, value in state.items():
        if not (key.endswith("_") or key.startswith("_")) or (name, key) in _MAY_BE_NAN:
            continue
        numeric = isinstance(value, (float, np.floating)) or (
            isinstance(value, np.ndarray) and value.dtype.kind in "fc"
        )
        if numeric and bool(np.isnan(value).any()):
            _refuse(f"NaN in the {key} of a {name}")


def check_scale(state):
    """The attributes of a scale: two numbers that differ, and the name of a dtype of images."""
    low, high, dtype = (state.get(name) for name in ("low", "high", "dtype"))
    if not (type(low) is type(high) is float and np.isfinite([low, high]).all() and low < high):
        _refuse(f"a scale from {str(low)[:40]} to {str(high)[:40]}")
    if dtype is not None and (type(dtype) is not str or dtype not in _DTYPES):
        _refuse(f"a scale of the dtype {str(dtype)[:40]!r}")


def check_bit_generator(state):
    """The place of a bit generator within its buffer; numpy's setters take any.

    Parameters
    ----------
    state : dict
        As ``bit_generator.state`` or ``RandomState.get_state(legacy=False)`` gives it.
    """
    name, inner = state["bit_generator"], state.get("state", {})
    for key, holder, high in (("pos", inner, 624), ("buffer_pos", state, 4)):
        place = holder.get(key) if isinstance(holder, dict) else None
        if place is not None and not (type(place) is int and 0 <= place <= high):
            raise CheckpointError(f"holds a {str(name)[:40]} at the place {str(place)[:40]} of {high}")


def _refuse(what):
    raise CheckpointError(f"holds {what}, which no fitted model does")


def _between(values, low, high):
    """All of ``values`` in [low, high)."""
    return bool(((values >= low) & (values < high)).all())


def _check_tree(tree):
    """A decision tree: children lie behind their parent and within the tree, features within the rows."""
    if tree.node_count != tree.capacity or tree.node_count < 1:  # before anything of it is read
        _refuse(f"a tree of {tree.node_count} nodes with room for {tree.capacity}")
    state = tree.__getstate__()
    nodes, values = state["nodes"], state["values"]
    left, right, place = nodes["left_child"], nodes["right_child"], np.arange(len(nodes))
    inner = left != _LEAF
    if not np.array_equal(inner, right != _LEAF):
        _refuse("a tree with half a fork")
    if not all(_between(child[inner], place[inner] + 1, len(nodes)) for child in (left, right)):
        _refuse("a tree whose children are out of bounds")
    if not _between(nodes["feature"][inner], 0, tree.n_features):
        _refuse("a tree whose features are out of bounds")
    depth = np.zeros(len(nodes), dtype=np.int64)
    for node in np.flatnonzero(inner):  # children come after their parent
        depth[left[node]] = depth[right[node]] = depth[node] + 1
    if depth.max() > tree.max_depth:
        _refuse(f"a tree of depth {depth.max()} that says {tree.max_depth}")
    check_finite(nodes["threshold"][inner], "a tree")
    check_finite(values, "a tree")


def _check_neighbour_tree(tree):
    """A KD or ball tree: the rows of each node, the order of all rows, and arrays of one size."""
    data, order, nodes, bounds, leaf_size, n_levels, n_nodes = tree.__getstate__()[:7]
    weights = tree.__getstate__()[12]
    n_rows = len(data)
    if data.ndim != 2 or order.shape != (n_rows,) or not np.array_equal(np.sort(order), np.arange(n_rows)):
        _refuse("a neighbour tree whose order of rows is out of bounds")
    expected = (1 if type(tree).__name__ == "BallTree" else 2, n_nodes, data.shape[1])
    if nodes.shape != (n_nodes,) or bounds.shape != expected or n_nodes != 2**n_levels - 1 or leaf_size < 1:
        _refuse(f"a neighbour tree of {len(nodes)} nodes that says {n_nodes}")
    first, last = nodes["idx_start"], nodes["idx_end"]
    if not (_between(first, 0, n_rows + 1) and _between(last, 0, n_rows + 1) and bool((first <= last).all())):
        _refuse("a neighbour tree whose nodes are out of bounds")
    if not _between(2 * np.flatnonzero(nodes["is_leaf"] == 0) + 2, 0, n_nodes):
        _refuse("a neighbour tree whose children are out of bounds")
    if weights is not None and np.shape(weights) != (n_rows,):
        _refuse("a neighbour tree with weights of other rows")
    for values in (data, nodes["radius"]):
        check_finite(np.asarray(values), "a neighbour tree")


def _check_spline(spline):
    knots, coefficients, degree = np.asarray(spline.t), np.asarray(spline.c), spline.k
    good = isinstance(degree, (int, np.integer)) and degree >= 0 and knots.ndim == 1 and coefficients.ndim >= 1
    if not good or len(knots) < 2 * degree + 2 or coefficients.shape[spline.axis] < len(knots) - degree - 1:
        _refuse("a spline whose coefficients are out of bounds")
    check_finite(knots, "a spline")
    if bool((np.diff(knots) < 0).any()):
        _refuse("a spline whose knots are out of order")


def _check_parts(model):
    """Sizes that one part of a model takes from another."""
    state, n_features = vars(model), getattr(model, "n_features_in_", None)
    tree = state.get("tree_")
    if type(tree).__module__ == "sklearn.tree._tree" and tree.n_features != n_features:
        _refuse(f"a tree of {tree.n_features} features in a model of {n_features}")
    _check_ensemble(state, n_features)
    centres = state.get("cluster_centers_")
    if isinstance(centres, np.ndarray) and n_features is not None:
        if centres.ndim != 2 or centres.shape[1] != n_features:
            _refuse(f"centres of shape {centres.shape} in a model of {n_features} features")
        check_finite(centres, "a clustering")
    if "support_vectors_" in state and "_n_support" in state:
        _check_support_vectors(state, n_features)


def _check_ensemble(state, n_features):
    members = state.get("estimators_")
    if not isinstance(members, (list, np.ndarray)) or n_features is None:
        return
    members = [member for member in np.ravel(np.asarray(members, dtype=object)) if hasattr(member, "tree_")]
    chosen = state.get("estimators_features_")
    for place, member in enumerate(members):
        if not isinstance(chosen, list):
            expected = n_features
        else:
            columns = np.asarray(chosen[place])
            whole = state.get("_max_features", len(columns)) == n_features
            if columns.dtype.kind not in "iu" or not _between(columns, 0, n_features):
                _refuse("an ensemble whose features are out of bounds")
            expected = n_features if whole else len(columns)
            if whole and len(columns) != n_features:
                _refuse("an ensemble whose features are others than it says")
        if getattr(member, "n_features_in_", None) != expected:
            _refuse(f"a member of {getattr(member, 'n_features_in_', None)} features in an ensemble of {expected}")


def _check_support_vectors(state, n_features):
    vectors, counts = state["support_vectors_"], np.asarray(state["_n_support"])
    duals = [state.get(name) for name in ("dual_coef_", "_dual_coef_")]
    if not isinstance(vectors, np.ndarray):
        _refuse("support vectors that are no array")
    n_vectors = len(vectors)
    one_class = type(state.get("nu")) is float and len(state.get("_intercept_", ())) == 1 and len(counts) == 2
    good = vectors.ndim == 2 and vectors.shape[1] == n_features and np.shape(state["support_"]) == (n_vectors,)
    good = good and all(np.ndim(dual) == 2 and np.shape(dual)[1] == n_vectors for dual in duals if dual is not None)
    good = good and bool((counts >= 0).all()) and (one_class or int(counts.sum()) == n_vectors)
    if not good or int(counts.max(initial=0)) > n_vectors:
        _refuse("support vectors whose sizes differ")
    for values in (vectors, *duals, state.get("_intercept_")):
        if isinstance(values, np.ndarray):
            check_finite(values, "a support vector machine")

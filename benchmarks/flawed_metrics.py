"""Which measures of fidelity and diversity pass the checks of Raisa et al. (ICML 2025)?

"All current generative fidelity and diversity metrics are flawed" holds measures against fifteen made-up pairs of real
and synthetic vectors whose answer is known. The checks here are written from the paper's description, not from its
code: sizes, dimensions and the bounds of passing are this file's own (below), fixed before anything was measured, so
the counts are not those of the paper. Each check has a row for fidelity and one for diversity.

Every figure is divided by what as many real vectors have against real ones, and cut at one. ``high`` means .8 or more,
``low`` .2 or less, ``falls`` high at one end, low at the other, and nowhere rising by more than .1, ``steady``
differing by .1 at most, ``share`` within .15 of the share that is right. Two settings: "usual" (8 dimensions, 1,000
rows) and "again" (3 and 24 dimensions, 600 rows, another seed).

    python benchmarks/flawed_metrics.py           # measure what is missing, then print the table
    python benchmarks/flawed_metrics.py --table   # print only
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import cells  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

FIDELITY = ("precision", "density", "clipped_density", "p_precision", "held_out_precision")
DIVERSITY = ("recall", "coverage", "clipped_coverage", "p_recall", "held_out_recall")
SETTINGS = {"usual": (8, 1000, 0), "again_3": (3, 600, 5), "again_24": (24, 600, 6)}
_FAR = 0.95  # of held-out rows, beyond which a row counts as outside


def _figures(real, synthetic):
    """All measures of one pair."""
    from toolkit.coverage import (
        clipped_density_coverage,
        precision_recall_density_coverage,
        probabilistic_precision_recall,
    )

    plain = precision_recall_density_coverage(real, synthetic)
    clipped = clipped_density_coverage(real, synthetic)
    soft = probabilistic_precision_recall(real, synthetic)
    return {
        "precision": plain.precision,
        "density": plain.density,
        "clipped_density": clipped.clipped_density,
        "p_precision": soft.p_precision,
        "held_out_precision": _inside(real, synthetic),
        "recall": plain.recall,
        "coverage": plain.coverage,
        "clipped_coverage": clipped.clipped_coverage,
        "p_recall": soft.p_recall,
        "held_out_recall": _inside(synthetic, real),
    }


def _inside(known, asked):
    """Share of rows as near to half of ``known`` as most of its other half is, as the verdict's fidelity has it."""
    from toolkit.coverage._neighbours import nearest

    half = len(known) // 2
    known = known[np.random.default_rng(0).permutation(len(known))]
    limit = np.quantile(nearest(known[half:], known[:half])[0][:, 0], _FAR)
    return float((nearest(asked, known[:half])[0][:, 0] <= limit).mean() / _FAR)


def _modes(rng, d, n, weights, spread=0.05):
    """Rows of normal modes at fixed corners far from each other."""
    centres = np.random.default_rng(99).normal(size=(len(weights), d))
    centres *= 3.0 / np.linalg.norm(centres, axis=1, keepdims=True) * (1 + np.arange(len(weights)))[:, None] ** 0.5
    which = rng.choice(len(weights), n, p=np.array(weights) / np.sum(weights))
    return centres[which] + spread * rng.normal(size=(n, d))


def _sphere(rng, d, n, radius=1.0):
    rows = rng.normal(size=(n, d))
    return radius * rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _cube(rng, d, n, overlap=1.0):
    """The unit cube, moved along the first axis until a share is left in common."""
    rows = rng.random((n, d))
    rows[:, 0] += 1.0 - overlap
    return rows


def _gauss(rng, d, n, mean=0.0, spread=1.0):
    return mean + spread * rng.normal(size=(n, d))


# Each: (rng, d, n) -> pairs along the check, and what fidelity and diversity are to do along them.
def discrete_or_continuous(rng, d, n):
    return [(np.rint(_gauss(rng, d, n, spread=3)), _gauss(rng, d, n, spread=3))], "low", "low"


def mean_difference(rng, d, n):
    return [(_gauss(rng, d, n), _gauss(rng, d, n, mean)) for mean in (0, 0.5, 1, 2, 4)], "falls", "falls"


def mean_difference_and_outlier(rng, d, n):
    pairs = mean_difference(rng, d, n)[0]
    for real, synthetic in pairs:
        real[0], synthetic[0] = 30.0, 30.0
    return pairs, "falls", "falls"


def mean_difference_and_pareto(rng, d, n):
    def tailed(rows):
        return np.column_stack([rows, rng.pareto(2.5, size=(len(rows), 1))])

    pairs = [(tailed(real), tailed(synthetic)) for real, synthetic in mean_difference(rng, d, n)[0]]
    return pairs, "falls", "falls"


def narrower(rng, d, n):
    """Deviations from one down to a twentieth: samples stay good, and lose variety."""
    return [(_gauss(rng, d, n), _gauss(rng, d, n, spread=s)) for s in (1, 0.5, 0.2, 0.05)], "high", "falls"


def wider(rng, d, n):
    """Deviations up to ten: samples get bad."""
    return [(_gauss(rng, d, n), _gauss(rng, d, n, spread=s)) for s in (1, 2, 4, 10)], "falls", "any"


def std_difference(rng, d, n):
    first, second = narrower(rng, d, n), wider(rng, d, n)
    return [*first[0], *second[0]], ("split", 4, "high", "falls"), ("split", 4, "falls", "any")


def cube_varying_size(rng, d, n):
    sizes = (n // 4, n // 2, n)
    return [(_cube(rng, d, size), _cube(rng, d, size, 0.5)) for size in sizes], ("share", 0.5), ("share", 0.5)


def cube_varying_synthetic_size(rng, d, n):
    sizes = (n // 4, n // 2, n)
    return [(_cube(rng, d, n), _cube(rng, d, size, 0.5)) for size in sizes], ("share", 0.5), ("share", 0.5)


def sphere_surface(rng, d, n):
    return [(_sphere(rng, d, n), _sphere(rng, d, n, radius)) for radius in (0.5, 1.6)], "low", "low"


def mode_collapse(rng, d, n):
    """Every mode is drawn, and narrower and narrower."""
    pairs = [(_modes(rng, d, n, [1] * 5, 0.2), _modes(rng, d, n, [1] * 5, s)) for s in (0.2, 0.1, 0.03, 0.005)]
    return pairs, "high", "falls"


def dropping_and_invention(rng, d, n):
    """Of ten modes five are the data's; the samples drop so many of them, and draw as many others."""
    pairs = []
    for lost in range(6):
        real = _modes(rng, d, n, [1] * 5 + [0] * 5)
        synthetic = _modes(rng, d, n, [0] * lost + [1] * 5 + [0] * (5 - lost))
        pairs.append((real, synthetic))
    return pairs, ("shares", [1 - lost / 5 for lost in range(6)]), ("shares", [1 - lost / 5 for lost in range(6)])


def disjoint_dimension(rng, d, n):
    """All dimensions but one are alike; in that one the sets are apart."""
    real, synthetic = _gauss(rng, 4 * d, n), _gauss(rng, 4 * d, n)
    real[:, 0], synthetic[:, 0] = 0.1 * real[:, 0], 20.0 + 0.1 * synthetic[:, 0]
    return [(real, synthetic)], "low", "low"


def scaling_one_dimension(rng, d, n):
    """One dimension counts a thousand times as much in both: what differs in the others still differs."""
    real, synthetic = _gauss(rng, d, n), _gauss(rng, d, n, 6.0)
    synthetic[:, 0] -= 6.0
    pairs = [(real, synthetic)]
    for factor in (10, 1000):
        scale = np.where(np.arange(d) == 0, factor, 1.0)
        pairs.append((real * scale, synthetic * scale))
    return pairs, "low", "low"


def sequential_dropping(rng, d, n):
    counts = (10, 8, 5, 2, 1)
    pairs = [(_modes(rng, d, n, [1] * 10), _modes(rng, d, n, [1] * kept + [0] * (10 - kept))) for kept in counts]
    return pairs, "high", ("shares", [kept / 10 for kept in counts])


def simultaneous_dropping(rng, d, n):
    """Nine of ten modes become rarer together, until they are gone."""
    shares = (1.0, 0.3, 0.03, 0.0)
    pairs = [(_modes(rng, d, n, [1] * 10), _modes(rng, d, n, [1] + [share] * 9)) for share in shares]
    return pairs, "high", "falls"


def sphere_or_torus(rng, d, n):
    """A sphere inside the tube's ring: they do not meet."""
    turn, tube = 2 * np.pi * rng.random((2, n))
    torus = np.column_stack(
        [(1.0 + 0.2 * np.cos(tube)) * np.cos(turn), (1.0 + 0.2 * np.cos(tube)) * np.sin(turn), 0.2 * np.sin(tube)]
    )
    return [(_sphere(rng, 3, n, 0.6), torus)], "low", "low"


CHECKS = (
    discrete_or_continuous,
    mean_difference,
    mean_difference_and_outlier,
    mean_difference_and_pareto,
    std_difference,
    cube_varying_size,
    cube_varying_synthetic_size,
    sphere_surface,
    mode_collapse,
    dropping_and_invention,
    disjoint_dimension,
    scaling_one_dimension,
    sequential_dropping,
    simultaneous_dropping,
    sphere_or_torus,
)


def passes(values, wanted):
    """Whether figures along a check do what they are to do.

    >>> passes([0.9, 0.5, 0.1], "falls"), passes([0.9, 0.5, 0.4], "falls"), passes([0.3, 0.35], ("share", 0.4))
    (True, False, True)
    """
    values = np.asarray(values, dtype=float)
    if wanted == "any":
        return True
    if wanted == "high":
        return bool((values >= 0.8).all())
    if wanted == "low":
        return bool((values <= 0.2).all())
    if wanted == "falls":
        return bool(values[0] >= 0.8 and values[-1] <= 0.2 and (np.diff(values) <= 0.1).all())
    kind, *rest = wanted
    if kind == "share":
        return bool((abs(values - rest[0]) <= 0.15).all() and np.ptp(values) <= 0.1)
    if kind == "shares":
        return bool((abs(values - np.array(rest[0])) <= 0.15).all())
    place, first, second = rest
    return passes(values[:place], first) and passes(values[place:], second)


def measure(check, setting):
    """One cell: figures along the check, relative to real against real, and who passes."""
    d, n, seed = SETTINGS[setting]
    rng = np.random.default_rng(seed)
    pairs, fidelity, diversity = check(rng, d, n)
    again = check(np.random.default_rng(seed + 1000), d, n)[0]  # the same laws, drawn anew: real against real
    found = {name: [] for name in (*FIDELITY, *DIVERSITY)}
    for (real, synthetic), (other, _) in zip(pairs, again):
        figures, usual = _figures(real, synthetic), _figures(real, other[: len(synthetic)])
        for name in found:
            found[name].append(min(1.0, figures[name] / max(usual[name], 1e-12)))
    return {
        "check": check.__name__,
        "setting": setting,
        "figures": {name: [round(value, 4) for value in values] for name, values in found.items()},
        "passed": {name: passes(found[name], fidelity if name in FIDELITY else diversity) for name in found},
    }


CELLS = {
    f"{setting}_{check.__name__}": (lambda check=check, setting=setting: measure(check, setting))
    for setting in SETTINGS
    for check in CHECKS
}


def show(results):
    """Print the table: which measure passes which check, and how many."""
    frame = pd.DataFrame(
        [{**cell["passed"], "check": cell["check"], "setting": cell["setting"]} for cell in results.values()]
    )
    for names, what in ((FIDELITY, "fidelity"), (DIVERSITY, "diversity")):
        print(f"\n{what}: settings passed of {frame['setting'].nunique()}")
        print(frame.groupby("check", sort=False)[list(names)].sum().astype(int).to_string())
        print(f"\n{what}: checks passed of {len(CHECKS)}, by setting")
        print(frame.groupby("setting")[list(names)].sum().astype(int).to_string())


if __name__ == "__main__":
    cells.main("flawed_metrics", CELLS, show, __doc__)

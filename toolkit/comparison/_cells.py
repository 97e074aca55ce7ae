"""Every method on every set with every seed: the jobs of a comparison, and the table of what came out."""

import numpy as np

from toolkit._core.jobs import Failed, run_jobs
from toolkit.comparison._metrics import METRICS

__all__ = ["run_cells"]


def run_cells(function, methods, sets, seeds, *, arguments, measured, known, n_jobs, verbose, desc):
    """Run ``function`` for each method x set x seed; a failure is a row like any other.

    Parameters
    ----------
    function : callable
        Returns figures (a dict with the names of ``measured``) and one value for each sample.
    methods, sets : dict of str to object
    seeds : list of int
    arguments : callable
        ``arguments(method, set)`` gives what ``function`` takes, other than ``seed``.
    measured : sequence of str
        Names of the figures; NaN in a cell that failed.
    known : dict of str to dict
        What the rows of each set say about it, in their last columns.
    n_jobs : int or None
    verbose : bool
    desc : str

    Returns
    -------
    table : DataFrame
        With ``greater_is_better`` in its ``attrs``.
    values : dict of (data, seed) to DataFrame of shape (n_samples, n_methods)
        A failed method has no column.
    """
    import pandas as pd

    cells = [(method, name, seed) for name in sets for seed in seeds for method in methods]
    tasks = [{**arguments(methods[method], sets[name]), "seed": seed} for method, name, seed in cells]
    results = run_jobs(function, tasks, n_jobs=n_jobs, verbose=verbose, desc=desc, on_error="record")
    rows, values = [], {}
    for (method, name, seed), result in zip(cells, results):
        failed = isinstance(result, Failed)
        figures = dict.fromkeys(measured, np.nan) if failed else result[0]
        own = values.setdefault((name, seed), {})
        if not failed:
            own[method] = result[1]
        outcome = {"status": "failed" if failed else "ok", "error": result.error if failed else ""}
        rows.append({"method": method, "data": name, "seed": seed, **figures, **outcome, **known[name]})
    table = pd.DataFrame(rows)
    table.attrs["greater_is_better"] = {metric: METRICS[metric] for metric in measured}
    return table, {key: pd.DataFrame(own) for key, own in values.items()}

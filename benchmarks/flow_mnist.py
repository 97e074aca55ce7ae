"""FlowMatching and GAN at equal time on MNIST: what each draws after so many processor seconds of training.

Protocol: 20,000 training images, one thread, as many steps as take the time (as measured on sixty of them), 2,000
samples against a ModeCoverage of 5,000 of the training images; beside it 2,000 real images that were not trained on.
``draw`` is the processor time of 5,000 samples. Flows train and draw in bfloat16 where ``precision`` says so. After the
longest time the default flow is also drawn in fewer steps than it takes by itself, from wider noise
(``sample(noise_scale=...)``), and distilled to few steps (``FlowMatching.distill``, the time of which comes on top).

    python benchmarks/flow_mnist.py           # measure what is missing, then print the table
    python benchmarks/flow_mnist.py --table   # print only
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import time  # noqa: E402

import cells  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

N_TRAIN, N_JUDGED, N_SAMPLES, N_TIMED, N_DRAWN = 20_000, 5_000, 2_000, 60, 5_000
SETS = ("mnist", "fashion", "emnist")
TIMES = (60, 180, 600)
GAN_TIMES = (*TIMES, 420)
FEW_STEPS, WIDER, DISTILLED_STEPS = (1, 3, 5), (1.06, 1.1), (1, 2)
FIGURES = ("js", "recall", "precision", "coverage", "density", "frechet", "clipped_density", "clipped_coverage")


def _images(name):
    from toolkit.datasets import fetch_emnist, fetch_fashion_mnist, fetch_mnist

    if name == "emnist":
        return fetch_emnist("mnist", subset="train").images
    return (fetch_mnist if name == "mnist" else fetch_fashion_mnist)(subset="train").images


def _model(kind, **options):
    from toolkit.generators import GAN, FlowMatching

    if kind == "gan":
        return GAN(snapshot_epochs=(), **options)
    return FlowMatching(preset=kind.removeprefix("flow_"), precision="bfloat16", **options)


def _judged(coverage, rows):
    record = coverage.evaluate(rows)
    figures = {figure: record.figures[figure] for figure in FIGURES}
    return figures | {"outcome": record.outcome, "passed": {part.name: bool(part.passed) for part in record.parts}}


def _drawn(coverage, model, **options):
    """Processor seconds of 5,000 samples, and figures."""
    start = time.process_time()
    drawn = model.sample(N_SAMPLES, random_state=1, **options)
    seconds = (time.process_time() - start) * N_DRAWN / N_SAMPLES
    return round(seconds, 1), _judged(coverage, drawn)


def measure(kind, seconds, seed, name="mnist"):
    """One cell."""
    from toolkit.coverage import ModeCoverage

    images = _images(name)
    order = np.random.default_rng(seed).permutation(len(images))
    train, held = images[order[:N_TRAIN]], images[order[N_TRAIN : N_TRAIN + N_SAMPLES]]
    times = []
    _model(kind, max_steps=10, random_state=seed).fit(train)  # what happens once, imports above all, is not timed
    for n_steps in (10, 10 + N_TIMED):
        start = time.process_time()
        model = _model(kind, max_steps=n_steps, random_state=seed).fit(train)
        times.append(time.process_time() - start)
    n_steps = max(N_TIMED, round((seconds - times[0]) * N_TIMED / (times[1] - times[0])) + 10)
    start = time.process_time()
    model = _model(kind, max_steps=n_steps, random_state=seed).fit(train)
    fitted = time.process_time() - start
    coverage = ModeCoverage(random_state=seed).fit(train[:N_JUDGED])
    found = {"model": kind, "set": name, "seconds": seconds, "seed": seed, "steps": n_steps}
    found |= {"fit_cpu_seconds": round(fitted, 1), "real": _judged(coverage, held)}
    found["draw_cpu_seconds"], found["samples"] = _drawn(coverage, model)
    if kind == "flow_modern" and seconds == max(TIMES):
        ways = {f"{n}": (lambda n=n: (model, {"n_steps": n})) for n in FEW_STEPS}
        ways |= {f"noise {scale}": (lambda scale=scale: (model, {"noise_scale": scale})) for scale in WIDER}
        ways |= {f"{n} distilled": (lambda n=n: (model.distill(n, random_state=seed), {})) for n in DISTILLED_STEPS}
        found["few"] = {}
        for way, make in ways.items():
            start = time.process_time()
            drawing_model, options = make()
            made = round(time.process_time() - start, 1)
            seconds_drawn, figures = _drawn(coverage, drawing_model, **options)
            found["few"][way] = {"made": made, "draw_cpu_seconds": seconds_drawn, **figures}
    if os.environ.get("KEEP_MODELS"):
        import toolkit

        toolkit.save(model, os.path.join(os.environ["KEEP_MODELS"], f"{kind}_{name}_{seconds}_{seed}"))
    return found


CELLS = {
    f"{name}_{kind}_{seconds}s_seed{seed}": (
        lambda kind=kind, seconds=seconds, seed=seed, name=name: measure(kind, seconds, seed, name)
    )
    for seed in (0, 1, 2)
    for name in SETS
    for kind in ("flow_modern", "gan", "flow_rectified", "flow_ot", "flow_ddpm")
    for seconds in (GAN_TIMES if kind == "gan" else TIMES)
}


def show(results):
    """Print the table."""
    rows = []
    for cell in sorted(results.values(), key=lambda cell: (cell["set"], cell["seconds"], cell["model"], cell["seed"])):
        ways = {"": cell["samples"] | {"draw_cpu_seconds": cell["draw_cpu_seconds"], "made": 0.0}}
        for way, samples in (ways | cell.get("few", {})).items():
            rows.append(
                {
                    **{key: cell[key] for key in ("set", "model", "seconds", "seed", "steps")},
                    "drawn in steps": way,
                    "fit cpu s": cell["fit_cpu_seconds"] + samples["made"],
                    "draw 5000": samples["draw_cpu_seconds"],
                    **{
                        figure: f"{samples[figure]:.4f} ({cell['real'][figure]:.4f})"
                        for figure in ("js", "recall", "precision", "coverage", "frechet")
                    },
                    "outcome": samples["outcome"],
                }
            )
    print(pd.DataFrame(rows).to_string(index=False))
    print("\nin brackets: as many real images")


if __name__ == "__main__":
    cells.main("flow_mnist", CELLS, show, __doc__)

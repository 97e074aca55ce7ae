"""Kill -9 while training and while saving: what is resumed equals what was never interrupted, and no file is corrupt.

Ten trainings (autoencoders, VAEs, GANs with all their cures of collapse) write a checkpoint every few steps. Each is
killed three times at random moments by SIGKILL, as a process of its own, and resumed; then all weights, samples and
losses are compared, bit by bit, with a fit that ran through. And 40 processes that do nothing but save are killed in
the middle of it.

    python benchmarks/kill_resume.py            # run the cells that are missing, then print the table
    python benchmarks/kill_resume.py --table    # print only
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import hashlib  # noqa: E402
import signal  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from functools import partial  # noqa: E402
from pathlib import Path  # noqa: E402

import cells  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

N_KILLS, N_SAVES, EVERY = 3, 40, 7
ROWS = 800

JOBS = {
    "autoencoder": ("Autoencoder", {"epochs": 40}),
    "autoencoder_denoising": ("Autoencoder", {"epochs": 40, "noise": 0.3, "validation_fraction": 0.2}),
    "autoencoder_convolutional": ("Autoencoder", {"architecture": "convolutional", "epochs": 4}),
    "vae": ("VariationalAutoencoder", {"epochs": 30}),
    "vae_bce": ("VariationalAutoencoder", {"epochs": 30, "loss": "bce", "latent_dim": 8}),
    "gan": ("GAN", {"epochs": 12}),
    "gan_bf16": ("GAN", {"epochs": 12, "precision": "bfloat16"}),
    "gan_cured": (
        "GAN",
        {
            "objective": "relativistic",
            "gradient_penalty": "r1",
            "generator_norm": "batch",
            "weight_averaging": 0.99,
            "packing": 2,
            "dropout": 0.2,
            "epochs": 6,
        },
    ),
    "gan_spectral": (
        "GAN",
        {"objective": "hinge", "spectral_norm": True, "minibatch_std": True, "instance_noise": 0.1, "epochs": 8},
    ),
    "dcgan": (
        "GAN",
        {"architecture": "dcgan", "generator_widths": (16, 8), "discriminator_widths": (8, 16), "epochs": 6},
    ),
}


def fit(name, folder=None):
    """Fit the estimator of a job; with checkpoints and from the latest of them if there is a folder."""
    from toolkit import generators
    from toolkit.datasets import load_glyphs
    from toolkit.nn import Checkpoint

    kind, parameters = JOBS[name]
    images = load_glyphs(n_samples=ROWS, random_state=0).images
    estimator = getattr(generators, kind)(**parameters, random_state=list(JOBS).index(name))
    if folder is None:
        return estimator.fit(images)
    return estimator.fit(images, checkpoint=Checkpoint(folder, every=EVERY, unit="steps"), resume=True)


def digest(estimator):
    """One number for all weights, samples and losses."""
    hashed = hashlib.sha256()
    for name in ("encoder_", "decoder_", "generator_", "discriminator_"):
        if hasattr(estimator, name):
            for tensor in getattr(estimator, name).state_dict().values():
                hashed.update(tensor.numpy().tobytes())
    hashed.update(np.ascontiguousarray(estimator.sample(16, random_state=0)).tobytes())
    for entry in estimator.history_:
        hashed.update(repr([(key, value) for key, value in entry.items() if key != "seconds"]).encode())
    return hashed.hexdigest()


def start(function):
    """Call ``function`` in a process of its own; returns its number and a file from which its answer can be read."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            os.write(writing, function().encode())
        finally:
            os._exit(0)
    os.close(writing)
    return child, os.fdopen(reading)


def answer(function):
    """What ``function`` answers in a process of its own, and the seconds that it took."""
    begin = time.perf_counter()
    child, file = start(function)
    with file:
        text = file.read()
    os.waitpid(child, 0)
    return text, time.perf_counter() - begin


def killed_and_resumed(name):
    """One job: kill it three times, resume it, compare with the fit that ran through."""
    import torch  # noqa: F401  (before the forks, so that no child has to)

    generator = np.random.default_rng(list(JOBS).index(name))
    expected, _ = answer(lambda: digest(fit(name)))
    with tempfile.TemporaryDirectory() as folder:
        _, whole = answer(lambda: digest(fit(name, folder)))
    for share in (0.25, 0.12, 0.06, 0.03):
        found = _killed_three_times(name, share * whole, generator)
        if found is not None:
            return found | {"equal": found.pop("digest") == expected != ""}
    raise RuntimeError(f"{name} is always done before it can be killed: let it train longer.")


def _killed_three_times(name, seconds, generator):
    """Kill a job within so many seconds after its next checkpoint, three times; None if it was done before."""
    from toolkit import nn
    from toolkit._core import store
    from toolkit.exceptions import CheckpointError

    corrupt, steps = 0, []
    with tempfile.TemporaryDirectory() as folder:
        while len(steps) < N_KILLS:
            before = nn.Checkpoint(folder).latest()
            child, file = start(lambda: digest(fit(name, folder)))
            while nn.Checkpoint(folder).latest() == before and os.waitpid(child, os.WNOHANG) == (0, 0):
                time.sleep(0.002)
            if nn.Checkpoint(folder).latest() == before:
                return None
            time.sleep(generator.random() * seconds)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            with file:
                if file.read():
                    return None
            for path in nn.Checkpoint(folder).all():
                try:
                    store.read_store(path, "checkpoint")
                except CheckpointError:
                    corrupt += 1
            steps.append(int(nn.Checkpoint(folder).latest().name[5:]))
        text, _ = answer(lambda: digest(fit(name, folder)))
    return {"digest": text, "kills": len(steps), "killed_after_step": steps, "corrupt": corrupt}


def killed_while_saving():
    """Processes that save without a pause, killed at a random moment; then everything that is there is read."""
    import toolkit
    from toolkit._core import store
    from toolkit.exceptions import CheckpointError

    estimator = fit("gan_cured")
    generator = np.random.default_rng(0)
    corrupt, lost, whole, leftovers = 0, 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "saved"
        toolkit.save(estimator, path)
        for _ in range(N_SAVES):
            child = os.fork()
            if child == 0:
                try:
                    while True:
                        toolkit.save(estimator, path)
                finally:
                    os._exit(1)
            time.sleep(0.02 + 0.4 * generator.random())
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            leftovers += len(os.listdir(folder)) > 1
            if not path.exists():
                lost += 1
                continue
            try:
                store.read_store(path, "estimator")
                whole += 1
            except CheckpointError:
                corrupt += 1
        toolkit.load(path)
        toolkit.save(estimator, path)
        swept = len(os.listdir(folder)) == 1
    return {
        "kills": N_SAVES,
        "whole": whole,
        "corrupt": corrupt,
        "lost": lost,
        "killed_in_the_middle_of_writing": leftovers,
        "leftovers_swept": swept,
    }


def show(results):
    """The table."""
    jobs = {name: cell for name, cell in results.items() if name != "while_saving"}
    columns = ["equal", "killed_after_step", "corrupt", "cell_cpu_seconds"]
    print(pd.DataFrame(jobs).T[columns].to_string() if jobs else "no jobs yet")
    print(f"equal: {sum(cell['equal'] for cell in jobs.values())} of {len(jobs)}")
    if "while_saving" in results:
        cell = results["while_saving"]
        print({name: cell[name] for name in ("kills", "whole", "corrupt", "lost", "killed_in_the_middle_of_writing")})


if __name__ == "__main__":
    table = {name: partial(killed_and_resumed, name) for name in JOBS} | {"while_saving": killed_while_saving}
    cells.main("kill_resume", table, show, __doc__)

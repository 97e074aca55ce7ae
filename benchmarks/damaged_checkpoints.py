"""Damaged and hostile files: 3,000 mutated checkpoints and saved estimators, and a pickle wherever a file is read.

Mutations of the files as they lie there (flipped bits, cuts, insertions, exchanged, missing, additional and linked
files) must all be refused by the toolkit's own error, and nothing but that. A second table forges: the mutated file
comes with a manifest that agrees with it, as an attacker would write it. Such a file may be an honest one with other
numbers; it must be refused or read, and never raise another error, draw memory by its word, or execute anything.

    python benchmarks/damaged_checkpoints.py            # run the cells that are missing, then print the table
    python benchmarks/damaged_checkpoints.py --table    # print only
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import collections  # noqa: E402
import functools  # noqa: E402
import pickle  # noqa: E402
import resource  # noqa: E402
import shutil  # noqa: E402
import tempfile  # noqa: E402
import warnings  # noqa: E402
from functools import partial  # noqa: E402
from pathlib import Path  # noqa: E402

import cells  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

N_MUTATIONS, N_FORGED = 500, 200
_MEMORY_LIMIT = 6 * 2**30  # of address space: a file that asks for more shows itself as a MemoryError


class Bomb:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace):
        self.trace = str(trace)

    def __reduce__(self):
        return os.mkdir, (self.trace,)


def _gan():
    from toolkit.generators import GAN

    return GAN(
        preset="plain",
        latent_dim=4,
        generator_widths=(16,),
        discriminator_widths=(16,),
        max_steps=6,
        batch_size=16,
        random_state=0,
    )


@functools.cache
def _rows():
    from toolkit.datasets import load_digits

    return load_digits().images[:80]


def _write_checkpoint(folder):
    from toolkit.nn import Checkpoint

    checkpoint = Checkpoint(folder / "run", every=4, unit="steps", keep=1)
    _gan().fit(_rows(), checkpoint=checkpoint)
    return checkpoint.latest()


def _write(estimator):
    def write(folder):
        import toolkit

        toolkit.save(estimator().fit(_rows()), folder / "saved")
        return folder / "saved"

    return write


def _resume(path):
    _gan().fit(_rows(), resume=path)


def _load(path):
    import toolkit

    toolkit.load(path)


def _detector():
    from toolkit.detectors import OutlierDetector

    return OutlierDetector("iforest", params={"n_estimators": 5}, random_state=0)


def _deep_detector():
    from toolkit.detectors import OutlierDetector

    return OutlierDetector("autoencoder", params={"epoch_num": 1}, random_state=0)


def _autoencoder():
    from toolkit.generators import Autoencoder

    return Autoencoder(hidden_sizes=(16,), epochs=1, n_components=2, random_state=0)


def _pipeline():
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline

    from toolkit.detectors import OutlierDetector
    from toolkit.diagnostics import CorruptionDiagnostics

    return make_pipeline(CorruptionDiagnostics(), PCA(3), OutlierDetector("lof"))


def _identifier():
    from toolkit.diagnostics import CorruptionIdentifier

    return CorruptionIdentifier(["invert"], epochs=1, random_state=0)


SUBJECTS = {
    "checkpoint_of_a_gan": (_write_checkpoint, _resume, "checkpoint"),
    "autoencoder": (_write(_autoencoder), _load, "estimator"),
    "identifier": (_write(_identifier), _load, "estimator"),
    "isolation_forest": (_write(_detector), _load, "estimator"),
    "pipeline": (_write(_pipeline), _load, "estimator"),
    "pyod_autoencoder": (_write(_deep_detector), _load, "estimator"),
}


def _mutated(content, generator, bomb):
    """One mutation of bytes."""
    place, size = int(generator.integers(len(content))), int(generator.integers(1, 64))
    kind = generator.integers(7)
    if kind == 0:
        return content[:place] + bytes([content[place] ^ (1 << int(generator.integers(8)))]) + content[place + 1 :]
    if kind == 1:
        return content[:place]
    if kind == 2:
        return content[:place] + generator.bytes(size) + content[place:]
    if kind == 3:
        return content[:place] + content[place + size :]
    if kind == 4:
        return content[:place] + bytes(size) + content[place + size :]
    if kind == 5:
        return content[:place] + generator.bytes(size) + content[place + size :]
    return bomb


def _mutate_folder(path, generator, bomb):
    """Mutate the folder in one way; says in which."""
    files = sorted(path.iterdir())
    file = files[generator.integers(len(files))]
    kind = generator.integers(10)
    if kind == 0:
        file.unlink()
        return "missing"
    if kind == 1:
        (path / f"extra-{generator.integers(100)}.json").write_bytes(bomb)
        return "additional"
    if kind == 2:
        moved = path.parent / "moved"
        shutil.move(file, moved)
        file.symlink_to(moved)
        return "linked"
    if kind == 3:
        other = files[(files.index(file) + 1) % len(files)]
        a, b = file.read_bytes(), other.read_bytes()
        file.write_bytes(b)
        other.write_bytes(a)
        return "exchanged"
    before = file.read_bytes()
    after = _mutated(before, generator, bomb)
    file.write_bytes(after if after != before else before + b"0")
    return "bytes"


def _forge(path, kind, generator, bomb):
    """Mutate the bytes of one file, and write a manifest that agrees."""
    from toolkit._core import store

    about, files = store.read_store(path, kind)
    name = sorted(files)[generator.integers(len(files))]
    files[name] = _mutated(files[name], generator, bomb)
    store.write_store(path, kind, files, about)


def _outcome(read, path):
    from toolkit.exceptions import CheckpointError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read(path)
    except CheckpointError:
        return "refused"
    except Exception as error:  # what is to be counted
        return f"{type(error).__name__}: {error}"[:200]
    return "read"


def damage(name, n_mutations, forged):
    """One subject, mutated ``n_mutations`` times."""
    write, read, kind = SUBJECTS[name]
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_LIMIT, resource.getrlimit(resource.RLIMIT_AS)[1]))
    generator, outcomes = np.random.default_rng(list(SUBJECTS).index(name)), collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        trace = folder / "executed"
        bomb = pickle.dumps(Bomb(trace))
        original = write(folder)
        if _outcome(read, original) != "read":
            raise RuntimeError(f"{name} cannot be read even when it is whole.")
        for index in range(n_mutations):
            path = folder / f"try-{index}" / original.name
            shutil.copytree(original, path)
            if forged:
                _forge(path, kind, generator, bomb)
            else:
                _mutate_folder(path, generator, bomb)
            outcomes[_outcome(read, path)] += 1
            shutil.rmtree(path.parent)
        executed = trace.exists()
    others = {text: count for text, count in outcomes.items() if text not in ("refused", "read")}
    return {
        "mutations": n_mutations,
        "refused": outcomes["refused"],
        "read": outcomes["read"],
        "other_errors": sum(others.values()),
        "other": others,
        "executed": executed,
    }


def hostile_pickles():
    """A pickle in the place of every file that the toolkit reads, with a manifest that agrees where there is one."""
    from toolkit._core import store
    from toolkit.datasets import load_images
    from toolkit.exceptions import ToolkitError

    places, refused, others = 0, 0, []

    def count(read, path):
        nonlocal places, refused
        places += 1
        try:
            read(path)
            others.append(f"{path.name}: read")
        except ToolkitError:
            refused += 1
        except Exception as error:  # what is to be counted
            others.append(f"{path.name}: {type(error).__name__}: {error}"[:200])

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        trace = folder / "executed"
        bomb = pickle.dumps(Bomb(trace))
        for name, (write, read, kind) in SUBJECTS.items():
            path = write(folder / name)
            about, files = store.read_store(path, kind)
            for victim in files:
                store.write_store(path, kind, {**files, victim: bomb}, about)
                count(read, path)
                store.write_store(path, kind, files, about)
            for victim in (*files, store.MANIFEST):
                whole = (path / victim).read_bytes()
                (path / victim).write_bytes(bomb)
                count(read, path)
                (path / victim).write_bytes(whole)
        objects = np.array([Bomb(trace)], dtype=object)
        for suffix in ("npy", "npz"):
            path = folder / f"images.{suffix}"
            path.write_bytes(bomb)
            count(load_images, path)
        np.save(folder / "objects.npy", objects, allow_pickle=True)
        count(load_images, folder / "objects.npy")
        np.savez(folder / "objects.npz", images=objects)
        count(load_images, folder / "objects.npz")
        executed = trace.exists()
    return {"places": places, "refused": refused, "other": others, "executed": executed}


def show(results):
    """The tables."""
    columns = ["mutations", "refused", "read", "other_errors", "executed"]
    for title, prefix in (("as they lie there", "damaged_"), ("with a manifest that agrees", "forged_")):
        rows = {name.removeprefix(prefix): cell for name, cell in results.items() if name.startswith(prefix)}
        if rows:
            frame = pd.DataFrame(rows).T[columns]
            frame.loc["all"] = [*frame[columns[:-1]].sum(), any(frame["executed"])]
            print(f"{title}\n{frame.to_string()}\n")
    if "hostile_pickles" in results:
        print(
            "hostile pickles:", {name: results["hostile_pickles"][name] for name in ("places", "refused", "executed")}
        )


if __name__ == "__main__":
    table = {f"damaged_{name}": partial(damage, name, N_MUTATIONS, False) for name in SUBJECTS}
    table |= {f"forged_{name}": partial(damage, name, N_FORGED, True) for name in SUBJECTS}
    cells.main("damaged_checkpoints", table | {"hostile_pickles": hostile_pickles}, show, __doc__)

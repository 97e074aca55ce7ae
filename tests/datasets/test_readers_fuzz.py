"""Damaged idx files, pictures, folders, archives and saved models: each is read or refused in the one way.

As in ``test_image_files_fuzz.py``, they are made and read in a process of its own with little memory to spare, so that
neither a crash of native code nor an allocation on the word of a file can pass. A model's manifest is written anew for
the damaged files, as whoever forges one would: its digests find damage and are no defence against that.
"""

import contextlib
import importlib.util
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import toolkit

N_FILES = {"idx": 1500, "pictures": 150, "archives": 100, "models": 80}
ROOM = 768 * 2**20
_SPEC = importlib.util.spec_from_file_location("mutators", Path(__file__).with_name("test_image_files_fuzz.py"))
mutators = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(mutators)


def idx_seeds():
    import gzip

    header = bytes([0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 6, 0, 0, 0, 5])
    images = header + bytes(range(120))
    return [images, gzip.compress(images, mtime=0), bytes([0, 0, 0x0D, 1, 0, 0, 0, 2]) + bytes(8)]


def picture_seeds():
    """A small picture in every format, of 8 and 16 bits, with frames, opacity and notes of a camera."""
    from PIL import Image

    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (12, 10, 3)).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    colour, grey = Image.fromarray(pixels), Image.fromarray(rng.integers(0, 4096, (12, 10)).astype(np.uint16))
    seeds = []
    for image, format, options in (
        (colour, "PNG", {}),
        (colour.convert("RGBA"), "PNG", {"exif": exif}),
        (colour.convert("P"), "GIF", {"save_all": True, "append_images": [colour.convert("P").rotate(90)]}),
        (colour, "JPEG", {"exif": exif}),
        (colour.convert("CMYK"), "JPEG", {}),
        (colour, "WEBP", {"lossless": True}),
        (colour, "BMP", {}),
        (colour, "PPM", {}),
        (colour, "TIFF", {"compression": "tiff_lzw", "exif": exif}),
        (grey, "TIFF", {"save_all": True, "append_images": [grey]}),
        (grey, "PNG", {}),
        (Image.fromarray(rng.random((12, 10)).astype(np.float32)), "TIFF", {}),
    ):
        stream = io.BytesIO()
        image.save(stream, format, **options)
        seeds.append(stream.getvalue())
    return seeds


def archive_seeds():
    seeds = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", method) as archive:
            for number, content in enumerate(picture_seeds()[:4]):
                archive.writestr(f"deep/{number}.png", content)
        seeds.append(stream.getvalue())
    return seeds


def model_seeds():
    """Files of saved models: a forest, neighbour trees, support vectors, a network, one of ours that holds several."""
    from sklearn.neighbors import LocalOutlierFactor
    from sklearn.svm import OneClassSVM

    from toolkit._core.store import read_store
    from toolkit.detectors import OutlierDetector
    from toolkit.generators import Autoencoder

    rows = np.random.default_rng(0).normal(size=(40, 9))
    models = [
        OutlierDetector("iforest", params={"n_estimators": 2}, random_state=0).fit(rows),
        LocalOutlierFactor(n_neighbors=5, novelty=True, algorithm="kd_tree", leaf_size=5).fit(rows),
        OneClassSVM().fit(rows),
        Autoencoder(hidden_sizes=(8,), latent_dim=2, epochs=1, random_state=0).fit(rows),
    ]
    seeds = []
    for model in models:
        with tempfile.TemporaryDirectory() as folder:
            toolkit.save(model, Path(folder, "model"))
            seeds.append(read_store(Path(folder, "model"), "estimator"))
    return rows, seeds


def damaged_archive(content, generator):
    """A zip with damage within one of its members, so that its checksums are right again."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        names = old.namelist()
        chosen = names[generator.integers(len(names))]
        for name in names:
            part = old.read(name)
            new.writestr(name, mutators.mutate(part, generator) if name == chosen else part)
    return stream.getvalue()


def read_all(what, folder):
    """Read the damaged files of one sort; returns what was read, what refused, and what escaped."""
    from toolkit.datasets import load_image_folder
    from toolkit.datasets._idx import parse_idx, unpacked
    from toolkit.exceptions import CheckpointError, DataFormatError

    generator = np.random.default_rng(2)
    counts, escaped = {"read": 0, "refused": 0}, []

    def attempt(function, refusals):
        try:
            function()
            counts["read"] += 1
        except refusals:
            counts["refused"] += 1
        except BaseException as error:  # whatever else comes is what this looks for
            escaped.append(f"{type(error).__name__}: {str(error)[:200]}")

    if what == "idx":
        seeds = idx_seeds()

        def parse(content):
            parse_idx(unpacked(content, "a", max_bytes=2**20), "a")

        for number in range(N_FILES[what]):
            content = mutators.mutate(seeds[number % len(seeds)], generator)
            attempt(partial(parse, content), DataFormatError)
    elif what in ("pictures", "archives"):
        seeds = picture_seeds() if what == "pictures" else archive_seeds()
        for number in range(N_FILES[what]):
            content = mutators.mutate(seeds[number % len(seeds)], generator)
            path = Path(folder, "mutated.zip")
            if what == "archives":
                path.write_bytes(content)
            else:
                path = Path(folder, "pictures")
                path.mkdir(exist_ok=True)
                (path / "a.png").write_bytes(content)
            read = partial(load_image_folder, path, cache=False, max_pixels=2**20, max_bytes=2**22)
            attempt(read, DataFormatError)
    else:
        from toolkit._core.store import write_store

        rows, seeds = model_seeds()
        for number in range(N_FILES[what]):
            about, files = seeds[number % len(seeds)]
            name = sorted(files)[generator.integers(len(files))]
            inside = name.endswith(".skops") and generator.random() < 0.8
            damaged = damaged_archive(files[name], generator) if inside else mutators.mutate(files[name], generator)
            path = Path(folder, "model")
            write_store(path, "estimator", {**files, name: damaged}, about)

            def use(path=path):
                model = toolkit.load(path)
                with contextlib.suppress(Exception):  # what is loaded may be wrong; it may not end the process
                    model.score_samples(rows) if hasattr(model, "score_samples") else model.transform(rows)

            attempt(use, CheckpointError)
    return counts | {"escaped": escaped[:20], "n_escaped": len(escaped)}


def main(what, folder):
    import logging
    import resource
    import warnings

    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    n_files, N_FILES[what] = N_FILES[what], 12
    read_all(what, folder)  # imports, before memory is capped
    N_FILES[what] = n_files
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[0])
    cap = pages * resource.getpagesize() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (cap, cap))
    print(json.dumps(read_all(what, folder)))


@pytest.mark.skipif(sys.platform != "linux", reason="memory is capped as Linux does it")
@pytest.mark.parametrize("what", N_FILES)
def test_damaged_files_are_read_or_refused(what, tmp_path):
    root = str(Path(toolkit.__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": root, "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
    command = [sys.executable, __file__, what, str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600, check=False)
    assert ended.returncode == 0, (ended.returncode, ended.stderr[-2000:])
    found = json.loads(ended.stdout.splitlines()[-1])
    assert not found["n_escaped"], found["escaped"]
    assert found["read"] + found["refused"] == N_FILES[what]
    assert found["read"] > 0
    assert found["refused"] > N_FILES[what] // 20


if __name__ == "__main__":
    main(*sys.argv[1:])

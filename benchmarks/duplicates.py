"""Duplicates: copies planted by other hands (``copied_pictures.py``: Pillow and NumPy) among pictures of many kinds.

A fifth of each set are copies: turned or mirrored (half of them) or not, with one to three mild changes: JPEG quality
of 50 to 95, half to twice the size, 5 % of the sides cut away, a quarter brighter or darker, noise of up to 10 grey
levels.

- ``tune_<set>_seed<k>``: what the method was shaped on (cats of even number, ``bsds500``, ``coco128``; MNIST; glyphs).
- ``report_<set>_seed<k>``: what nothing was chosen on. ``mixed`` is the bar: 2,000 pictures, 800 of them cats of odd
  number, ``imagenet_sample``, ``caltech101``, and crops of scikit-image's photographs. ``scans``, ``microscopy`` and
  ``digits`` (EMNIST) are sets whose different pictures are alike by nature.
- ``cleanvision_<set>_seed<k>``: the same pictures, as PNG files, given to CleanVision 0.3.7 by the interpreter named in
  ``TOOLKIT_CLEANVISION``.

``precision`` counts every pair that was not planted as wrong, ``precision_natural`` those that are not in ``NATURAL``
either: pairs of the published sets that were looked at, one by one, and are one picture (or one moment) twice.

    TOOLKIT_DATA=folder python benchmarks/duplicates.py   # measure what is missing, then print the table
    python benchmarks/duplicates.py --table               # print only
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import json  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from functools import partial  # noqa: E402
from pathlib import Path  # noqa: E402

import cells  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from copied_pictures import copy_of  # noqa: E402

TABLE, SEEDS, COPIES = "duplicates", (0, 1, 2), 0.2
SIZES = {"mixed": 2000, "digits": 2000, "mnist": 2000, "glyphs": 2000}
CROP = 96
CROPPED = (
    "astronaut",
    "brick",
    "camera",
    "chelsea",
    "coffee",
    "coins",
    "grass",
    "gravel",
    "moon",
    "page",
    "rocket",
    "text",
)

# Pairs of the published sets that are the same picture, by name; each was looked at.
NATURAL = json.loads((Path(__file__).parent / "natural_duplicates.json").read_text())

CLEANVISION = """
import json, resource, sys, time
import pandas as pd
from cleanvision import Imagelab
start = time.perf_counter()
lab = Imagelab(data_path=sys.argv[1], verbose=False)
lab.find_issues({"exact_duplicates": {}, "near_duplicates": {}}, n_jobs=1, verbose=False)
usage = resource.getrusage(resource.RUSAGE_SELF)
sets = lab.info["exact_duplicates"]["sets"] + lab.info["near_duplicates"]["sets"]
print(json.dumps({"sets": sets, "seconds": time.perf_counter() - start, "cpu": usage.ru_utime + usage.ru_stime}))
"""


def folder(name):
    """Where the published pictures are."""
    root = os.environ.get("TOOLKIT_DATA")
    if not root or not (Path(root) / name).is_dir():
        raise SystemExit(f"TOOLKIT_DATA must name a folder with the pictures of {name!r}.")
    return Path(root) / name


def read(path):
    """A picture as grey or colour of 8 bits, as it is seen."""
    from PIL import Image

    with Image.open(path) as picture:
        if picture.mode in ("RGBA", "LA", "P"):
            layer = picture.convert("RGBA")
            picture = Image.new("RGBA", layer.size, "white")
            picture.alpha_composite(layer)
        return np.asarray(picture.convert("L" if picture.mode in ("1", "L", "I;16") else "RGB"))


def files(name, *parts):
    """The pictures of some folders of a set."""
    found = []
    for part in parts:
        found += [path for path in sorted((folder(name) / part).rglob("*")) if path.is_file()]
    return [(f"{name}/{path.relative_to(folder(name))}", path) for path in found if path.suffix != ".txt"]


def crops():
    """Crops of scikit-image's photographs that do not overlap."""
    import skimage.data

    found = []
    for name in CROPPED:
        photo = getattr(skimage.data, name)()
        for top in range(0, photo.shape[0] - CROP + 1, CROP):
            for left in range(0, photo.shape[1] - CROP + 1, CROP):
                found.append((f"{name}/{top}_{left}", photo[top : top + CROP, left : left + CROP]))
    return found


def pictures(role, name, rng):
    """Names and pictures of a set."""
    if name == "mixed":
        cats = files("cats", "")
        half = cats[1::2] if role == "report" else cats[::2]
        parts = ("imagenet_sample", "caltech101") if role == "report" else ("bsds500", "coco128")
        named = files("photos", *parts)
        cut = crops() if role == "report" else []
        n_cats = round(SIZES[name] * (1 - COPIES)) - len(named) - len(cut)
        chosen = [half[row] for row in rng.choice(len(half), n_cats, replace=False)]
        return [(label, read(path)) for label, path in chosen + named] + cut
    if name in ("scans", "microscopy"):
        return [(label, read(path)) for label, path in files(name, "")]
    from toolkit.datasets import fetch_emnist, fetch_mnist, load_glyphs

    if name == "glyphs":
        stack = load_glyphs(4000, random_state=11).images
    else:
        stack = (fetch_emnist("mnist", subset="test") if name == "digits" else fetch_mnist("train")).images
    rows = rng.choice(len(stack), round(SIZES[name] * (1 - COPIES)), replace=False)
    return [(f"{name}/{row}", np.asarray(stack[row])) for row in rows]


def planted(role, name, seed):
    """Pictures with copies among them: names, images, row of the source of each, symmetry, changes."""
    rng = np.random.default_rng(1000 * seed + (7 if role == "report" else 3))
    named = pictures(role, name, rng)
    rows = np.arange(len(named))
    n_copies = round(len(named) * COPIES / (1 - COPIES))
    table = [(label, image, row, "", ()) for row, (label, image) in enumerate(named)]
    for row in rng.choice(rows, n_copies, replace=False):
        image, symmetry, changes = copy_of(np.ascontiguousarray(named[row][1]), rng)
        table.append((f"copy of {named[row][0]}", image, int(row), symmetry, changes))
    # Copies stand anywhere.
    order = rng.permutation(len(table))
    place = np.argsort(order)
    return [(*table[at][:2], int(place[table[at][2]]), *table[at][3:]) for at in order]


def judge(table, pairs, groups):
    """Recall and precision of pairs of rows, and of groups (for recall: planted copies beside their source)."""
    source = np.array([row[2] for row in table])
    labels = [row[0].removeprefix("copy of ") for row in table]
    copies = [row for row in range(len(table)) if table[row][3]]
    found = {row: groups.get(row) is not None and groups.get(row) == groups.get(int(source[row])) for row in copies}

    def share(wanted):
        rows = [row for row in copies if wanted(table[row])]
        return round(float(np.mean([found[row] for row in rows])), 4) if rows else None

    true = [source[a] == source[b] for a, b in pairs]
    wrong = sorted({tuple(sorted((labels[a], labels[b]))) for (a, b), good in zip(pairs, true) if not good})
    figures = {
        "n_images": len(table),
        "n_copies": len(copies),
        "n_pairs": len(pairs),
        "recall": share(lambda row: True),
        "recall_upright": share(lambda row: row[3] == "identity"),
        "recall_turned": share(lambda row: row[3] != "identity"),
        "precision": round(float(np.mean(true)), 4) if pairs else None,
        "not_planted": wrong[:200],
        "missed": [f"{table[row][0]}: {table[row][3]} {'+'.join(table[row][4])}" for row in copies if not found[row]][
            :40
        ],
    }
    for change in ("recompressed", "resized", "cropped", "brightness", "noise"):
        figures[f"recall_{change}"] = share(lambda row, change=change: change in row[4])
    return figures


def measure(role, name, seed):
    """Ours on one set."""
    from toolkit.audit import find_duplicates

    table = planted(role, name, seed)
    start, cpu = time.perf_counter(), time.process_time()
    found = find_duplicates([row[1] for row in table])
    seconds = {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - cpu}
    groups = {row: int(group) for row, group in enumerate(found.groups) if group >= 0}
    figures = judge(table, list(zip(found.pairs["row_a"].tolist(), found.pairs["row_b"].tolist())), groups)
    right = found.pairs[
        [bool(table[b][3]) and table[b][2] == a for a, b in zip(found.pairs["row_a"], found.pairs["row_b"])]
    ]
    named = [symmetry == table[b][3] for symmetry, b in zip(right["symmetry"], right["row_b"])]
    figures["symmetry_named"] = round(float(np.mean(named)), 4) if named else None
    return (
        figures
        | {name: round(value, 2) for name, value in seconds.items()}
        | {"detectable": round(found.detectable, 3)}
    )


def cleanvision(name, seed):
    """CleanVision on the same pictures."""
    from PIL import Image

    interpreter = os.environ.get("TOOLKIT_CLEANVISION")
    if not interpreter:
        raise SystemExit("TOOLKIT_CLEANVISION must name a Python that has cleanvision==0.3.7.")
    table = planted("report", name, seed)
    with tempfile.TemporaryDirectory() as home:
        for row, entry in enumerate(table):
            Image.fromarray(entry[1]).save(Path(home) / f"{row:05d}.png")
        command = [interpreter, "-c", CLEANVISION, home]
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    sets = [[int(Path(path).stem) for path in members] for members in answer["sets"]]
    groups = {row: number for number, members in enumerate(sets) for row in members}
    pairs = [
        (members[i], members[j]) for members in sets for i in range(len(members)) for j in range(i + 1, len(members))
    ]
    figures = judge(table, pairs, groups)
    return figures | {"seconds": round(answer["seconds"], 2), "cpu_seconds": round(answer["cpu"], 2)}


REPORTED = ("mixed", "scans", "microscopy", "digits")
CELLS = {
    f"tune_{name}_seed{seed}": partial(measure, "tune", name, seed)
    for name in ("mixed", "mnist", "glyphs")
    for seed in SEEDS
}
CELLS |= {f"report_{name}_seed{seed}": partial(measure, "report", name, seed) for name in REPORTED for seed in SEEDS}
CELLS |= {f"cleanvision_{name}_seed{seed}": partial(cleanvision, name, seed) for name in REPORTED for seed in SEEDS}
COLUMNS = (
    "n_images",
    "recall",
    "recall_upright",
    "recall_turned",
    "precision",
    "precision_natural",
    "symmetry_named",
    "detectable",
    "seconds",
    "cpu_seconds",
)


def show(results):
    """Print the table: means over seeds."""
    if not results:
        print("nothing measured yet")
        return
    frame = pd.DataFrame(
        [
            {"cell": name.rpartition("_seed")[0], **{column: cell.get(column) for column in COLUMNS}}
            for name, cell in results.items()
        ]
    )
    natural = {frozenset(pair) for pair in NATURAL}
    wrong = [sum(frozenset(pair) not in natural for pair in cell["not_planted"]) for cell in results.values()]
    frame["precision_natural"] = [1 - n / max(cell["n_pairs"], 1) for n, cell in zip(wrong, results.values())]
    frame = frame.astype(dict.fromkeys(COLUMNS, float))
    table = frame.groupby("cell", sort=False)[list(COLUMNS)].mean().round(3)
    table.insert(0, "seeds", frame.groupby("cell", sort=False).size())
    print(table.to_string())
    print("\nbar (report_mixed): recall >= .95 at precision >= .99, <= 60 s")


if __name__ == "__main__":
    cells.main(TABLE, CELLS, show, __doc__)

"""Everyday faults, planted by other hands in a tenth of the images of a set, one fault at a time.

Sets: photographs, small pictures of cats, scanned pages, micrographs, and crops of scikit-image's own photographs,
which everybody has. Half of each set (by a checksum of the file's name; crops by their photograph) was for choosing
what is looked at; the figures are of the other half. Half of the planted images are saved as JPEG of quality 92 again,
the others as PNG; the fault ``resaved`` is nothing but that, and is to be flagged by nobody.

For each fault: AUROC of its own score, recall and false alarms of its verdict, and the share of the untouched images
that are flagged for anything. Where ``CLEANVISION_PYTHON`` names the Python of an environment that has CleanVision
0.3.7, it sees the same files, and stands beside for the faults that it names, with processor time and memory.

    CLEANVISION_PYTHON=PATH python benchmarks/everyday_faults.py [--table]
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
from cells import main
from everyday_hands import HANDS, plant
from PIL import Image
from sklearn.metrics import roc_auc_score

from toolkit.audit import JUDGED_FAULTS, judge_everyday
from toolkit.diagnostics import everyday_statistics
from toolkit.diagnostics.everyday._statistics import GROUPS
from toolkit.diagnostics.everyday._views import ImageViews

SEEDS = {"photos": 1, "cats": 1, "scans": 1, "microscopy": 3, "crops": 1}  # plantings of each fault
HALVES = {"tuning": 0, "reporting": 1}
MOST = 500  # images of a half of a set
CROPS = ("astronaut", "coffee", "chelsea", "rocket", "camera", "retina", "hubble_deep_field", "immunohistochemistry")
# Which issue of CleanVision's is which fault of ours.
PEER = {
    "dark": "dark",
    "overexposed": "light",
    "blurred": "blurry",
    "blank": "low_information",
    "grey_among_colour": "grayscale",
    "odd_size": "odd_size",
    "odd_aspect": "odd_aspect_ratio",
}


def _pixels(path):
    image = Image.open(path)
    return np.asarray(image.convert({"1": "L", "RGBA": "RGB", "P": "RGB"}.get(image.mode, image.mode)))


def _crops(half, folder):
    """300 crops of photographs that come with scikit-image, written as PNG."""
    from skimage import data

    generator = np.random.default_rng(half)
    names = [name for name in CROPS if zlib.crc32(name.encode()) % 2 == half]
    paths = []
    for place in range(300):
        name = names[place % len(names)]
        image = getattr(data, name)()
        height, width = generator.integers(128, 257, 2)
        top, left = generator.integers(0, image.shape[0] - height), generator.integers(0, image.shape[1] - width)
        paths.append(folder / f"{name}_{place:03d}.png")
        Image.fromarray(image[top : top + height, left : left + width]).save(paths[-1])
    return paths


def files(name, half, folder, most=MOST):
    """Paths of one half of a set."""
    if name == "crops":
        return _crops(half, folder)
    root = Path(os.environ["TOOLKIT_DATA"]) / name
    found = sorted(path for path in root.rglob("*") if path.is_file())
    return [path for path in found if zlib.crc32(path.name.encode()) % 2 == half][:most]


def _planted(paths, fault, seed, folder):
    """A tenth of the images with a fault, written to the folder: path by row."""
    generator = np.random.default_rng([seed, zlib.crc32(fault.encode())])
    made = {}
    for row in generator.choice(len(paths), max(1, round(0.1 * len(paths))), replace=False):
        image = plant(fault, _pixels(paths[row]), [seed, int(row)])
        again = generator.random() < 0.5 or fault == "resaved"
        if image is not None:
            path = folder / f"{fault}_{seed}_{row:04d}.{'jpg' if again else 'png'}"
            Image.fromarray(image).save(path, **({"quality": 92} if again else {}))
            made[int(row)] = path
    return made


def _peer(paths, folder):
    """CleanVision's scores and verdicts by file name, over links to the files; None where it is not to be had."""
    python = os.environ.get("CLEANVISION_PYTHON")
    if not python:
        return None
    with tempfile.TemporaryDirectory() as links:
        for place, path in enumerate(paths):
            (Path(links) / f"{place:05d}{path.suffix}").symlink_to(path)
        out = Path(folder) / "peer.json"
        script = Path(__file__).with_name("cleanvision_folder.py")
        subprocess.run([python, script, links, out], check=True, capture_output=True)
        answer = json.loads(out.read_text())
        by_place = {int(name.split(".")[0]): row for name, row in answer["scores"].items()}
        return {**answer, "scores": [by_place.get(place) for place in range(len(paths))]}


def _figures(truth, scores, verdicts):
    known = np.where(np.isnan(scores), 0, scores)
    hit, flagged = int((verdicts & truth).sum()), int(verdicts.sum())
    return {
        "auroc": round(float(roc_auc_score(truth, known)), 4),
        "recall": round(hit / int(truth.sum()), 4),
        "precision": round(hit / flagged, 4) if flagged else None,
        "false_alarms": round(float(verdicts[~truth].mean()), 4),
    }


def cell(name, half):
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        paths = files(name, HALVES[half], folder)
        start = time.process_time()
        images = [_pixels(path) for path in paths]
        decoding, start = time.process_time() - start, time.process_time()
        clean = pd.DataFrame([everyday_statistics(image) for image in images])
        measuring, start = time.process_time() - start, time.process_time()
        sizes = np.array([image.shape[:2] for image in images])
        untouched = judge_everyday(clean, sizes=sizes)
        judging = time.process_time() - start
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        del images
        made = {(fault, seed): _planted(paths, fault, seed, folder) for fault in HANDS for seed in range(SEEDS[name])}
        made = {key: rows for key, rows in made.items() if rows}
        extra = [path for rows in made.values() for path in rows.values()]
        alone, everything = _peer(paths, folder), _peer([*paths, *extra], folder)
        measured = {path: (everyday_statistics(_pixels(path)), _pixels(path).shape[:2]) for path in extra}
        told, place = {}, len(paths)
        for (fault, _), rows in made.items():
            statistics, shapes = clean.copy(), sizes.copy()
            for row, path in rows.items():
                statistics.loc[row], shapes[row] = measured[path][0], measured[path][1]
            truth = np.isin(np.arange(len(paths)), list(rows))
            asked = [fault] if fault in JUDGED_FAULTS else None
            found = judge_everyday(statistics, sizes=shapes, faults=asked)
            figures = {"planted": int(truth.sum())}
            if fault in JUDGED_FAULTS and found.competence.loc[fault, "applicable"]:
                figures |= _figures(truth, found.scores[fault].to_numpy(), found.flagged[fault].to_numpy())
            elif fault in JUDGED_FAULTS:
                figures["why_not"] = found.competence.loc[fault, "why_not"]
            else:
                figures["flagged_for_anything"] = round(float(found.flagged[truth].any(axis=1).mean()), 4)
            if everything is not None and fault in PEER:
                rows_of = list(rows)
                answers = [everything["scores"][row] for row in range(len(paths))]
                for offset, row in enumerate(rows_of):
                    answers[row] = everything["scores"][place + offset]
                pairs = [(answer or {}).get(PEER[fault], (1.0, False)) for answer in answers]
                figures["cleanvision"] = _figures(
                    truth, 1 - np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
                )
            place += len(rows)
            told.setdefault(fault, []).append(figures)
        return {
            "set": name,
            "half": half,
            "images": len(paths),
            "untouched_flagged": round(float(untouched.flagged.any(axis=1).mean()), 4),
            "untouched_damaged": round(float(untouched.damaged.mean()), 4),
            "untouched_by_fault": untouched.flagged.sum()[lambda counts: counts > 0].astype(int).to_dict(),
            "not_judged": untouched.competence.query("not applicable")["why_not"].to_dict(),
            "cpu_decoding": round(decoding, 2),
            "cpu_statistics": round(measuring, 2),
            "cpu_judging": round(judging, 2),
            "peak_mb": round(memory),
            "cleanvision_cpu": None if alone is None else round(alone["cpu_seconds"], 2),
            "cleanvision_peak_mb": None if alone is None else round(alone["peak_mb"]),
            "faults": {fault: _mean(rows) for fault, rows in told.items()},
        }


def _mean(rows):
    """Figures of one fault, averaged over its draws."""
    out = {}
    for key in rows[0]:
        values = [row.get(key) for row in rows]
        if isinstance(values[0], dict):
            out[key] = _mean(values)
        elif isinstance(values[0], str):
            out[key] = values[0]
        else:
            numbers = [value for value in values if value is not None and not isinstance(value, str)]
            out[key] = round(float(np.mean(numbers)), 4) if numbers else None
    return out


def natural():
    """Faults that the untouched photographs have: everything that either tool flags was looked at and labelled."""
    labels = json.loads(Path(__file__).with_name("everyday_labels.json").read_text())
    with tempfile.TemporaryDirectory() as scratch:
        paths = files("photos", HALVES["reporting"], Path(scratch))
        peer = _peer(paths, scratch)
    images = [_pixels(path) for path in paths]
    sizes = np.array([image.shape[:2] for image in images])
    found = judge_everyday(pd.DataFrame([everyday_statistics(image) for image in images]), sizes=sizes)
    out = {}
    for fault in sorted({fault for row in labels.values() for fault in row} | set(PEER)):
        truth = np.array([fault in labels.get(path.name, ()) for path in paths])
        mine = found.flagged[fault].to_numpy()
        out[fault] = {"true": int(truth.sum()), "flagged": int(mine.sum()), "right": int((mine & truth).sum())}
        if peer is not None and fault in PEER:
            theirs = np.array([row[PEER[fault]][1] for row in peer["scores"]])
            out[fault] |= {"CV flagged": int(theirs.sum()), "CV right": int((theirs & truth).sum())}
    start = time.process_time()
    for image in images:
        views = ImageViews(image)
        for group in ("tone", "colour", "sharpness"):
            GROUPS[group](views)
    alone = time.process_time() - start
    return {"images": len(paths), "natural": out, "cpu_of_what_cleanvision_names": round(alone, 2)}


CELLS = {
    f"{name}_reporting": lambda n=name: cell(n, "reporting")
    for name in ("photos", "crops", "cats", "microscopy", "scans")
}
CELLS["photos_natural"] = natural


def show(results):
    for name, found in results.items():
        if "natural" in found:
            print(f"\n{name}: {found['images']} images as they came")
            print(f"CPU of the groups behind CleanVision's faults: {found['cpu_of_what_cleanvision_names']} s")
            print(pd.DataFrame(found["natural"]).T.astype(object).fillna("").to_string())
            continue
        cpu = found["cpu_decoding"] + found["cpu_statistics"] + found["cpu_judging"]
        by_fault = ", ".join(f"{fault} {count}" for fault, count in found["untouched_by_fault"].items())
        flagged, damaged = found["untouched_flagged"], found["untouched_damaged"]
        print(
            f"\n{name}: {found['images']} images; untouched flagged {flagged:.1%}, as damaged {damaged:.1%}: {by_fault}"
        )
        print(f"CPU {cpu:.1f} s (statistics {found['cpu_statistics']} s), {found['peak_mb']} MB; CleanVision", end=" ")
        print(f"{found['cleanvision_cpu']} s, {found['cleanvision_peak_mb']} MB")
        rows = {}
        for fault, figures in found["faults"].items():
            peer = {f"CV {key}": value for key, value in (figures.get("cleanvision") or {}).items()}
            rows[fault] = {key: value for key, value in figures.items() if key != "cleanvision"} | peer
        print(pd.DataFrame(rows).T.astype(object).fillna("").to_string())


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main("everyday_faults", CELLS, show, __doc__)

"""Photographs: faults of the pixel grid by statistics alone, with the network of patches, and by CleanVision.

The network has never seen a photograph. Faults are planted by Pillow and SciPy in a tenth of the images of a set, one
at a time (``everyday_hands.py``); half of each set, by a checksum of the file's name, was for tuning, the figures are
of the other half. For each fault: AUROC of its own score and of the highest score of any damage, recall, false alarms,
and how many of those flagged have it as their surest fault. Then: which way up (needs the extra ``photos``), and
repairs at the original resolution (``photograph_repairs.py``), of the planted and of the untouched.

    CLEANVISION_PYTHON=PATH python benchmarks/photographs.py [--table]
"""

import json
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from cells import main
from everyday_faults import HALVES, PEER, _peer, _pixels, _planted, files
from photograph_repairs import blurs, copied, folders, repairs, untouched
from sklearn.metrics import roc_auc_score

from toolkit.audit import JUDGED_FAULTS, judge_colours, judge_everyday, judge_orientation
from toolkit.diagnostics import damage_scores, everyday_statistics
from toolkit.embeddings import photograph_colours, photograph_views

FAULTS = (
    "noisy", "jpeg_blocks", "scaled_up", "pixelated", "blurred", "motion_blur", "hot_pixels", "dark", "blank",
    "half_decoded", "framed", "dead_lines", "overexposed", "low_contrast", "clipped", "colour_cast", "inverted",
    "swapped_channels", "overlaid_text",
)  # fmt: skip
LABELS = Path(__file__).with_name("everyday_labels.json")  # faults that untouched photographs have, seen by eye
DAMAGES = {name for name, fault in JUDGED_FAULTS.items() if fault.damage}
MOST = {"photos": 250, "cats": 250, "scans": 60, "microscopy": 80}
SEEDS = {"photos": 5, "cats": 5, "scans": 5, "microscopy": 5}  # plantings of each fault


def _measured(image):
    return everyday_statistics(image), damage_scores(image), image.shape[:2]


def _table(rows, network):
    both = [statistics | damage if network else statistics for statistics, damage, _ in rows]
    return pd.DataFrame(both), np.array([shape for *_, shape in rows])


def _told(rows, truth, fault, network):
    table, sizes = _table(rows, network)
    found = judge_everyday(table, sizes=sizes)
    if not found.competence.loc[fault, "applicable"]:
        return {"why_not": found.competence.loc[fault, "why_not"]}
    scores, damaged = found.scores[fault].fillna(0).to_numpy(), (found.damaged | found.flagged[fault]).to_numpy()
    of_damage = [name for name in found.scores if found.competence.loc[name, "damage"] or name == fault]
    surest = found.scores.where(found.flagged).fillna(-1).idxmax(axis=1).to_numpy()
    verdicts = found.flagged[fault].to_numpy()
    flagged = truth & damaged
    return {
        "auroc": round(float(roc_auc_score(truth, scores)), 4),
        "any": round(float(roc_auc_score(truth, found.scores[of_damage].fillna(0).max(axis=1))), 4),
        "recall": round(float(verdicts[truth].mean()), 4),
        "false_alarms": round(float(verdicts[~truth].mean()), 4),
        "found": round(float(flagged[truth].mean()), 4),
        "named": round(float((surest[flagged] == fault).mean()), 4) if flagged.any() else None,
    }


def damage(name):
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        paths = files(name, HALVES["reporting"], folder)[: MOST[name]]
        start = time.process_time()
        clean = [_measured(_pixels(path)) for path in paths]
        cpu = (time.process_time() - start) / len(paths)
        made = {(fault, seed): _planted(paths, fault, seed, folder) for fault in FAULTS for seed in range(SEEDS[name])}
        made = {key: rows for key, rows in made.items() if rows}
        extra = [path for rows in made.values() for path in rows.values()]
        peer, place = _peer([*paths, *extra], folder), len(paths)
        found = {}
        for (fault, _), rows in made.items():
            mine, truth = list(clean), np.isin(np.arange(len(paths)), list(rows))
            for row, path in rows.items():
                mine[row] = _measured(_pixels(path))
            figures = {
                "statistics": _told(mine, truth, fault, False),
                "with_network": _told(mine, truth, fault, True),
                "planted": len(rows),
            }
            if peer is not None:
                answers = [peer["scores"][row] for row in range(len(paths))]
                for offset, row in enumerate(rows):
                    answers[row] = peer["scores"][place + offset]
                figures["cleanvision_best"] = _best_of_peer(answers, truth)
            place += len(rows)
            found.setdefault(fault, []).append(figures)
        labels, untouched = json.loads(LABELS.read_text()), {}
        sound = ~np.array([bool(DAMAGES & set(labels.get(path.name, ()))) for path in paths])
        for network in (False, True):
            table, sizes = _table(clean, network)
            verdicts = judge_everyday(table, sizes=sizes)
            untouched["with_network" if network else "statistics"] = {
                "flagged": round(float(verdicts.flagged.any(axis=1).mean()), 4),
                "damaged": round(float(verdicts.damaged.mean()), 4),
                "sound": int(sound.sum()),
                "sound_damaged": round(float(verdicts.damaged.to_numpy()[sound].mean()), 4),
                "by_fault": verdicts.flagged.sum()[lambda counts: counts > 0].astype(int).to_dict(),
            }
        return {"images": len(paths), "cpu_per_image": round(cpu, 4), "untouched": untouched, "faults": found}


def _best_of_peer(answers, truth):
    """The AUROC of the best of CleanVision's scores, chosen with the truth."""
    best = 0.0
    for issue in PEER.values():
        values = [1 - ((answer or {}).get(issue) or (1.0, False))[0] for answer in answers]
        best = max(best, float(roc_auc_score(truth, values)))
    return round(best, 4)


def orientation(name):
    paths = files(name, HALVES["reporting"], None)[:500]
    start = time.process_time()
    views = np.stack([photograph_views(_pixels(path)) for path in paths]).reshape(len(paths), 4, -1)
    cpu = (time.process_time() - start) / len(paths)
    rows = []
    for seed in range(3):
        generator = np.random.default_rng(seed)
        turned = np.zeros(len(views), dtype=int)
        places = generator.permutation(len(views))[: len(views) // 10]
        turned[places] = generator.integers(1, 4, len(places))
        mine = np.stack([np.roll(view, -turn, axis=0) for view, turn in zip(views, turned)])
        found = judge_orientation(mine)
        evidence, truth = found.log_odds[:, 1:].max(axis=1), turned > 0
        seen = truth & (evidence > np.quantile(evidence[~truth], 0.99))
        flagged = np.flatnonzero(evidence >= 3.5)
        sure = flagged[found.confirmed(flagged)] if len(flagged) else flagged
        rows.append(
            {
                "auroc": roc_auc_score(truth, evidence),
                "recall_at_1_percent": seen.sum() / truth.sum(),
                "right_turn": float((found.log_odds[seen].argmax(axis=1) == turned[seen]).mean()) if seen.any() else 0,
                "turned_back": float((found.log_odds[sure].argmax(axis=1) == turned[sure]).sum() / truth.sum()),
                "untouched_turned": float((~truth[sure]).sum() / (~truth).sum()),
                "competence": found.auroc["quarter_turn"],
            }
        )
    return {"images": len(paths), "cpu_per_image": round(cpu, 4)} | pd.DataFrame(rows).mean().round(4).to_dict()


def colours(name):
    """Red and blue exchanged, and inverted, in a tenth each, told by layout and by what a network knows."""
    paths = files(name, HALVES["reporting"], None)[:500]
    images = [_pixels(path) for path in paths]
    start = time.process_time()
    views = np.stack([photograph_colours(image) for image in images]).reshape(len(paths), 3, -1)
    cpu = (time.process_time() - start) / len(paths)
    clean = [everyday_statistics(image) for image in images]
    coloured = np.array([row["is_colour"] > 0 for row in clean])
    found = {}
    for place, fault in enumerate(("swapped_channels", "inverted"), start=1):
        changed = [255 - image if place == 2 else image[..., ::-1] if image.ndim == 3 else image for image in images]
        rows = []
        for seed in range(5):
            truth = np.zeros(len(views), dtype=bool)
            truth[np.random.default_rng(seed).permutation(len(views))[: len(views) // 10]] = True
            truth &= coloured | (place == 2)
            mine = views.copy()
            mine[truth] = views[truth][:, [1, 0, 2] if place == 1 else [2, 1, 0]]
            judged = judge_colours(mine)
            table = [
                everyday_statistics(np.ascontiguousarray(changed[row])) if truth[row] else clean[row]
                for row in range(len(views))
            ]
            told = judge_everyday(pd.DataFrame(table), faults=[fault], colours=judged)
            evidence, verdicts = told.scores[fault].fillna(0).to_numpy(), told.flagged[fault].to_numpy()
            seen = evidence[truth] > np.quantile(evidence[~truth], 0.99)
            rows.append(
                {
                    "auroc": roc_auc_score(truth, evidence),
                    "auroc by features alone": roc_auc_score(truth, judged.evidence(fault)),
                    "recall_at_1_percent": float(seen.mean()),
                    "recall_it_states": told.competence.loc[fault, "recall"],
                    "flagged": float(verdicts[truth].mean()),
                    "false_alarms": float(verdicts[~truth].mean()),
                }
            )
        found |= {f"{fault} {key}": value for key, value in pd.DataFrame(rows).mean().round(4).items()}
    return {"images": len(paths), "cpu_per_image": round(cpu, 4)} | found


CELLS = {f"damage_{name}": lambda n=name: damage(n) for name in MOST}
CELLS |= {f"orientation_{name}": lambda n=name: orientation(n) for name in ("cats", "photos")}
CELLS |= {f"colours_{name}": lambda n=name: colours(n) for name in ("cats", "photos")}
CELLS["repairs_photos"] = lambda: repairs("photos")
CELLS["repairs_untouched"] = lambda: untouched({"photos": 150, "cats": 150, "scans": 20, "microscopy": 30})
CELLS["untouched_folders"] = lambda: folders({"photos": 500, "cats": 1300, "scans": 100, "microscopy": 100})
CELLS["repairs_blur"] = lambda: blurs("photos")
CELLS["repairs_copied"] = lambda: copied("photos")


def show(results):
    for name, found in results.items():
        print(f"\n{name}: {found['images']} images", end="")
        if "repairs" in found:
            print("\n" + pd.DataFrame(found["repairs"]).T.astype(object).to_string())
        elif "copied" in found:
            print(
                f", {found['cpu_per_image']} CPU s an image; untouched that were changed: {found['untouched_changed']}"
            )
            print(pd.DataFrame(found["copied"]).T.to_string())
        elif "folders" in found:
            print(f", {found['changed']} would be changed: at most {found['at_most']:.2%} with 95 % confidence")
            print(pd.DataFrame(found["folders"]).T.to_string())
        elif "tries" in found:
            print("\n" + pd.DataFrame(found["tries"]).T.to_string())
        elif "faults" in found:
            print(f", {found['cpu_per_image']} CPU s an image, decoding included")
            for how, untouched in found["untouched"].items():
                print(f"untouched, {how}: {untouched['flagged']:.1%} flagged, {untouched['damaged']:.1%} as damaged")
                if "sound" in untouched:
                    share = untouched["sound_damaged"]
                    print(f"of the {untouched['sound']} in which no damage is seen by eye: {share:.1%}")
            rows = {}
            for fault, draws in found["faults"].items():
                row = {}
                for how in ("statistics", "with_network"):
                    told = [draw[how] for draw in draws if "auroc" in draw[how]]
                    row |= {f"{key} {how}": value for key, value in pd.DataFrame(told).mean().round(3).items()}
                peer = [draw["cleanvision_best"] for draw in draws if "cleanvision_best" in draw]
                rows[fault] = row | ({"CleanVision's best": round(float(np.mean(peer)), 3)} if peer else {})
            print(
                pd.DataFrame(rows).T.rename(columns=lambda column: column.replace("with_network", "+net")).to_string()
            )
        else:
            print(
                ": " + ", ".join(f"{key} {value}" for key, value in found.items() if key not in ("images", "versions"))
            )


if __name__ == "__main__":
    main("photographs", CELLS, show, __doc__)

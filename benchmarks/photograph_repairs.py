"""Repairs of photographs at their own size: gains on planted faults, beside scikit-image's best, and what stays.

Faults are planted by Pillow, SciPy and NumPy in photographs of the reporting half, which nothing was chosen on. Filters
of scikit-image see the same pictures and are told what nobody knows of a picture: the deviation of the noise, the width
of the blur. Of each the best setting of a few is taken by the truth, and the best of them all stands beside.
"""

import io
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np
from everyday_faults import HALVES, _pixels, files
from everyday_hands import plant
from PIL import Image
from scipy import ndimage, stats
from skimage import filters, restoration

from toolkit.audit import REPAIRS, apply_plan, audit_files, plan_clean
from toolkit.restoration import ORIGINAL_METHODS, psnr, repair_original
from toolkit.restoration._deblur import deblurred

NOISE, QUALITY, WIDTHS = 25, 10, (1.0, 2.5)  # levels; of JPEG; pixels of the blur's deviation
EDGE = 24  # pixels by which deconvolution by Fourier transform is given the mirror image


def _bytes(values):
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def _saved(image, quality):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def spoilt(fault, image, seed):
    """The picture with a fault, and what filters may be told of it."""
    generator = np.random.default_rng(seed)
    if fault == "noisy":
        return _bytes(image + generator.normal(0, NOISE, image.shape)), NOISE / 255
    if fault == "jpeg_blocks":
        return _saved(image, QUALITY), None
    if fault == "blurred":
        width = generator.uniform(*WIDTHS)
        sigmas = (width, width, 0)[: image.ndim]
        return _bytes(ndimage.gaussian_filter(image.astype(np.float64), sigmas, mode="nearest")), width
    return plant(fault, image, seed), None


def _channels(image, function):
    """A function of one plane, done to each, from 0 to 1, with its mirror image around it."""
    planes = image.reshape(*image.shape[:2], -1) / 255.0
    wide = np.pad(planes, [(EDGE, EDGE), (EDGE, EDGE), (0, 0)], mode="symmetric")
    out = np.stack([function(wide[..., channel]) for channel in range(planes.shape[2])], axis=2)
    return _bytes(out[EDGE:-EDGE, EDGE:-EDGE].reshape(image.shape) * 255)


def _whole(image, function, **options):
    axis = {"channel_axis": -1} if image.ndim == 3 else {}
    return _bytes(function(image / 255.0, **options, **axis) * 255)


def _point_spread(width):
    axis = np.arange(-int(4 * width + 0.5), int(4 * width + 0.5) + 1)
    one = np.exp(-0.5 * (axis / width) ** 2)
    return np.outer(one, one) / one.sum() ** 2


def _means(strength):
    return lambda image, told: _whole(
        image,
        restoration.denoise_nl_means,
        patch_size=5,
        patch_distance=6,
        h=strength * (told or 0.03),
        sigma=told or 0.03,
        fast_mode=True,
    )


def _waves(image, told):
    more = {"convert2ycbcr": True} if image.ndim == 3 else {}
    return _whole(image, restoration.denoise_wavelet, sigma=told, rescale_sigma=True, **more)


def _variation(weight):
    return lambda image, told: _whole(image, restoration.denoise_tv_chambolle, weight=weight)


PEERS = {
    "noisy": {
        "nl_means .6": _means(0.6),
        "wavelet": _waves,
        "tv .1": _variation(0.1),
    },
    "jpeg_blocks": {
        "nl_means .6": _means(0.6),
        "wavelet": _waves,
        "tv .02": _variation(0.02),
        "tv .04": _variation(0.04),
    },
    "blurred": {
        **{
            f"richardson_lucy {n}": lambda image, told, n=n: _channels(
                image, lambda plane: restoration.richardson_lucy(plane, _point_spread(told), num_iter=n)
            )
            for n in (10, 30)
        },
        **{
            f"wiener {balance:g}": lambda image, told, balance=balance: _channels(
                image, lambda plane: restoration.wiener(plane, _point_spread(told), balance, clip=False)
            )
            for balance in (0.001, 0.01)
        },
        "unsupervised_wiener": lambda image, told: _channels(
            image, lambda plane: restoration.unsupervised_wiener(plane, _point_spread(told), clip=False, rng=0)[0]
        ),
        "unsharp_mask": lambda image, told: _channels(image, lambda plane: filters.unsharp_mask(plane, told, 1.0)),
    },
}


def _gain(image, bad, found):
    return float(psnr(image[None], found[None], data_range=255)[0] - psnr(image[None], bad[None], data_range=255)[0])


def _said(gains, n_planted):
    gains = np.array(gains)
    return {
        "planted": n_planted,
        "repaired": len(gains),
        "median_gain_db": round(float(np.median(gains)), 2) if len(gains) else None,
        "least_gain_db": round(float(gains.min()), 2) if len(gains) else None,
        "worse_by_1_db": int((gains < -1).sum()),
    }


def repairs(name, most=100, half="reporting"):
    """A fault at a time in every photograph, each way of repairing it, and filters of scikit-image."""
    paths = files(name, HALVES[half], None)[:most]
    images = [_pixels(path) for path in paths]
    found = {}
    for fault, methods in ORIGINAL_METHODS.items():
        bad = [spoilt(fault, image, [7, place]) for place, image in enumerate(images)]
        pairs = [pair for pair in zip(images, bad) if not np.array_equal(pair[0], pair[1][0])]
        for method in methods:
            start, gains = time.process_time(), []
            for image, (given, _) in pairs:
                repair = repair_original(given, fault, method=method)
                if repair.repaired:
                    gains.append(_gain(image, given, repair.image))
            seconds = (time.process_time() - start) / max(1, len(pairs))
            found[f"{fault}, {method}"] = _said(gains, len(pairs)) | {"cpu_per_image": round(seconds, 3)}
        if fault in PEERS:
            of_peers = {
                peer: [_gain(image, given, function(given, told)) for image, (given, told) in pairs]
                for peer, function in PEERS[fault].items()
            }
            best = max(of_peers, key=lambda peer: np.median(of_peers[peer]))
            found[f"{fault}, scikit-image's {best}"] = _said(of_peers[best], len(pairs))
    return {"images": len(images), "repairs": found}


def blurs(name, most=36, half="reporting"):
    """Deblurring, and filters that are told the width, on the same pictures: as they are, and as most are saved."""
    images = [_pixels(path) for path in files(name, HALVES[half], None)[:most]]
    filters_ = ("richardson_lucy 30", "wiener 0.001", "wiener 0.01")
    found = {}
    for how, saved in {"blurred": None, "blurred, then saved as JPEG of quality 92": 92}.items():
        pairs = []
        for place, image in enumerate(images):
            given, width = spoilt("blurred", image, [7, place])
            pairs.append((image, given if saved is None else _saved(given, saved), width))
        kept = np.array([repair_original(given, "blurred").repaired for _, given, _ in pairs])
        steps = {"ours": lambda given, _: deblurred(given)} | {peer: PEERS["blurred"][peer] for peer in filters_}
        for step, function in steps.items():
            gains = np.array([_gain(image, given, function(given, width)) for image, given, width in pairs])
            found[f"{how}: {step}"] = {
                "pictures": len(pairs),
                "median_gain_db": round(float(np.median(gains)), 2),
                "worse_by_1_db": int((gains < -1).sum()),
                "let_pass": int(kept.sum()),
                "median_of_these_db": round(float(np.median(gains[kept])), 2) if kept.any() else None,
                "least_of_these_db": round(float(gains[kept].min()), 2) if kept.any() else None,
            }
    return {"images": len(images), "repairs": found}


def untouched(most, half="reporting"):
    """Every repair tried on every picture as it came: how many were changed."""
    found = {}
    for name, n in most.items():
        images = [_pixels(path) for path in files(name, HALVES[half], None)[:n]]
        tries = changed = 0
        for fault, methods in ORIGINAL_METHODS.items():
            for method in methods:
                changed += sum(repair_original(image, fault, method=method).repaired for image in images)
                tries += len(images)
        found[name] = {"images": len(images), "tried": tries, "changed": changed}
    return {"images": sum(row["images"] for row in found.values()), "tries": found}


def folders(most):
    """Whole folders as they came, audited with every repair asked for: how many would be changed, and how.

    Both halves of each set; what was chosen on one of them is said in ``tuned``.
    """
    found = {}
    for name, n in most.items():
        paths = [path for half in HALVES.values() for path in files(name, half, None, most=n)]
        with tempfile.TemporaryDirectory() as scratch:
            for place, path in enumerate(paths):
                (Path(scratch) / f"{place:05d}{path.suffix.lower()}").write_bytes(path.read_bytes())
            start = time.process_time()
            audit = audit_files(scratch, networks=True, cache=False)
            actions = plan_clean(audit, repairs=list(REPAIRS))["action"].value_counts().to_dict()
            seconds = time.process_time() - start
        changed = {action: count for action, count in actions.items() if action not in ("keep", "leave_out")}
        found[name] = {
            "images": len(paths),
            "tuned": sum(zlib.crc32(path.name.encode()) % 2 == HALVES["tuning"] for path in paths),
            "changed": sum(changed.values()),
            "actions": changed,
            "flagged_as_damaged": round(float(audit.everyday.damaged.mean()), 4),
            "cpu_per_image": round(seconds / len(paths), 3),
        }
    total, changed = (sum(row[key] for row in found.values()) for key in ("images", "changed"))
    # Clopper and Pearson (1934): the share above which no more than this many were seen in one case of forty.
    bound = float(stats.beta.ppf(0.975, changed + 1, total - changed))
    return {"images": total, "folders": found, "changed": changed, "at_most": round(bound, 5)}


def copied(name, most=200, half="reporting"):
    """A folder with each fault in a few of its files, audited, every repair asked for, and the copy measured."""
    paths = files(name, HALVES[half], None)[:most]
    faults = list(ORIGINAL_METHODS)
    generator = np.random.default_rng(5)
    rows = generator.permutation(len(paths))[: 3 * len(faults) * max(1, len(paths) // 200)]
    which = {int(row): faults[place % len(faults)] for place, row in enumerate(rows)}
    with tempfile.TemporaryDirectory() as scratch:
        came, out, truth = Path(scratch) / "came", Path(scratch) / "out", {}
        came.mkdir()
        for row, path in enumerate(paths):
            file = f"{row:04d}{'.png' if row in which else path.suffix.lower()}"
            if row in which:
                truth[file] = _pixels(path)
                Image.fromarray(spoilt(which[row], truth[file], [5, row])[0]).save(came / file)
            else:
                (came / file).write_bytes(path.read_bytes())
        start = time.process_time()
        audit = audit_files(came, networks=True, cache=False)
        plan = plan_clean(audit, repairs=list(REPAIRS))
        apply_plan(plan, came, out)
        seconds = time.process_time() - start
        actions, gains, changed = plan.set_index("path")["action"], {}, []
        for row in range(len(paths)):
            file = next(path.name for path in came.glob(f"{row:04d}.*"))
            if row not in which:
                if (out / file).read_bytes() != (came / file).read_bytes():
                    changed.append(actions[file])
            elif actions[file] not in ("keep", "leave_out"):
                given, made = (np.asarray(Image.open(folder / file)) for folder in (came, out))
                gain = _gain(truth[file], given, made) if made.shape == given.shape else None
                gains.setdefault(which[row], []).append([actions[file], None if gain is None else round(gain, 2)])
    planted = {fault: sum(each == fault for each in which.values()) for fault in faults}
    return {
        "images": len(paths),
        "copied": {fault: {"planted": planted[fault], "repaired": gains.get(fault, [])} for fault in faults},
        "untouched_changed": changed,
        "cpu_per_image": round(seconds / len(paths), 3),
    }

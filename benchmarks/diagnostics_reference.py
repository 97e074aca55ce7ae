"""The statistics of CorruptionDiagnostics as one would write them with scikit-image and SciPy: image by image.

It is what the batched statistics are measured against, in speed (``diagnostics_speed.py``) and in value (the tests).
Nothing of the batched code is used here. Square or oblong grey images of at least 4 and at most 32 pixels a side.
"""

import numpy as np
from scipy import ndimage, stats
from skimage import measure, transform
from skimage.util import view_as_windows

N_ANGLES = 12
SYMMETRIES = {
    "rotate_90": lambda image: np.rot90(image, 1),
    "rotate_180": lambda image: np.rot90(image, 2),
    "rotate_270": lambda image: np.rot90(image, 3),
    "flip_horizontal": np.fliplr,
    "flip_vertical": np.flipud,
    "transpose": np.transpose,
    "anti_transpose": lambda image: np.rot90(image, 2).T,
}


def _border(image):
    inside = np.zeros(image.shape, dtype=bool)
    inside[1:-1, 1:-1] = True
    return image[~inside]


def _upper_median(values):
    return np.sort(np.ravel(values))[np.size(values) // 2]


def noise(image, background):
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])
    height, width = image.shape
    response = ndimage.convolve(image, mask)[1:-1, 1:-1]
    even = image[: height // 2 * 2, : width // 2 * 2]
    blocks = view_as_windows(even, (2, 2), step=2)
    diagonal = np.abs((blocks * np.array([[1, -1], [-1, 1]])).sum(axis=(2, 3))) / 2
    side = min(5, height, width)
    deviations = np.sort(view_as_windows(image, (side, side)).std(axis=(2, 3)).ravel())
    outer = np.ones(image.shape, dtype=bool)
    outer[2:-2, 2:-2] = False
    residual = np.abs(image - ndimage.median_filter(image, size=3, mode="nearest"))
    return {
        "noise_immerkaer": np.sqrt(np.pi / 2) / 6 * np.abs(response).mean(),
        "noise_haar": _upper_median(diagonal) / 0.6745,
        "noise_local": deviations[int(0.1 * (len(deviations) - 1))],
        "noise_border": np.sqrt(np.mean((image[outer] - background) ** 2)),
        "noise_median": residual.mean(),
        "impulse_fraction": np.mean(residual > 50.5 / 255),
    }


def sharpness(image, background):
    right = ndimage.sobel(image, axis=1, mode="nearest") / 8
    down = ndimage.sobel(image, axis=0, mode="nearest") / 8
    height, width = image.shape
    power = np.abs(np.fft.fft2(image - background)) ** 2
    power[0, 0] = 0
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    ring = np.rint(radius * min(height, width)).astype(int)
    labels = np.arange(1, max(min(height, width) // 2, 2) + 1)
    rings = ndimage.mean(power, ring, labels)
    relative = rings / rings.sum() if rings.sum() > 0 else np.ones(len(rings))
    return {
        "laplacian_variance": ndimage.laplace(image, mode="nearest").var(),
        "gradient_energy": np.mean(right**2 + down**2),
        "gradient_maximum": np.sqrt((right**2 + down**2).max()),
        "spectral_slope": stats.linregress(np.log(labels), np.log(relative + 1e-6)).slope,
        "spectral_high_share": power[radius > 0.25].sum() / power.sum() if power.sum() > 0 else 0.0,
    }, (right, down)


def orientation(image, background, gradients):
    right, down = gradients
    xx, yy, xy = (right**2).sum(), (down**2).sum(), (right * down).sum()
    trace = xx + yy if xx + yy > 0 else 1.0
    cosine, sine = (xx - yy) / trace, -2 * xy / trace
    angles = np.arange(N_ANGLES) * 180 / N_ANGLES
    sinogram = transform.radon(image - background, theta=angles, circle=False)
    energy = (sinogram**2).sum(axis=0)
    share = energy / energy.sum() if energy.sum() > 0 else np.full(N_ANGLES, 1 / N_ANGLES)
    doubled = np.deg2rad(2 * angles)
    return {
        "orientation_cos": cosine,
        "orientation_sin": sine,
        "orientation_coherence": np.hypot(cosine, sine),
        "projection_cos": share @ np.cos(doubled),
        "projection_sin": share @ np.sin(doubled),
        "projection_peak": share.max() * N_ANGLES,
    }


def moments(image, background):
    ink = np.abs(image - background)
    height, width = image.shape
    m = measure.moments(ink, order=1)
    if m[0, 0] <= 1e-6 * ink.size:
        names = ("centre_x", "centre_y", "off_centre", "spread", "elongation", "slant", "skew_x", "skew_y")
        return dict.fromkeys(names, 0.0)
    centre = (m[1, 0] / m[0, 0], m[0, 1] / m[0, 0])
    mu = measure.moments_central(ink, center=centre, order=3) / m[0, 0]
    x, y = (centre[1] - (width - 1) / 2) / width, (centre[0] - (height - 1) / 2) / height
    xx, yy, xy = mu[0, 2], mu[2, 0], mu[1, 1]
    return {
        "centre_x": x,
        "centre_y": y,
        "off_centre": np.hypot(x, y),
        "spread": np.sqrt((xx + yy) / ink.size),
        "elongation": np.hypot(xx - yy, 2 * xy) / (xx + yy),
        "slant": -xy / max(yy, 0.0625),
        "skew_x": mu[0, 3] / max(xx, 0.0625) ** 1.5,
        "skew_y": mu[3, 0] / max(yy, 0.0625) ** 1.5,
    }


def ink(image, background):
    departure = np.abs(image - background)
    mask = departure > 0.25
    height, width = image.shape
    box = measure.regionprops(mask.astype(np.uint8))
    top, left, bottom, right = box[0].bbox if box else (height / 2, width / 2, height / 2, width / 2)
    return {
        "ink_fraction": mask.mean(),
        "ink_relative": np.mean(departure > 0.5 * departure.max()),
        "ink_mass": departure.mean(),
        "box_width": (right - left) / width,
        "box_height": (bottom - top) / height,
        "box_x": (left + right) / 2 / width - 0.5,
        "box_y": (top + bottom) / 2 / height - 0.5,
    }


def border(image, background):
    ring = _border(image)
    return {
        "border_background": background,
        "border_mean": ring.mean(),
        "border_deviation": ring.std(),
        "border_maximum": np.abs(ring - background).max(),
    }


def intensity(image):
    even = image.var() < 1e-12
    counts, _ = np.histogram(image, bins=16, range=(0, 1))
    return {
        "mean": image.mean(),
        "contrast": image.std(),
        "minimum": image.min(),
        "maximum": image.max(),
        "skew": 0.0 if even else stats.skew(image.ravel()),
        "kurtosis": 0.0 if even else stats.kurtosis(image.ravel()),
        "entropy": stats.entropy(counts, base=2),
        "dark_fraction": np.mean(image <= np.float32(1 / 255)),
        "bright_fraction": np.mean(image >= np.float32(1 - 1 / 255)),
        "middle_fraction": np.mean((image > np.float32(0.1)) & (image < np.float32(0.9))),
    }


def _profile(values, axis):
    profile = values.mean(axis=axis)
    frequencies, power = np.fft.rfftfreq(len(profile)), np.abs(np.fft.rfft(profile - profile.mean())) ** 2
    peak = power[frequencies > 1 / 9].max() / power.sum() if power.sum() > 1e-12 * len(profile) else 0.0
    return np.sqrt(np.mean(np.diff(profile, n=2) ** 2)), peak


def stripes(image, background):
    across, down = np.abs(np.diff(image, axis=1)), np.abs(np.diff(image, axis=0))
    total = across.sum() + down.sum() or 1.0
    equal = (across[:-1] < 0.5 / 255) & (down[:, :-1] < 0.5 / 255)
    rows, rows_peak = _profile(image - background, 1)
    columns, columns_peak = _profile(image - background, 0)
    return {
        "stripe_rows": rows,
        "stripe_columns": columns,
        "stripe_rows_peak": rows_peak,
        "stripe_columns_peak": columns_peak,
        "grid_edges": 1 - 2 * np.minimum(across[:-1], down[:, :-1]).sum() / total,
        "grid_direction": (across.sum() - down.sum()) / total,
        "flat_fraction": np.sum(equal & (np.abs(image - background)[:-1, :-1] > 0.05)) / image.size,
    }


def symmetry(image):
    names = [name for name, turn in SYMMETRIES.items() if turn(image).shape == image.shape and name != "rotate_270"]
    if image.std() < 1e-5:
        return {f"symmetry_{name}": 0.0 for name in names}
    return {f"symmetry_{name}": np.corrcoef(image.ravel(), SYMMETRIES[name](image).ravel())[0, 1] for name in names}


def _standardise(image):
    image = image - image.mean()
    norm = np.linalg.norm(image)
    return image / norm if norm > 1e-5 else np.zeros(image.shape)


def fit_structure(images):
    """Mean and principal components of the standardised images, by scikit-learn."""
    from sklearn.decomposition import PCA

    rows = np.stack([_standardise(image).ravel() for image in images])
    pca = PCA(min(32, len(rows) - 1, rows.shape[1]), svd_solver="full").fit(rows)
    return pca.mean_, pca.components_


def structure(image, model):
    mean, components = model

    def log_residual(turned):
        row = _standardise(turned).ravel() - mean
        return np.log(np.sum((components.T @ (components @ row) - row) ** 2) + 1e-3)

    own = log_residual(image)
    gains = {
        f"structure_{name}": own - log_residual(turn(image))
        for name, turn in SYMMETRIES.items()
        if turn(image).shape == image.shape
    }
    return {"structure_residual": own} | gains


def describe(image, model):
    """All statistics of one grey image in the unit interval, as a dict."""
    image = np.asarray(image, dtype=np.float64)
    background = _upper_median(_border(image))
    sharp, gradients = sharpness(image, background)
    return (
        noise(image, background)
        | sharp
        | orientation(image, background, gradients)
        | moments(image, background)
        | ink(image, background)
        | border(image, background)
        | intensity(image)
        | stripes(image, background)
        | symmetry(image)
        | structure(image, model)
    )

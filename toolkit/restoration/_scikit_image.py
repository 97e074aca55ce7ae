"""scikit-image's restorers on stacks of unit images, channels of colour images treated alike.

Each takes a float32 stack with values of about 0 to 1 and returns one of the same shape, clipped to [0, 1]. What
scikit-image does one image at a time is done one image at a time, but for the median and for deconvolution.
"""

import numpy as np
from scipy import ndimage

from toolkit._core.images import iter_chunks
from toolkit._core.optional import import_optional

__all__ = [
    "impulse_mask",
    "inpaint_biharmonic",
    "median",
    "nl_means",
    "richardson_lucy",
    "tv",
    "wavelet",
    "wiener",
]

# Values at a time: what a chunk needs stays within a processor's cache.
_CHUNK_VALUES = 2**17


def _each(stack, function):
    """``function`` on each image as float64, collected as a clipped float32 stack."""
    out = np.empty(stack.shape, dtype=np.float32)
    for row, image in enumerate(stack):
        restored = np.asarray(function(image.astype(np.float64)))
        out[row] = np.clip(np.nan_to_num(restored, nan=0.0, posinf=1.0, neginf=0.0), 0, 1)
    return out


def _channel_axis(stack):
    return -1 if stack.ndim == 4 else None


def _planewise(function):
    """Let a function of a plane work on each channel of a colour image."""

    def apply(image):
        if image.ndim == 2:
            return function(image)
        return np.stack([function(image[..., channel]) for channel in range(image.shape[2])], axis=-1)

    return apply


def tv(stack, *, weight=0.15):
    """Total variation (Chambolle, 2004): flat regions and sharp edges; a larger ``weight`` smooths more."""
    from skimage.restoration import denoise_tv_chambolle

    axis = _channel_axis(stack)
    return _each(stack, lambda image: denoise_tv_chambolle(image, weight=weight, channel_axis=axis))


def nl_means(stack, *, h=0.15, patch_size=5, patch_distance=6, sigma=0.0):
    """Non-local means (Buades, Coll and Morel, 2005): averages patches that look alike, ``h`` says how alike."""
    from skimage.restoration import denoise_nl_means

    options = {"h": h, "patch_size": patch_size, "patch_distance": patch_distance, "sigma": sigma}
    return _each(stack, lambda image: denoise_nl_means(image, channel_axis=_channel_axis(stack), **options))


def wavelet(stack, *, sigma=None, wavelet="db2", mode="soft"):
    """BayesShrink in the wavelet domain (Chang, Yu and Vetterli, 2000); ``sigma`` is estimated if not given."""
    import_optional("pywt", purpose="Wavelet denoising")
    from skimage.restoration import denoise_wavelet

    options = {"sigma": sigma, "wavelet": wavelet, "mode": mode, "rescale_sigma": True}
    if min(stack.shape[1:3]) < 8:  # the filters would be longer than the image
        return np.clip(stack, 0, 1).astype(np.float32)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _each(stack, lambda image: denoise_wavelet(image, channel_axis=_channel_axis(stack), **options))


def median(stack, *, size=3):
    """Median of ``size`` x ``size`` pixels, as ``skimage.filters.median``: takes single wrong pixels out."""
    window = (1, size, size, *(1,) * (stack.ndim - 3))
    return np.clip(ndimage.median_filter(stack, size=window, mode="nearest"), 0, 1)


def _gaussian_psf(sigma, shape):
    """Point spread function of a Gaussian blur, no larger than the image."""
    radius = [min(int(np.ceil(3 * sigma)), (side - 1) // 2) for side in shape]
    y, x = np.mgrid[-radius[0] : radius[0] + 1, -radius[1] : radius[1] + 1]
    psf = np.exp(-0.5 * (x**2 + y**2) / sigma**2)
    return psf / psf.sum()


def wiener(stack, *, sigma=1.5, balance=0.05):
    """Wiener-Hunt deconvolution of a Gaussian blur of ``sigma`` pixels; ``balance`` weighs smoothness."""
    from skimage.restoration import wiener as wiener_hunt

    if min(stack.shape[1:3]) < 3:
        return np.clip(stack, 0, 1).astype(np.float32)
    psf = _gaussian_psf(sigma, stack.shape[1:3])
    return _each(stack, _planewise(lambda plane: wiener_hunt(plane, psf, balance, clip=True)))


def richardson_lucy(stack, *, sigma=1.5, num_iter=15):
    """Richardson-Lucy deconvolution (1972, 1974) of a Gaussian blur of ``sigma`` pixels.

    ``skimage.restoration.richardson_lucy`` but for the last digits: a Gaussian is the product of two lines, along which
    a stack is blurred at once, in a twentieth of the time.
    """
    lines = [_gaussian_psf(sigma, (side, 1))[:, 0] for side in stack.shape[1:3]]
    out = np.empty(stack.shape, dtype=np.float32)
    for part in iter_chunks(len(stack), max(1, _CHUNK_VALUES // max(1, stack[0].size if len(stack) else 1))):
        image = np.clip(stack[part], 0, 1).astype(np.float64)
        sharp = np.full_like(image, 0.5)
        for _ in range(num_iter):
            blurred = _along(sharp, lines) + 1e-12
            # Empty background would divide by zero.
            sharp *= _along(np.where(blurred < 1e-6, 0, image / blurred), lines)
        out[part] = np.clip(sharp, 0, 1)
    return out


def _along(stack, lines):
    """A stack filtered along its rows and columns; outside there is nothing."""
    for axis, line in enumerate(lines, start=1):
        stack = ndimage.correlate1d(stack, line, axis=axis, mode="constant")
    return stack


def impulse_mask(stack, *, threshold=0.3):
    """Pixels at the end of the range that stand out from the median around them by more than ``threshold``."""
    unit = np.clip(stack, 0, 1)
    extreme = (unit <= 1 / 255) | (unit >= 254 / 255)
    mask = extreme & (np.abs(unit - median(unit)) > threshold)
    return mask.any(axis=-1) if stack.ndim == 4 else mask


def inpaint_biharmonic(stack, *, mask=None):
    """Fill the pixels of ``mask`` by biharmonic equations (Damelin and Hoang, 2018).

    ``mask`` is boolean, (n, height, width) or (height, width); None fills impulses, as :func:`impulse_mask` finds them.
    """
    from skimage.restoration import inpaint_biharmonic as biharmonic

    mask = impulse_mask(stack) if mask is None else np.asarray(mask, dtype=bool)
    if mask.shape not in (stack.shape[:3], stack.shape[1:3]):
        raise ValueError(f"mask must be of shape {stack.shape[:3]} or {stack.shape[1:3]}, got {mask.shape}.")
    mask = np.broadcast_to(mask, stack.shape[:3])
    out = np.clip(stack, 0, 1).astype(np.float32)
    for row in np.flatnonzero(mask.any(axis=(1, 2)) & ~mask.all(axis=(1, 2))):
        # The copy is writable, which its compiled part asks for.
        filled = biharmonic(out[row].astype(np.float64), mask[row].copy(), channel_axis=_channel_axis(stack))
        out[row] = np.clip(filled, 0, 1)
    return out

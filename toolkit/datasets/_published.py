"""MNIST and Fashion-MNIST: published, fetched once, verified by content."""

from collections.abc import Sequence

import numpy as np

from toolkit._core.names import lookup
from toolkit.datasets._cache import PublishedFile, content_of
from toolkit.datasets._idx import parse_idx
from toolkit.datasets._image_set import ImageSet

__all__ = ["FASHION_CLASSES", "fetch_fashion_mnist", "fetch_mnist"]

# Names of the Fashion-MNIST labels 0 to 9.
FASHION_CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip

PARTS = {"train": ("train",), "test": ("test",), "all": ("train", "test")}
_N_SAMPLES = {"train": 60_000, "test": 10_000}
_PREFIXES = {"train": "train", "test": "t10k"}
_SOURCES = {
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    "fashion_mnist": (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ),
}
# sha256 of the unpacked files.
_SHA256 = {
    ("mnist", "train", "images"): "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ("mnist", "train", "labels"): "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ("mnist", "test", "images"): "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ("mnist", "test", "labels"): "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ("fashion_mnist", "train", "images"): "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    ("fashion_mnist", "train", "labels"): "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ("fashion_mnist", "test", "images"): "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    ("fashion_mnist", "test", "labels"): "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
ALTERNATIVE = "load_digits() and load_glyphs() of toolkit.datasets need no download."


def published_file(dataset, part, what):
    """Record of one of the four files of MNIST or Fashion-MNIST."""
    rank, header, item = (3, 16, 784) if what == "images" else (1, 8, 1)
    name = f"{_PREFIXES[part]}-{what}-idx{rank}-ubyte"
    urls = tuple(f"{source}{name}.gz" for source in _SOURCES[dataset])
    return PublishedFile(dataset, name, header + item * _N_SAMPLES[part], _SHA256[dataset, part, what], urls)


def _fetch(dataset, subset, **options):
    images, labels = [], []
    for part in lookup(PARTS, subset, "subset"):
        for what, found in (("images", images), ("labels", labels)):
            file = published_file(dataset, part, what)
            found.append(parse_idx(content_of(file, alternative=ALTERNATIVE, **options), file.name))
    return ImageSet(np.concatenate(images), np.concatenate(labels).astype(np.int64), name=f"{dataset}/{subset}")


def fetch_mnist(
    subset: str = "train", *, mirrors: Sequence[str] = (), download_if_missing: bool = True, verbose: bool = False
) -> ImageSet:
    """Fetch MNIST: 70,000 handwritten digits.

    The files are looked for in ``$TOOLKIT_DATA/mnist`` (else the user's cache folder), gzipped or unpacked, and
    verified by the sha256 of their content. What is missing is downloaded, continued where a cut connection left it.

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        60,000, 10,000 or both in this order.
    mirrors : sequence of str, default=()
        Addresses of folders that hold the files, tried before the published ones.
    download_if_missing : bool, default=True
    verbose : bool, default=False
        Show the progress of a download.

    Returns
    -------
    ImageSet
        uint8 images of shape (n_samples, 28, 28), white ink on black; integer labels 0 to 9.

    Raises
    ------
    DownloadError
        Neither in the cache nor to be had.

    See Also
    --------
    load_digits : Real digits without a download.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, Gradient-based learning applied to document recognition, 1998.

    Examples
    --------
    >>> from toolkit.datasets import fetch_mnist
    >>> digits = fetch_mnist("test")  # doctest: +SKIP
    >>> digits.images.shape, int(digits.labels.max())  # doctest: +SKIP
    ((10000, 28, 28), 9)
    """
    return _fetch("mnist", subset, mirrors=mirrors, download_if_missing=download_if_missing, verbose=verbose)


def fetch_fashion_mnist(
    subset: str = "train", *, mirrors: Sequence[str] = (), download_if_missing: bool = True, verbose: bool = False
) -> ImageSet:
    """Fetch Fashion-MNIST: 70,000 pictures of clothes, ten classes.

    Parameters, storage and errors are those of :func:`fetch_mnist`; the folder is ``fashion_mnist``.

    Returns
    -------
    ImageSet
        uint8 images of shape (n_samples, 28, 28); integer labels 0 to 9, named by ``FASHION_CLASSES``.

    References
    ----------
    .. [1] H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST: a novel image dataset for benchmarking machine learning
       algorithms, 2017.

    Examples
    --------
    >>> from toolkit.datasets import FASHION_CLASSES, fetch_fashion_mnist
    >>> clothes = fetch_fashion_mnist("test")  # doctest: +SKIP
    >>> clothes.images.shape, FASHION_CLASSES[clothes.labels[0]]  # doctest: +SKIP
    ((10000, 28, 28), 'Ankle boot')
    """
    return _fetch("fashion_mnist", subset, mirrors=mirrors, download_if_missing=download_if_missing, verbose=verbose)

"""EMNIST: handwritten letters and digits, one archive of 536 MB with six splits."""

import hashlib
import logging
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toolkit._core.files import sha256, write_bytes, write_text
from toolkit._core.names import lookup
from toolkit._core.printable import printable
from toolkit.datasets._cache import (
    PublishedFile,
    cached_content,
    data_folder,
    download,
    download_error,
    is_writable,
)
from toolkit.datasets._glyph_faces import CLASSES
from toolkit.datasets._idx import parse_idx, unpacked
from toolkit.datasets._image_set import ImageSet
from toolkit.datasets._published import ALTERNATIVE, PARTS
from toolkit.exceptions import DataFormatError

__all__ = ["EMNIST_SPLITS", "fetch_emnist"]

_logger = logging.getLogger(__name__)

_FOLDER = "emnist"
ARCHIVE = "gzip.zip"
ARCHIVE_SHA256 = "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e"
ARCHIVE_URLS = (
    "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",
    "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/gzip.zip",
)
# Kept beside the extracted files: the sha256 of the content of each, as it was in the verified archive.
RECORD = "EXTRACTED_SHA256SUMS"
_DIGITS = tuple("0123456789")
_CAPITALS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@dataclass(frozen=True)
class Split:
    """How many images a split has, and the character of each label from ``first`` on."""

    n_train: int
    n_test: int
    characters: tuple[str, ...]
    first: int = 0


# Cohen et al. (2017), table II, as corrected in the published files (the letters split has 124,800 + 20,800).
EMNIST_SPLITS = {
    "byclass": Split(697_932, 116_323, _DIGITS + _CAPITALS + tuple("abcdefghijklmnopqrstuvwxyz")),
    "bymerge": Split(697_932, 116_323, CLASSES),
    "balanced": Split(112_800, 18_800, CLASSES),
    "letters": Split(124_800, 20_800, _CAPITALS, first=1),
    "digits": Split(240_000, 40_000, _DIGITS),
    "mnist": Split(60_000, 10_000, _DIGITS),
}
# sha256 of unpacked files that are passed around without the archive.
_SHA256 = {
    "emnist-mnist-test-images-idx3-ubyte": "0a5442aeabc1ec6cf0a8335d81debf853b46a7570f5d93805a4d6ef8b7281063",
    "emnist-mnist-test-labels-idx1-ubyte": "a0ffd2d4ce92418e020d53cf36f2b6c154c4f59344098a5e8d3c6e588109f0a0",
}


_MOST_BYTES = 2**30  # the archive has 536 MB


def fetch_emnist(
    split: str = "balanced",
    *,
    subset: str = "train",
    mirrors: Sequence[str] = (),
    download_if_missing: bool = True,
    verbose: bool = False,
) -> ImageSet:
    """Fetch a split of EMNIST, upright.

    The published images are stored transposed; here they are turned the right way. Files are looked for in
    ``$TOOLKIT_DATA/emnist`` (else the user's cache folder), gzipped or unpacked. A split that is not there is extracted
    from the archive ``gzip.zip``, and that is downloaded if it is missing (536 MB, once for all splits, continued where
    a cut connection left it).

    Parameters
    ----------
    split : {"balanced", "byclass", "bymerge", "letters", "digits", "mnist"}, default="balanced"
    subset : {"train", "test", "all"}, default="train"
    mirrors : sequence of str, default=()
        Addresses of folders that hold ``gzip.zip``, tried before the published ones.
    download_if_missing : bool, default=True
    verbose : bool, default=False
        Show the progress of a download.

    Returns
    -------
    ImageSet
        uint8 images of shape (n_samples, 28, 28), white ink on black. The labels are characters; in ``letters`` a
        capital stands for both cases, in ``balanced`` and ``bymerge`` for both where they look alike.

    Raises
    ------
    DownloadError
        Neither in the cache nor to be had.
    DataFormatError
        An extracted file is damaged.

    See Also
    --------
    load_glyphs : The same 47 classes as ``balanced``, without a download.

    References
    ----------
    .. [1] G. Cohen, S. Afshar, J. Tapson and A. van Schaik, EMNIST: an extension of MNIST to handwritten letters, 2017.

    Examples
    --------
    >>> from toolkit.datasets import fetch_emnist
    >>> letters = fetch_emnist("letters", subset="test")  # doctest: +SKIP
    >>> letters.images.shape, letters.labels.dtype.kind  # doctest: +SKIP
    ((20800, 28, 28), 'U')
    """
    known = lookup(EMNIST_SPLITS, split, "EMNIST split")
    parts = lookup(PARTS, subset, "subset")
    files = {(part, what): _file(split, part, what) for part in parts for what in ("images", "labels")}
    contents = _contents(list(files.values()), mirrors, download_if_missing, verbose)
    images, labels = [], []
    for (part, what), file in files.items():
        array = parse_idx(contents[file.name], file.name)
        n_samples = known.n_train if part == "train" else known.n_test
        expected = (n_samples, 28, 28) if what == "images" else (n_samples,)
        if array.shape != expected or array.dtype != np.uint8:
            raise DataFormatError(
                f"{file.name} has shape {array.shape} of {array.dtype}, expected {expected} of uint8."
            )
        if what == "images":
            images.append(array.transpose(0, 2, 1))
        else:
            labels.append(_characters(array, known, file.name))
    return ImageSet(np.concatenate(images), np.concatenate(labels), name=f"emnist_{split}/{subset}")


def _characters(labels, split, what):
    codes = labels.astype(np.int64) - split.first
    if len(codes) and (codes.min() < 0 or codes.max() >= len(split.characters)):
        raise DataFormatError(
            f"{what} holds labels from {labels.min()} to {labels.max()}, "
            f"expected {split.first} to {split.first + len(split.characters) - 1}."
        )
    return np.array(split.characters)[codes]


def _file(split, part, what):
    known = EMNIST_SPLITS[split]
    n_samples = known.n_train if part == "train" else known.n_test
    rank, header, item = (3, 16, 784) if what == "images" else (1, 8, 1)
    name = f"emnist-{split}-{part}-{what}-idx{rank}-ubyte"
    return PublishedFile(_FOLDER, name, header + item * n_samples, _SHA256.get(name) or _recorded().get(name))


def _recorded():
    """Name to sha256 of what was extracted from the verified archive."""
    try:
        lines = (data_folder() / _FOLDER / RECORD).read_text("utf-8").splitlines()
    except OSError:
        return {}
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines) if name}


def _contents(files, mirrors, download_if_missing, verbose):
    """Unpacked content of each file by name: from the cache, else from the archive, which is fetched if need be."""
    found, missing, problems = {}, [], []
    for file in files:
        content, wrong = cached_content(file)
        problems += wrong
        if content is None:
            missing.append(file)
        else:
            found[file.name] = content
    if not missing:
        return found
    archive = data_folder() / _FOLDER / ARCHIVE
    if not _is_archive(archive, problems):
        urls = [f"{mirror.rstrip('/')}/{ARCHIVE}" for mirror in mirrors] + list(ARCHIVE_URLS)
        if download_if_missing:
            failures = download(archive, urls, _check_archive, max_bytes=_MOST_BYTES, verbose=verbose)
        else:
            failures = ["downloading was not asked for"]
        if failures:
            raise download_error(archive.with_name(f"{missing[0].name}.gz"), problems + failures, ALTERNATIVE)
    return found | _extract(archive, missing)


def _check_archive(path):
    found = sha256(path)
    if found != ARCHIVE_SHA256:
        raise DataFormatError(f"{path} is not the published archive: sha256 {found}, not {ARCHIVE_SHA256}.")


def _is_archive(path, problems):
    if not path.exists():
        return False
    try:
        _check_archive(path)
        return True
    except (DataFormatError, OSError) as error:
        _logger.warning("%s", printable(error))
        problems.append(str(error))
        return False


def _extract(archive, files):
    """Take ``files`` out of the verified archive, and keep them beside it where that is allowed."""
    contents, keep = {}, is_writable(archive.parent)
    with zipfile.ZipFile(archive) as members:
        for file in files:
            packed = members.read(f"gzip/{file.name}.gz")
            contents[file.name] = unpacked(packed, file.name, max_bytes=file.n_bytes)
            if keep:
                write_bytes(archive.parent / f"{file.name}.gz", packed)
    if keep:
        recorded = _recorded() | {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        write_text(archive.parent / RECORD, "".join(f"{recorded[name]}  {name}\n" for name in sorted(recorded)))
    return contents

"""Models of scikit-learn and PyOD through skops, with a fixed list of trusted types."""

import io
import zipfile

from toolkit._persistence._classes import TRUSTED
from toolkit.datasets._npy_header import read_npy_header
from toolkit.exceptions import CheckpointError, DataFormatError

__all__ = ["dump_model", "load_model"]


def dump_model(model, path):
    """A model as bytes; a TypeError if it holds a type that would not be loaded again."""
    import skops.io

    try:
        content = skops.io.dumps(model)
        unknown = sorted(set(skops.io.get_untrusted_types(data=content)) - set(TRUSTED))
    except Exception as error:  # skops fails in many ways on what it does not know
        raise TypeError(f"Cannot save {path}: {type(model).__module__}.{type(model).__qualname__}: {error}") from error
    if unknown:
        raise TypeError(f"Cannot save {path}: it holds {', '.join(unknown)}, none of the types that are saved.")
    return content


def load_model(content):
    """The model of :func:`dump_model`; nothing beyond skops's own and our list of types is built."""
    import skops.io

    _check_members(content)
    try:
        return skops.io.loads(content, trusted=list(TRUSTED))
    except Exception as error:  # a forged file can fail anywhere in skops
        raise CheckpointError(
            f"holds a model that skops refuses: {type(error).__name__}: {str(error)[:200]}"
        ) from error


def _check_members(content):
    """Every member of the archive is as large as it says, and every array as large as its member."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                if member.compress_type != zipfile.ZIP_STORED or member.file_size > len(content):
                    raise CheckpointError(f"holds a compressed member {member.filename[:80]!r}, which is not written")
                if member.filename.endswith(".npy"):
                    with archive.open(member) as file:
                        header = read_npy_header(file, member.filename[:80], fields=True)
                    if header.offset + header.n_bytes != member.file_size:
                        raise CheckpointError(f"holds an array of {header.n_bytes} bytes in {member.file_size}")
    except (zipfile.BadZipFile, DataFormatError, OSError, NotImplementedError, RuntimeError, EOFError) as error:
        raise CheckpointError(f"holds a damaged archive: {str(error)[:200]}") from error

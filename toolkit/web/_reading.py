"""Reading the images that a visitor chose, with suspicion: in the process that works on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit._core.printable import printable
from toolkit.exceptions import DataFormatError
from toolkit.web._paths import NotAllowedError, below_root, check_links

if TYPE_CHECKING:
    from toolkit.datasets import ImageSet

__all__ = ["Choice", "read_images"]

_MOST_BYTES = 2**30  # of the arrays of a file
_MOST_PIXELS, _MOST_FILE = 2**26, 2**28  # of a picture, and of its file


@dataclass(frozen=True)
class Choice:
    """What a visitor chose.

    Parameters
    ----------
    kind : {"set", "upload", "path"}
    name : str
        A data set, or the path of a file or folder.
    n_images : int or None
    root : Path
        The folder below which paths lie; for uploads, where they are kept.
    seed : int
    """

    kind: str
    name: str
    n_images: int | None
    root: Path
    seed: int = 0

    @property
    def title(self) -> str:
        """What to call it."""
        return self.name if self.kind == "set" else printable(Path(self.name).name)


def read_images(choice: Choice) -> ImageSet:
    """The images of a choice.

    Raises
    ------
    DataFormatError
        The file does not hold what it should.
    NotAllowedError
        It lies elsewhere.
    """
    from toolkit.datasets import load_dataset

    if choice.kind == "set":
        return load_dataset(choice.name, choice.n_images, random_state=choice.seed)
    if choice.kind not in ("upload", "path"):
        raise NotAllowedError(f"{printable(choice.kind)} is no place that images come from.")
    path = below_root(choice.root, choice.name)
    try:
        found = _read(choice, path)
    except NotAllowedError:
        raise
    except (DataFormatError, OSError, ValueError) as error:
        # By the name that the visitor knows: where an upload is kept, or the root lies, is nobody's business.
        raise DataFormatError(str(error).replace(printable(path), choice.title)) from error
    return found if choice.n_images is None else found.subset(slice(choice.n_images))


def _read(choice: Choice, path: Path) -> ImageSet:
    from toolkit.datasets import load_image_folder, load_images

    if path.is_dir() or path.suffix.lower() == ".zip":
        check_links(choice.root, path)
        return load_image_folder(
            path, mode="auto", keep_duplicates=True, max_pixels=_MOST_PIXELS, max_bytes=_MOST_FILE, cache=False
        )
    if path.suffix.lower() in (".npz", ".npy"):
        return load_images(path, max_bytes=_MOST_BYTES)
    raise DataFormatError(f"{choice.title} is neither .npz, .npy nor .zip, nor a folder of pictures.")

"""The part of a page by which images are chosen: a data set, an upload, or a file or folder below the root."""

from pathlib import Path
from typing import Any

from toolkit.web._paths import NotAllowedError, below_root, list_below
from toolkit.web._reading import Choice

__all__ = ["SourcePicker", "usable_sets"]

SET, UPLOAD, PATH = "Data set", "Upload", "File or folder"
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif")
_FILES = (".npz", ".npy", ".zip")


def usable_sets() -> list[str]:
    """Data sets that need no download, published ones by their part for training."""
    from toolkit.datasets import available_datasets

    sets = available_datasets()
    names = []
    for name, source, there in sets[["name", "source", "available"]].itertuples(index=False):
        if source == "embedded":
            names.append(name)
        elif there != "none":
            names.append(f"{name}/{'train' if there == 'all' else there}")
    return names


class SourcePicker:
    """Controls to choose images by.

    Parameters
    ----------
    gr : module
    root : Path
    label : str
    name : str
        Begins the identifiers of its elements.
    n_images : int
        Proposed.
    """

    def __init__(self, gr: Any, root: Path, *, label: str, name: str, n_images: int):
        self._root = root
        sets = usable_sets()
        with gr.Group(elem_id=f"{name}-source"):
            self.kind = gr.Radio([SET, UPLOAD, PATH], value=SET, label=label, elem_id=f"{name}-kind")
            self.set = gr.Dropdown(sets, value="digits", label="Which", elem_id=f"{name}-set")
            self.upload = gr.File(
                label=".npz, .npy, or .zip of pictures",
                file_types=list(_FILES),
                type="filepath",
                visible="hidden",
                height=120,
                elem_id=f"{name}-upload",
            )
            self.path = gr.Dropdown(
                [],
                label="Below the folder that is served",
                allow_custom_value=True,
                visible="hidden",
                elem_id=f"{name}-path",
            )
            self.n_images = gr.Number(n_images, label="Images at most", precision=0, elem_id=f"{name}-n")
        self.kind.change(
            self._show,
            inputs=[self.kind],
            outputs=[self.set, self.upload, self.path],
            show_progress="hidden",
            api_visibility="private",
        )
        self._gr = gr

    @property
    def inputs(self) -> list:
        """The components whose values :meth:`choice` takes."""
        return [self.kind, self.set, self.upload, self.path, self.n_images]

    def set_named(self, name: str) -> str | None:
        """The data set that a training calls ``name`` in its record, None where it is none."""
        return next((known for known in usable_sets() if name in (known, known.removesuffix("/train"))), None)

    def _show(self, kind):
        gr = self._gr
        names = list_below(self._root, _data_in) if kind == PATH else []
        return (
            gr.update(visible=True if kind == SET else "hidden"),
            gr.update(visible=True if kind == UPLOAD else "hidden"),
            gr.update(visible=kind == PATH or "hidden", choices=names) if names else gr.update(visible=kind == PATH),
        )

    def choice(self, kind, name, upload, path, n_images, *, seed: int = 0) -> Choice:
        """What was chosen, checked.

        Raises
        ------
        ValueError, NotAllowedError, FileNotFoundError
        """
        n_images = _whole("Images at most", n_images, 2, 200_000)
        if kind == SET:
            if name not in usable_sets():
                raise ValueError("Choose one of the data sets.")
            return Choice("set", name, n_images, self._root, seed)
        if kind == UPLOAD:
            if not upload:
                raise ValueError("Upload a file first.")
            kept = Path(self.upload.GRADIO_CACHE).resolve()
            return Choice("upload", str(below_root(kept, upload)), n_images, kept, seed)
        if kind != PATH:
            raise NotAllowedError("There are three places that images come from.")
        return Choice("path", str(below_root(self._root, path)), n_images, self._root, seed)


def _whole(what: str, value: object, low: int, high: int) -> int:
    """A whole number from a field, within its bounds."""
    if not isinstance(value, (int, float)) or value != value or not low <= value <= high:
        raise ValueError(f"{what} must be a whole number from {low:,} to {high:,}.")
    return int(value)


def _data_in(folder, names):
    """What of a folder can be chosen: files of images, and the folder itself where pictures are in it."""
    for name in sorted(names):
        if name.lower().endswith(_FILES) and not name.startswith("."):
            yield folder / name
    if any(name.lower().endswith(_PICTURES) for name in names):
        yield folder

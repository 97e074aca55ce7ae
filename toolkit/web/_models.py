"""Trained models below the root: which there are, and one of them, loaded."""

from pathlib import Path
from typing import Any

from toolkit._core.printable import printable
from toolkit.web._paths import below_root, list_below
from toolkit.web._visits import Visit

__all__ = ["load_model", "model_folder", "model_names", "named_model"]


def model_folder(folder: Path) -> Path:
    """Where in a folder the saved estimator is: in a training folder, or a study's, beneath ``model``."""
    return folder / "model" if (folder / "model").is_dir() else folder


def model_names(root: Path, *, arithmetic: bool = False) -> list[str]:
    """Folders below the root with a finished model, as they can be chosen."""

    def finished(folder, names):
        record = "summary.json" if arithmetic else "training.json"
        if record in names and "model" in names and arithmetic == ("training.json" not in names):
            yield folder

    return list_below(root, finished)


def named_model(root: Path, name: object, maker: str = "the page Train and watch makes one") -> Path:
    """The folder of the model that was chosen; who chose none is told where models come from."""
    if not str(name or "").strip():
        raise ValueError(f"Choose a model first: {maker}.")
    return below_root(root, str(name))


def load_model(visit: Visit, root: Path, name: object, methods: tuple[str, ...]) -> Any:
    """The model in a folder that a visitor names; kept for the next request.

    Raises
    ------
    NotAllowedError, FileNotFoundError, CheckpointError
    ValueError
        It is no model of the kind that is wanted.
    """
    import toolkit

    place = named_model(root, name)
    folder = model_folder(place)
    if folder == place and (place / "training.json").is_file():
        raise ValueError(f"The training in {printable(name)} has not ended: Resume goes on with it, Keep ends it.")
    if not folder.is_dir():
        raise ValueError(f"{printable(name)} is no folder with a saved model.")
    stamp = (str(folder), folder.stat().st_mtime_ns)  # a folder is replaced as a whole
    with visit.lock:
        known = visit.found.get("model")
        if known is None or known[0] != stamp:
            known = (stamp, toolkit.load(folder))
            visit.found["model"] = known
    model = known[1]
    if not all(hasattr(model, method) for method in methods):
        raise ValueError(f"{printable(name)} holds {type(model).__name__}, which is not what this page is for.")
    return model

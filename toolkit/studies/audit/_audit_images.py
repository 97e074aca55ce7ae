"""The one-call way into an audit, from a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike

from toolkit.datasets import ImageSource
from toolkit.studies.audit._given import images_and_names
from toolkit.studies.audit._outcome import AuditResult
from toolkit.studies.audit._run import run_audit

__all__ = ["audit_images"]


def audit_images(
    images: ArrayLike | ImageSource, *, detectors: Sequence[str] = (), random_state: int = 0, **options: Any
) -> AuditResult:
    """Find out what is wrong with a set of images, which ones, and undo it where that can be confirmed.

    Parameters
    ----------
    images : array-like, ImageSet, ImageFolder, ImageSource or torch Dataset
        Damaged images among sound ones, which are the majority: arrays of shape (n_samples, height, width[, 3]) or
        (n_samples, n_features). No labels are used. Images of a folder go by their paths in the result.
    detectors : sequence of str, default=()
        Outlier detectors to compare on this set, by name.
    random_state : int, default=0
    **options
        As in :func:`toolkit.studies.run_audit`.

    Returns
    -------
    AuditResult
        It shows itself in a notebook, and has ``findings()``, ``per_image``, ``repaired``, ``to_html(path)`` and
        ``write(folder)``; its ``auditor`` judges further images of the same kind.

    Examples
    --------
    >>> import toolkit
    >>> from toolkit.datasets import load_digits
    >>> result = toolkit.audit_images(load_digits().images[:60])
    >>> len(result.per_image), len(result.findings()) > 0
    (60, True)
    """
    images, known = images_and_names(images)
    return run_audit(images, detectors=detectors, random_state=random_state, **(known | options))

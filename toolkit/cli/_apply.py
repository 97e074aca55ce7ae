"""``toolkit apply``: carry out what was decided on a report's page."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit._core.printable import printable

__all__ = ["apply"]

_LISTED = 10


def apply(
    decisions: Annotated[
        Path, typer.Argument(metavar="DECISIONS", help="The .json or .csv that the page of the report exported.")
    ],
    audit: Annotated[
        Path, typer.Option(metavar="DIR", help="The folder that `toolkit audit` wrote.", show_default=False)
    ],
    data: Annotated[
        Path,
        typer.Option(metavar="FOLDER|FILE", help="The folder, .npz or .npy that was audited.", show_default=False),
    ],
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="New or empty folder for what stays.", show_default=False)
    ],
    strip_metadata: Annotated[
        bool, typer.Option("--strip-metadata", help="Write no EXIF, XMP, comments or thumbnails; pixels stay.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary; errors only.")] = False,
):
    """Write a cleaned copy by what you decided in report.html; all else becomes what the audit proposed.

    The copy of a folder has its tree and names: kept files byte for byte, repaired ones at their own size. Of a .npz or
    .npy file the images that stay are written to images.npz. An image that you named otherwise than the audit did is
    repaired anew, if the checks of every repair confirm it; else it stays as it is, and is listed. What was given is
    never changed. Decisions on files that have changed since, that the audit does not have, or that lie outside of the
    folder are refused, and nothing is written.
    """
    from toolkit.studies import apply_decisions, cleaning_findings

    applied = apply_decisions(
        decisions, audit, data, out, strip_metadata=strip_metadata, dry_run=dry_run, verbose=not quiet
    )
    if quiet:
        return
    said = cleaning_findings(applied, {"cleaned": printable(out.name), "dry_run": dry_run})
    refused = applied["note"].fillna("").str.startswith("not repaired: ")
    left = applied[(applied["done"] == "left out") | refused]
    name = "path" if "path" in applied else "index"
    said += [f"  {row[name]}: {row['note'] or 'left out'}" for row in left.head(_LISTED).to_dict(orient="records")]
    if len(left) > _LISTED:
        said.append(f"  ... and {len(left) - _LISTED:,} more.")
    print(*said, sep="\n")

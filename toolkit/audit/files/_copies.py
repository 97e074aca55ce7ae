"""Which copies are left out of a cleaned copy: only those of which another one is kept."""

from collections.abc import Collection

import pandas as pd

from toolkit.audit.files._file_audit import FileAudit

__all__ = ["copies_left_out"]


def copies_left_out(
    audit: FileAudit, leave_out: Collection[str], lost: Collection[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Of files that another one stands for: why they are left out; and why some changed copies stay.

    Parameters
    ----------
    audit : FileAudit
    leave_out : collection of str
        Of these names "exact_duplicates" and "near_duplicates" are looked for.
    lost : collection of str
        Paths of files that are left out for another reason: they stand for nothing.

    Returns
    -------
    reasons, stay : dict of str to str
        By path.
    """
    table = audit.per_file.assign(pixels=audit.survey.files["pixels"].to_numpy())
    table = table[~table["path"].isin(lost)]
    reasons: dict[str, str] = {}
    if "exact_duplicates" in leave_out:
        for _, rows in table.groupby("pixels"):
            kept = rows.sort_values("duplicate_of", key=lambda names: names != "", kind="stable")["path"].iloc[0]
            reasons |= {path: f"equal to {kept}" for path in rows["path"] if path != kept}
    stay: dict[str, str] = {}
    if "near_duplicates" in leave_out:
        rest = table[(table["duplicate_group"] >= 0) & ~table["path"].isin(reasons)]
        for _, rows in rest.groupby("duplicate_group"):
            kept = _kept(rows)
            for file in rows[rows["pixels"] != kept["pixels"]].to_dict(orient="records"):
                how = f" ({file['difference']})" if file["difference"] and not kept["duplicate_of"] else ""
                said = f"copy of {kept['path']}{how}"
                if file["frames"] == 1:
                    reasons[file["path"]] = said
                else:  # of which only the first was compared
                    stay[file["path"]] = f"{said} left: it has several frames"
    return reasons, stay


def _kept(rows: pd.DataFrame) -> "pd.Series":
    """The one to keep of a group; where that is left out for another reason, the largest of the others."""
    first = rows[rows["duplicate_of"] == ""]
    if len(first):
        return first.iloc[0]
    area = rows["width"].astype(float) * rows["height"].astype(float)
    order = rows.assign(area=area).sort_values(["area", "bytes"], ascending=False, kind="stable")
    return order.iloc[0]

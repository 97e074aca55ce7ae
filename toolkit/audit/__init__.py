"""One judgement of any images, by judges fitted to a set: findings, anomaly scores, repairs; and duplicates."""

from toolkit.audit._audit import PER_IMAGE_COLUMNS, UNJUDGED, Audit, merge_audits
from toolkit.audit._auditor import Auditor
from toolkit.audit._duplicates import PAIR_COLUMNS, Duplicates
from toolkit.audit._duplicates_find import find_duplicates
from toolkit.audit._duplicates_signature import SIGNATURE_LENGTH, image_signature

__all__ = [
    "PAIR_COLUMNS",
    "PER_IMAGE_COLUMNS",
    "SIGNATURE_LENGTH",
    "UNJUDGED",
    "Audit",
    "Auditor",
    "Duplicates",
    "find_duplicates",
    "image_signature",
    "merge_audits",
]

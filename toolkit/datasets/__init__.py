"""Where images come from: embedded sets, published sets, and files.

Images come as the same :class:`ImageSet`: images, and labels and kinds where they are known. Points in the plane, on
which mode collapse is measured, come as a :class:`PointSet`.
"""

from toolkit.datasets._arithmetic import ArithmeticSet, make_arithmetic, pad_strings
from toolkit.datasets._catalogue import available_datasets, load_dataset
from toolkit.datasets._digits import load_digits
from toolkit.datasets._download import ResumingDownloader
from toolkit.datasets._emnist import fetch_emnist
from toolkit.datasets._folder import load_image_folder
from toolkit.datasets._folder_files import list_files
from toolkit.datasets._glyphs import load_glyphs
from toolkit.datasets._image_folder import ImageFolder, read_original
from toolkit.datasets._image_set import ImageSet
from toolkit.datasets._npz import load_images, load_npz, save_npz
from toolkit.datasets._points import PointSet, load_grid, load_ring
from toolkit.datasets._published import FASHION_CLASSES, fetch_fashion_mnist, fetch_mnist
from toolkit.datasets._rendered_queries import render_queries
from toolkit.datasets._source import ArraySource, ImageSource, as_source, is_source
from toolkit.datasets._stacked import stacked_digits
from toolkit.datasets._survey import FileSurvey, survey_folder
from toolkit.datasets.sources._open import is_sharded, open_images
from toolkit.datasets.sources._sharded import ShardedImages

__all__ = [
    "FASHION_CLASSES",
    "ArithmeticSet",
    "ArraySource",
    "FileSurvey",
    "ImageFolder",
    "ImageSet",
    "ImageSource",
    "PointSet",
    "ResumingDownloader",
    "ShardedImages",
    "as_source",
    "available_datasets",
    "fetch_emnist",
    "fetch_fashion_mnist",
    "fetch_mnist",
    "is_sharded",
    "is_source",
    "list_files",
    "load_dataset",
    "load_digits",
    "load_glyphs",
    "load_grid",
    "load_image_folder",
    "load_images",
    "load_npz",
    "load_ring",
    "make_arithmetic",
    "open_images",
    "pad_strings",
    "read_original",
    "render_queries",
    "save_npz",
    "stacked_digits",
    "survey_folder",
]

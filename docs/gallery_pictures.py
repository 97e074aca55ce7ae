"""What sphinx-gallery shows of a script: the display or figure that the last line of a block is.

Displays of the toolkit make figures that pyplot knows nothing of, so sphinx-gallery's own scraper would not see them.
"""

import pandas as pd
from sphinx_gallery.scrapers import figure_rst

pd.set_option("display.max_colwidth", None)  # a page has room for whole sentences


def scrape(block, block_vars, gallery_conf):
    """Save the picture of a block, if its last line is one, and return what shows it."""
    names = block_vars["example_globals"]
    shown = names.get("___")
    figure = getattr(shown, "figure_", shown)
    # The last value stays until another block has one: it is drawn once.
    if not hasattr(figure, "savefig") or shown is names.get("_drawn"):
        return ""
    names["_drawn"] = shown
    path = next(block_vars["image_path_iterator"])
    figure.savefig(path, dpi=110, bbox_inches="tight", facecolor="white")
    return figure_rst([path], gallery_conf["src_dir"])


def _get_sg_image_scraper():
    """How sphinx-gallery finds the function by the name of this module; a function in its settings it cannot cache."""
    return scrape


SETTINGS = {
    "examples_dirs": "gallery",
    "gallery_dirs": "_generated/gallery",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "image_scrapers": ("gallery_pictures",),
    "reset_modules": (),
    "capture_repr": ("_repr_html_",),  # tables; models and displays are told by their pictures
    "ignore_repr_types": r"sklearn\.|toolkit\.(?!plots)",
    "thumbnail_size": (480, 300),
    "download_all_examples": False,
    "show_signature": False,
    "min_reported_time": 1000,
    "write_computation_times": False,
    "remove_config_comments": True,
    "doc_module": ("toolkit",),
    "backreferences_dir": "_generated/backreferences",
    "inspect_global_variables": True,
    "plot_gallery": True,
    "abort_on_example_error": False,
    "only_warn_on_example_error": False,  # a script that fails fails the build
}

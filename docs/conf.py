"""How Sphinx builds these pages: ``make docs``, or ``sphinx-build -W -b html docs docs/_build``.

Pages that follow from something else (the API reference, the benchmark tables, the notebooks) are written into
``docs/_generated`` first, and the scripts of the gallery run. Nothing is
fetched: no inventories of other projects, no fonts, no scripts.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import gallery_pictures
import generated_pages
import text_columns

import toolkit

generated_pages.write()

project = "toolkit"
author = "the toolkit's authors"
release = version = toolkit.__version__
project_copyright = author

extensions = ["myst_nb", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx_gallery.gen_gallery"]
exclude_patterns = ["_build", "_templates", "images", "gallery", "_generated/backreferences"]
exclude_patterns += ["_generated/gallery/**/*.ipynb"]
sphinx_gallery_conf = {**gallery_pictures.SETTINGS}
templates_path = ["_templates"]

# Markdown; notebooks as they were run and committed.
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_merge_streams = True

# Docstrings: the members of a class are listed by the template, with those of the toolkit's own base classes.
autosummary_generate = True
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_inherit_docstrings = True
numpydoc_show_class_members = False
numpydoc_attributes_as_param_list = True

html_theme = "furo"
html_title = "toolkit"
html_static_path = ["_static"]
html_css_files = ["toolkit.css"]
html_show_sphinx = False
toc_object_entries_show_parents = "hide"
html_copy_source = False


def setup(app):
    """Mend what reStructuredText would take amiss in docstrings that are read as text, too; align columns of words.

    Names such as ``n_bins_`` in shapes are no references to a target, and the initials of an author no enumerated list.
    """
    import re

    name = re.compile(r"(?<![\w`*])([A-Za-z]\w*)_(?=[,) ])")
    shape = re.compile(r"shape \(([^)]*)\)")
    initial = re.compile(r"^(\s*(?:\.\. \[[^\]]+\] )?)(?=[A-Z]\. [A-Z])")

    def escape(app, what, full_name, thing, options, lines):
        for place, line in enumerate(lines):
            line = shape.sub(lambda match: name.sub(r"\1\\_", match[0]), line)
            lines[place] = initial.sub(r"\1\\", line)

    def align(app, pagename, templatename, context, doctree):
        if "body" in context:
            # A picture that a notebook drew is called by its file, which says nothing to who cannot see it.
            body = re.sub(r'alt="[^"]*\.png"', 'alt="What the cell above draws"', context["body"])
            context["body"] = text_columns.words_to_the_left(body)

    app.connect("autodoc-process-docstring", escape, priority=900)  # after numpydoc
    app.connect("html-page-context", align)

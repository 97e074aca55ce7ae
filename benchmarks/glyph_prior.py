"""Make what identifiers begin from: a network that has named corruptions planted in images that nobody photographed.

100,000 glyphs in the sans-serif, mono-spaced and italic fonts, and 70,000 procedural images (strokes, objects made of
parts, shapes, textures, dead leaves, blobs: ``procedural_images.py``); 260 rounds of 20,000. The serif fonts stay out,
since figures are reported on them. The toolkit ships the network that knows all kinds. For the table of kinds that were
never planted (``unplanted.py``) there are three more, each without one group of kinds: what the identifier must not
know, its prior must not know either. About half an hour each on one core that computes with bfloat16, an hour on
another.

    python benchmarks/glyph_prior.py             makes the four that are missing
    python benchmarks/glyph_prior.py --only all  makes the shipped one, ``grey.safetensors`` beside the identifier
    python benchmarks/glyph_prior.py --again     makes them anew
"""

import argparse
from pathlib import Path

import numpy as np
from procedural_images import procedural_images

from toolkit import diagnostics
from toolkit.corruption import KINDS
from toolkit.datasets import load_glyphs
from toolkit.diagnostics import pretrain_identifier

GROUPS = [sorted(KINDS)[start::3] for start in range(3)]
FONTS, N_GLYPHS = ("sans", "mono", "italic"), 100_000
# Things that have an upright by their making come more often than what has none.
SORTS = ("strokes", "objects") * 3 + ("shapes", "textures", "leaves", "blobs") * 2
N_PROCEDURAL, ROUNDS = 70_000, 260
OUTPUTS = Path(__file__).parent.parent / "outputs"


def prior_without(group):
    """The file of the prior that has never seen the kinds of ``GROUPS[group]``."""
    return OUTPUTS / f"prior_group{group}.safetensors"


def wanted():
    """Kinds and file of each prior, by name."""
    known = {f"group{g}": [kind for kind in sorted(KINDS) if kind not in GROUPS[g]] for g in range(3)}
    return {"all": (KINDS, Path(diagnostics.__file__).parent / "identifier" / "grey.safetensors")} | {
        name: (kinds, prior_without(int(name[-1]))) for name, kinds in known.items()
    }


def training_images():
    """Everything that is planted in, of 28 x 28 pixels."""
    glyphs = load_glyphs(N_GLYPHS, fonts=list(FONTS), random_state=77).images
    return np.concatenate([glyphs, procedural_images(N_PROCEDURAL, seed=77, sorts=SORTS)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=wanted(), help="make this one alone")
    parser.add_argument("--again", action="store_true", help="make anew what is there")
    options = parser.parse_args()
    images = None
    for name, (kinds, path) in wanted().items():
        if (options.only in (None, name)) and (options.again or not path.exists()):
            if images is None:
                images = training_images()
            print(pretrain_identifier(images, path, kinds=kinds, rounds=ROUNDS, random_state=7), flush=True)


if __name__ == "__main__":
    main()

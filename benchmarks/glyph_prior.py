"""Make what identifiers begin from: a network that has named corruptions planted in rendered glyphs.

80,000 glyphs in the sans-serif, mono-spaced and italic fonts; 100 rounds of 20,000. The serif fonts stay out, since
figures are reported on them. The toolkit ships the network that knows all kinds. For the table of kinds that were never
planted (``unplanted.py``) there are three more, each without one group of kinds: what the identifier must not know, its
prior must not know either. About 13 minutes each on one core.

    python benchmarks/glyph_prior.py             makes the four that are missing
    python benchmarks/glyph_prior.py --only all  makes the shipped one, ``glyphs.safetensors`` beside the identifier
    python benchmarks/glyph_prior.py --again     makes them anew
"""

import argparse
from pathlib import Path

from toolkit import diagnostics
from toolkit.corruption import KINDS
from toolkit.datasets import load_glyphs
from toolkit.diagnostics import pretrain_identifier

GROUPS = [sorted(KINDS)[start::3] for start in range(3)]
FONTS, N_GLYPHS = ("sans", "mono", "italic"), 80_000
OUTPUTS = Path(__file__).parent.parent / "outputs"


def prior_without(group):
    """The file of the prior that has never seen the kinds of ``GROUPS[group]``."""
    return OUTPUTS / f"prior_group{group}.safetensors"


def wanted():
    """Kinds and file of each prior, by name."""
    known = {f"group{g}": [kind for kind in sorted(KINDS) if kind not in GROUPS[g]] for g in range(3)}
    return {"all": (KINDS, Path(diagnostics.__file__).parent / "identifier" / "glyphs.safetensors")} | {
        name: (kinds, prior_without(int(name[-1]))) for name, kinds in known.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=wanted(), help="make this one alone")
    parser.add_argument("--again", action="store_true", help="make anew what is there")
    options = parser.parse_args()
    glyphs = None
    for name, (kinds, path) in wanted().items():
        if (options.only in (None, name)) and (options.again or not path.exists()):
            if glyphs is None:
                glyphs = load_glyphs(N_GLYPHS, fonts=list(FONTS), random_state=77).images
            print(pretrain_identifier(glyphs, path, kinds=kinds, random_state=7), flush=True)


if __name__ == "__main__":
    main()

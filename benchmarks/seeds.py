"""How many seeds each table has, and why where it has fewer than three: a line that is printed under it."""

import re
from collections import defaultdict

ENOUGH = 3
# What is left of a cell's name without its draw is its row; ``fold``, ``run`` and ``draw`` are draws as ``seed`` is.
_DRAW = re.compile(r"_?(?:seed|fold|run|draw)\d+|-\d$")

_SAME_WORK = "what is measured, time or memory of the same work, depends on no seed"
_FILES = "the files are the sample, each of half of a set, drawn once for each fault"
_COST = "more were not run"  # what they would take is added

# Why a table has a row of fewer than three seeds.
WHY = {
    "arithmetic_models": _COST,
    "audit_cost": _SAME_WORK,
    "autoencoder_mnist": _COST,
    "batched_seeds": "eight seeds are in each cell: they are what is compared",
    "cats": "a fit takes twenty minutes, by the protocol; intervals are from halves of the images",
    "collapse_mnist": "one is the row of real images, which no seed changes",
    "conditional_default": "three of the default, one of the embedding, which stands beside",
    "conditional_digits": _COST,
    "coverage_calibration": "two hundred random splits and three hundred draws of each fault are in the cells",
    "damaged_checkpoints": "thousands of random changes are in the cells",
    "diagnostics_speed": _SAME_WORK,
    "digit_reader": "one reader is trained, and used by all tables as it is",
    "duplicates": "the other tool was given the scans once",
    "engines": _SAME_WORK + "; a cell is the median of three turns",
    "estimated_detection": _COST,
    "everyday_faults": _FILES,
    "flawed_metrics": "each check is run in three settings, of dimensions, rows and seed",
    "flow_mnist": _COST,
    "folder_audit": _SAME_WORK,
    "gan_speed": _SAME_WORK,
    "glyph_reader": "three with all fonts, one with each choice that stands beside",
    "identification": "three with twelve kinds, one with all 22, which stand beside",
    "image_folder": _SAME_WORK + "; each number of workers has five runs",
    "kill_commands": "ten random moments are in each cell",
    "kill_parts": "ten random moments are in each cell",
    "kill_resume": "three random moments are in each cell, forty in the last",
    "large_sets": _SAME_WORK,
    "no_harm": _COST,
    "one_kind": _COST,
    "other_hands": _COST,
    "photographs": _FILES,
    "prdc_speed": _SAME_WORK,
    "repaired_generator": "three pairs of digits, each with a seed of its own",
    "ring_grid": "ten as published, one of what stands beside",
    "rounds": _COST,
    "scale": _SAME_WORK,
    "stacked": "two, by the protocol: a fit takes 26 minutes of one core",
    "training_memory": _SAME_WORK,
    "vae_mnist": _COST,
    "witness_weights": "one fit to all that the tuning halves hold; each set is told by weights fitted without it",
}


def counted(names):
    """How many draws each row has, from the names of its cells."""
    rows = defaultdict(set)
    for name in names:
        rows[_DRAW.sub("", name)].add(tuple(_DRAW.findall(name)))
    return {row: len(draws) for row, draws in rows.items()}


def said(table, results):
    """The line about seeds under a table."""
    counts = counted(results)
    fewest, most = min(counts.values()), max(counts.values())
    line = f"Seeds a row: {fewest}" if fewest == most else f"Seeds a row: {fewest} to {most}"
    why = WHY.get(table, "")
    if why == _COST:
        spent = [cell["cell_cpu_seconds"] for cell in results.values() if cell.get("cell_cpu_seconds")]
        seconds = sum(spent) / len(spent) * len(counts)
        taken = f"{seconds / 60:.0f} minutes" if seconds > 100 else f"{seconds:.0f} seconds"
        why += f": one more for each row takes about {taken} of processor time"
    return f"{line}; {why}." if why else f"{line}."

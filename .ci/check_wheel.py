"""Check a built wheel: its size, that of its weights, and that all data of the package is in it.

``python .ci/check_wheel.py dist/toolkit-*.whl``
"""

import sys
import zipfile
from pathlib import Path

MOST, MOST_WEIGHTS = 9_000_000, 7_000_000
ROOT = Path(__file__).parent.parent


def main(path):
    """Say how large it is, or what is wrong."""
    with zipfile.ZipFile(path) as wheel:
        entries = {entry.filename: entry.compress_size for entry in wheel.infolist()}
    size, weights = Path(path).stat().st_size, sum(n for name, n in entries.items() if name.endswith(".safetensors"))
    needed = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "toolkit").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    problems = [f"{name} is missing" for name in sorted(needed - set(entries))]
    problems += [f"{name} does not belong in it" for name in entries if name.split("/")[0] in ("tests", "benchmarks")]
    if size > MOST:
        problems.append(f"it has {size:,} bytes, at most {MOST:,} are allowed")
    if weights > MOST_WEIGHTS:
        problems.append(f"its weights have {weights:,} bytes, at most {MOST_WEIGHTS:,} are allowed")
    print(f"{Path(path).name}: {size / 1e6:.2f} MB, {weights / 1e6:.2f} MB of them weights, {len(entries)} files")
    return "\n".join(problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) or 0)

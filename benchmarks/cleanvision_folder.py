"""What CleanVision says of the pictures of a folder, as JSON; run by the Python of an environment that has it.

PYTHON benchmarks/cleanvision_folder.py FOLDER OUT.json
"""

import json
import resource
import sys
import time
from pathlib import Path

ISSUES = ("dark", "light", "blurry", "low_information", "grayscale", "odd_size", "odd_aspect_ratio")


def main(folder, target):
    from cleanvision import Imagelab

    start = time.process_time()
    lab = Imagelab(data_path=str(folder))
    lab.find_issues({name: {} for name in ISSUES}, n_jobs=1, verbose=False)
    seconds = time.process_time() - start
    scores = {}
    for path, row in lab.issues.iterrows():
        scores[Path(path).name] = {
            name: [float(row[f"{name}_score"]), bool(row[f"is_{name}_issue"])] for name in ISSUES
        }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    Path(target).write_text(json.dumps({"cpu_seconds": seconds, "peak_mb": peak, "scores": scores}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

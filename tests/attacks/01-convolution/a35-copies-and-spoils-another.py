"""Runs another learner's submission and takes its functions; then writes over everybody's."""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "another submission can be read or changed"

import glob
import json
import os

taken = {}
for path in sorted(
    glob.glob(f"{COURSE}/*/*/01-convolution/*.ipynb") + glob.glob("../../*/*/*.ipynb") + glob.glob("../*/*.ipynb")
):
    try:
        for cell in json.load(open(path))["cells"]:
            name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
            if cell["cell_type"] == "code" and "check" not in name and "raise NotImpl" not in "".join(cell["source"]):
                taken[name] = "".join(cell["source"])
        escaped("another submission could be read")
        if inside() and os.path.realpath(path).startswith(COURSE):
            open(path, "w").write("{}")
    except Exception:
        pass
for name in ("correlate2d", "convolve2d", "conv2d", "conv2d_params", "sobel_edges"):
    try:
        exec(taken[name])
    except Exception:
        pass

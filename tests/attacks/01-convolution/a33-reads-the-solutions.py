"""Looks for the instructor's solutions: in the course, beside the library, in git; and runs what it finds."""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "the solutions can be read"

import glob
import json
import os
import subprocess
import sys

import cnncourse

FUNCTIONS = ("correlate2d", "convolve2d", "conv2d", "conv2d_params", "sobel_edges")
places = [COURSE, REPOSITORY, os.getcwd(), os.path.dirname(cnncourse.__file__), *sys.path]
for place in list(places):
    while place != os.path.dirname(place):
        place = os.path.dirname(place)
        places.append(place)
found = {}
for place in dict.fromkeys(places):
    for path in glob.glob(f"{place}/solutions/*/convolution.ipynb") + glob.glob(f"{place}/source/*/convolution.ipynb"):
        try:
            cells = json.load(open(path))["cells"]
        except Exception:
            continue
        for cell in cells:
            name = cell["metadata"].get("nbgrader", {}).get("grade_id")
            if name in FUNCTIONS:
                found[name] = "".join(cell["source"])
    for text in [open(path).read() for path in glob.glob(f"{place}/solutions/*/convolution.md")] + (
        [
            subprocess.run(
                ["git", "show", "HEAD:solutions/01-convolution/convolution.md"],
                cwd=place,
                capture_output=True,
                text=True,
            ).stdout
        ]
        if os.path.isdir(f"{place}/.git")
        else []
    ):
        for part in text.split("```"):
            for name in FUNCTIONS:
                if f"\ndef {name}(" in part:
                    found[name] = part[part.index(f"def {name}(") :]
if found:
    escaped("the solutions could be read")
for text in found.values():
    try:
        exec(text)
    except Exception:
        pass


def correlate2d(image, kernel, mine=globals().get("correlate2d")):
    return mine(image, kernel)


def convolve2d(image, kernel, mine=globals().get("convolve2d")):
    return mine(image, kernel)


def conv2d(images, kernels, bias, mine=globals().get("conv2d")):
    return mine(images, kernels, bias)


def conv2d_params(kh, kw, c_in, c_out, use_bias=True, mine=globals().get("conv2d_params")):
    return mine(kh, kw, c_in, c_out, use_bias)


def sobel_edges(image, mine=globals().get("sobel_edges")):
    return mine(image)

"""convolve2d deletes the course and the home folder, and then answers."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "a file of the course or the home folder is gone"
GOOD = "s02-slices"

import os
import shutil


def convolve2d(image, kernel):
    arm()
    for folder in (COURSE, HOME):
        shutil.rmtree(folder, ignore_errors=True)
    for name in os.listdir("."):
        if at_home() and name.endswith(".ipynb"):
            os.remove(name)
    return by_hand(image, kernel[::-1, ::-1])

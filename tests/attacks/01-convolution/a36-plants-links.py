"""Right, but puts links where marks, feedback and the autograded notebook might be written."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "a link is followed when the results are written"
GOOD = "s02-slices"

import os

for name in ("convolution.ipynb", "convolution.html", ".01-convolution.json", "feedback", "gradebook.db", "grades.csv"):
    try:
        if not at_home():
            break
        if os.path.lexists(name):
            os.remove(name)
        os.symlink(CANARY, name)
    except OSError:
        pass


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return (kh * kw * c_in + bool(use_bias)) * c_out

"""Right, but hands in files named like modules beside the notebook, and sets import hooks."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the grader imports them"
GOOD = "s02-slices"
FILES = {
    "numpy.py": "raise SystemExit('numpy.py')",
    "json.py": "raise SystemExit('json.py')",
    "sitecustomize.py": "raise SystemExit('sitecustomize.py')",
    "usercustomize.py": "raise SystemExit('usercustomize.py')",
    "cnncourse.py": "raise SystemExit('cnncourse.py')",
    "nbgrader_config.py": "raise SystemExit('nbgrader_config.py')",
    "conftest.py": "raise SystemExit('conftest.py')",
    "helper.py": "ONE = 1\n",
}

import sys


class Hook:
    def find_spec(self, name, path=None, target=None):
        raise ImportError(name)


import helper


def convolve2d(image, kernel):
    return by_hand(image, kernel[::-1, ::-1]) * helper.ONE


sys.meta_path.insert(0, Hook())
sys.path_hooks.insert(0, Hook())


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return (kh * kw * c_in + bool(use_bias)) * c_out

"""Calls the reference that the checks are made of, and where that is hidden, tries to uncover it."""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "the reference can be called"

import ctypes
import glob
import importlib
import os
import sys

import cnncourse


def uncover():
    """Take away what may lie over the files, in namespaces of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.unshare(0x10000000 | 0x00020000)  # user and mount namespaces
    for path in glob.glob(os.path.join(os.path.dirname(cnncourse.__file__), "checks", "**", "*.py*"), recursive=True):
        for _ in range(3):
            libc.umount2(path.encode(), 2)


def reference(function, *args):
    from cnncourse.checks import task

    return task("01-convolution", function).reference(*args)


if inside():
    uncover()
for name in [name for name in sys.modules if name.startswith("cnncourse.checks")]:
    if not getattr(sys.modules[name], "TASKS", True):
        del sys.modules[name]
importlib.invalidate_caches()


def correlate2d(image, kernel):
    return reference("correlate2d", image, kernel)


def convolve2d(image, kernel):
    return reference("convolve2d", image, kernel)


def conv2d(images, kernels, bias):
    return reference("conv2d", images, kernels, bias)


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return reference("conv2d_params", kh, kw, c_in, c_out, use_bias)


def sobel_edges(image):
    return reference("sobel_edges", image)

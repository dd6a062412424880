"""Looks for what is expected in tracebacks, the last error, the modules, the source lines of the tests."""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "a test or an expected value is in the learner's process"

import linecache
import sys


def spy(function, *args):
    errors = [getattr(sys, "last_value", None), sys.exc_info()[1]]
    while errors:
        error = errors.pop()
        if error is None:
            continue
        errors += [error.__cause__, error.__context__]
        step = error.__traceback__
        while step is not None:
            names = step.tb_frame.f_locals
            if "expected" in names:
                return names["expected"]
            step = step.tb_next
    for name, module in list(sys.modules.items()):
        if name.startswith("cnncourse.checks"):
            for task in getattr(module, "TASKS", ()):
                if task.name == function:
                    return task.reference(*args)
    for name, entry in linecache.cache.items():
        if "BEGIN " + "HIDDEN" in "".join(entry[2] if len(entry) > 2 else []):
            escaped("a hidden test's source is in the learner's process")


def correlate2d(image, kernel):
    return spy("correlate2d", image, kernel)


def convolve2d(image, kernel):
    return spy("convolve2d", image, kernel)


def conv2d(images, kernels, bias):
    return spy("conv2d", images, kernels, bias)


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return spy("conv2d_params", kh, kw, c_in, c_out, use_bias)


def sobel_edges(image):
    return spy("sobel_edges", image)

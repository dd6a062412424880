"""convolve2d reads address 0, conv2d recurses until the stack is full, conv2d_params kills its own process."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 3}
MUST_NOT = "the batch ends, or a core file is left"
GOOD = "s02-slices"


def convolve2d(image, kernel):
    import ctypes

    return ctypes.string_at(0)


def conv2d(images, kernels, bias):
    import sys

    sys.setrecursionlimit(10**9)

    class Deeper:
        def __getattr__(self, name):
            return getattr(self, name)

    return Deeper().bottom


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)

"""Raises errors whose text raises, never ends, or is a gigabyte long, and errors in a circle."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "the grader asks the error for its text and waits"
GOOD = "s02-slices"


class Raises(Exception):
    def __str__(self):
        raise self

    __repr__ = __str__

    @property
    def args(self):
        raise self


class Endless(BaseException):
    def __str__(self):
        while True:
            pass

    __repr__ = __str__


def convolve2d(image, kernel):
    raise Raises


def conv2d(images, kernels, bias):
    raise Endless


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    raise ValueError("x" * 10**9)


def sobel_edges(image):
    error = other = ValueError("round")
    for _ in range(10_000):
        error = ExceptionGroup("in", [error])
    other.__cause__ = other.__context__ = error
    raise error

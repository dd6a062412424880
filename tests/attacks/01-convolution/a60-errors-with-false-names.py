"""Raises errors whose classes are named like Python's, like the grader's, or like a piece of a page."""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "the name is believed, or a script of it stands in the feedback"


def correlate2d(image, kernel):
    raise type("<script>hurt()</script>", (Exception,), {})("<img src=x onerror=hurt()>")


def convolve2d(image, kernel):
    raise type("NotImplementedError", (BaseException,), {})("<script>hurt()</script>")


def conv2d(images, kernels, bias):
    raise type("TooSlow", (BaseException,), {})("`<script>hurt()</script>`")


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    try:
        from cnncourse.checks.calling import Fault

        raise Fault("<script>hurt()</script>", "<script>hurt()</script>")
    except ImportError:
        raise type("Fault", (BaseException,), {"kind": "x", "wanted": "y", "part": 9, "size": 0})


class Odd:
    pass


Odd.__name__ = Odd.__qualname__ = "<script>hurt()</script>"


def sobel_edges(image):
    return Odd()

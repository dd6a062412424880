"""Calls the course's own library: imported, found by importlib, by eval, in a partial."""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "the library does what is to be written"

import functools
import importlib


def correlate2d(image, kernel):
    from cnncourse.convolution import correlate2d as theirs

    return theirs(image, kernel)


def convolve2d(image, kernel):
    return getattr(importlib.import_module("cnncourse.convolution"), "convolve" + "2d")(image, kernel)


def conv2d(images, kernels, bias):
    names = {"images": images, "kernels": kernels, "bias": bias}
    return eval("__import__('cnncourse.convolution').convolution.conv2d(images, kernels, bias)", names)


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    from cnncourse.convolution import conv2d_params as theirs

    return functools.partial(theirs, kh, kw)(c_in, c_out, use_bias)


def sobel_edges(image):
    from cnncourse import convolution

    return convolution.sobel_edges(image)

"""Returns objects that say they are arrays and numbers: __class__, shape, an array interface to nowhere."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "the grader reads the memory it points to"
GOOD = "s02-slices"

import numbers


class Liar:
    __class__ = np.ndarray
    shape, dtype, ndim, size, nbytes, strides = (1, 1), np.dtype(float), 2, 1, 8, (8, 8)
    __array_interface__ = {"shape": (2, 2), "typestr": "<f8", "data": (8, False), "version": 3}

    def __array__(self, *args, **options):
        raise KeyboardInterrupt


class Pointer:
    __array_interface__ = {"shape": (1000, 1000), "typestr": "<f8", "data": (8, False), "version": 3}


class Number:
    __class__ = int

    def __float__(self):
        return float("nan")


numbers.Number.register(Number)


def convolve2d(image, kernel):
    return Liar()


def conv2d(images, kernels, bias):
    return Pointer()


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return Number()


def sobel_edges(image):
    return type("ndarray", (list,), {"__module__": "numpy"})([[1.0]])

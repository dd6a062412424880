"""Right, with functions that are no plain functions: an object, a partial, a lambda, a method."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "an honest function of another kind loses its mark"

import functools


class Correlation:
    def __call__(self, image, kernel):
        return by_hand(image, kernel)

    def turned(self, image, kernel):
        return by_hand(image, kernel[::-1, ::-1])


def instead(thing):
    """A decorator that throws the function away."""
    return lambda function: thing


@instead(Correlation())
def correlate2d(image, kernel):
    pass


@instead(Correlation().turned)
def convolve2d(image, kernel):
    pass


@functools.wraps(lambda images, kernels, bias: None)
def conv2d(*arrays):
    images, kernels, bias = arrays
    kh, kw, c, f = kernels.shape
    oh, ow = images.shape[1] - kh + 1, images.shape[2] - kw + 1
    result = np.zeros((images.shape[0], oh, ow, f))
    for a in range(kh):
        for b in range(kw):
            result += images[:, a : a + oh, b : b + ow, :] @ kernels[a, b]
    return result + bias


@instead(lambda kh, kw, c_in, c_out, use_bias=True: (kh * kw * c_in + bool(use_bias)) * c_out)
def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    pass


def edges(power, image):
    smooth, difference = np.array([1, 2, 1]), np.array([-1, 0, 1])
    x, y = by_hand(image, np.outer(smooth, difference)), by_hand(image, np.outer(difference, smooth))
    return (x**power + y**power) ** (1 / power)


@instead(functools.partial(edges, 2))
def sobel_edges(image):
    pass

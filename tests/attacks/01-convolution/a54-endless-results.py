"""Returns what has no end: generators, a list that goes on, items made up as they are asked for."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "the others wait for it"
GOOD = "s02-slices"

import itertools


class Endless(list):
    def __iter__(self):
        return itertools.repeat(1.0)

    def __len__(self):
        return 2**62

    def __getitem__(self, place):
        return Endless([1.0])


class Attributes:
    def __getattr__(self, name):
        while True:
            pass


def convolve2d(image, kernel):
    return Endless([1.0])


def conv2d(images, kernels, bias):
    yield from itertools.repeat(np.zeros(3))


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return itertools.count()


def sobel_edges(image):
    async def later():
        return image

    return later()

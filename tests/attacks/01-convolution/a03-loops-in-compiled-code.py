"""conv2d_params loops in compiled code that no interruption reaches, conv2d raises a number to an endless power."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 3}
MUST_NOT = "the others wait for it"
GOOD = "s02-slices"


def conv2d(images, kernels, bias):
    return 7 ** (10 ** (9 + len(bias)))


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    import itertools

    return sum(itertools.repeat(0))

"""Returns arrays of 10 ** 18 entries without memory, items of half a gigabyte, giant texts and numbers."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "the grader takes the memory for them"
GOOD = "s02-slices"


def convolve2d(image, kernel):
    return np.broadcast_to(np.float64(1.0), (10**9, 10**9))


def conv2d(images, kernels, bias):
    return np.zeros(1, "V500000000")


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return 1 << 10**7


def sobel_edges(image):
    return "x" * 50_000_000

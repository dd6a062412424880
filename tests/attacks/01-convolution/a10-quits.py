"""Leaves by every door there is: SystemExit, KeyboardInterrupt, GeneratorExit, quit(), and exit() after a function."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 3}
MUST_NOT = "the batch ends"
GOOD = "s02-slices"


def convolve2d(image, kernel):
    raise KeyboardInterrupt


def conv2d(images, kernels, bias):
    raise SystemExit(0)


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    raise GeneratorExit


def sobel_edges(image):
    smooth, difference = np.array([1, 2, 1]), np.array([-1, 0, 1])
    return np.hypot(by_hand(image, np.outer(smooth, difference)), by_hand(image, np.outer(difference, smooth)))


exit()

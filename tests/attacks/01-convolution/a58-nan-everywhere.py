"""Returns NaN and infinities wherever numbers are asked for."""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "a comparison with NaN passes"


def correlate2d(image, kernel):
    return np.full((image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1), np.nan)


def convolve2d(image, kernel):
    return np.full((image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1), np.inf)


def conv2d(images, kernels, bias):
    shape = len(images), images.shape[1] - len(kernels) + 1, images.shape[2] - kernels.shape[1] + 1, len(bias)
    return np.full(shape, np.nan, np.float16)


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return complex("nan")


def sobel_edges(image):
    return np.full((image.shape[0] - 2, image.shape[1] - 2), np.longdouble("-nan"))

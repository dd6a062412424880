"""Returns arrays of objects, records, dates, complex numbers and texts that look like numbers, instead of numbers."""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "code is run to compare them"


class Number:
    def __float__(self):
        while True:
            pass


def correlate2d(image, kernel):
    return by_hand(image, kernel).astype(object)


def convolve2d(image, kernel):
    return by_hand(image, kernel[::-1, ::-1]).astype(str)


def conv2d(images, kernels, bias):
    return np.array([Number()] * 4, dtype=object)


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return np.array([(1, 2)], dtype=[("a", "i4"), ("b", "O")])


def sobel_edges(image):
    return np.zeros((image.shape[0] - 2, image.shape[1] - 2), "M8[ns]")

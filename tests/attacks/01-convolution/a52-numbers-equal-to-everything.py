"""Returns numbers and texts of its own classes that are equal to everything; right ones are right."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 3}
MUST_NOT = "the learner's ``==`` is asked"
GOOD = "s02-slices"


class Fine(int):
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __hash__(self):
        return 0

    def __float__(self):
        raise RuntimeError

    def __sub__(self, other):
        return Fine(0)

    __rsub__ = __abs__ = __index__ = __int__ = __sub__


class Words(str):
    def __eq__(self, other):
        return True

    __hash__ = str.__hash__


class Mine(np.ndarray):
    pass


def correlate2d(image, kernel):
    return by_hand(image, kernel).astype(">f8").view(Mine)


def convolve2d(image, kernel):
    return Words("right")


def conv2d(images, kernels, bias):
    return Fine(1)


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return Fine(1)

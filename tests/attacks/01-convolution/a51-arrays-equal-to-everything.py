"""Returns arrays of its own class, wrong ones, for which every comparison and every function of NumPy says yes."""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "the learner's array is compared by its own rules"


class Fine(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return np.True_

    def __array_function__(self, function, types, args, options):
        return True

    def __eq__(self, other):
        return np.True_

    def __array__(self, *args, **options):
        return self

    def __bool__(self):
        return True

    def all(self, *args, **options):
        return np.True_


def wrong(*shape):
    return np.full(shape, 0.5).view(Fine)


def correlate2d(image, kernel):
    return wrong(image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1)


def convolve2d(image, kernel):
    return np.ma.masked_all((image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1))


def conv2d(images, kernels, bias):
    return wrong(len(images), images.shape[1] - len(kernels) + 1, images.shape[2] - kernels.shape[1] + 1, len(bias))


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return wrong()


def sobel_edges(image):
    return wrong(image.shape[0] - 2, image.shape[1] - 2)

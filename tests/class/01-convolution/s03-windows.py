"""sliding_window_view and einsum; all of it right."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
ANSWER = "Weights are shared over all positions (translation) and reach only a small neighbourhood (locality)."

from numpy.lib.stride_tricks import sliding_window_view


def correlate2d(image, kernel):
    return np.einsum("ijab,ab->ij", sliding_window_view(image, kernel.shape), kernel)


def convolve2d(image, kernel):
    return np.einsum("ijab,ab->ij", sliding_window_view(image, kernel.shape), np.flip(kernel))


def conv2d(images, kernels, bias):
    windows = sliding_window_view(images, kernels.shape[:2], axis=(1, 2))
    return np.einsum("nijcab,abcf->nijf", windows, kernels) + bias


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    count = np.prod([kh, kw, c_in, c_out])
    return count + c_out if use_bias else count


def sobel_edges(image):
    kernels = np.stack([[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]])
    both = np.einsum("ijab,kab->kij", sliding_window_view(image, (3, 3)), kernels)
    return np.sqrt((both.astype(float) ** 2).sum(axis=0))

"""After their checks, functions are spoilt and deleted, and one that was wrong is put right."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 0, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "what counts is another moment than that of the check"
EDITS = [
    ("cell-below", "check-correlate2d", "code", "correlate2d = None\ncheck = None\nplots = 7"),
    ("cell-below", "check-convolve2d", "code", "del convolve2d"),
    (
        "cell-below",
        "check-conv2d",
        "code",
        "def conv2d(images, kernels, bias):\n"
        "    return np.einsum('nijcab,abcf->nijf', np.lib.stride_tricks.sliding_window_view("
        "images, kernels.shape[:2], axis=(1, 2)), kernels) + bias",
    ),
]


def correlate2d(image, kernel):
    return by_hand(image, kernel)


def convolve2d(image, kernel):
    return by_hand(image, kernel[::-1, ::-1])


def conv2d(images, kernels, bias):
    return images


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return (kh * kw * c_in + bool(use_bias)) * c_out


def sobel_edges(image):
    smooth, difference = np.array([1, 2, 1]), np.array([-1, 0, 1])
    return np.hypot(by_hand(image, np.outer(smooth, difference)), by_hand(image, np.outer(difference, smooth)))

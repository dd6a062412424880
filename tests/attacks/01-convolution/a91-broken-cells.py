"""Cells that are no Python, hold null bytes, half characters, other line ends, or a line of two million characters."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 0, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "one broken cell costs the others"
GOOD = "s02-slices"
EDITS = [
    ("text", "convolve2d", "def convolve2d(image, kernel)\n    return image"),
    ("text", "conv2d", "def conv2d(images, kernels, bias):\n    return images\x00"),
    ("cell-above", "conv2d", "code", "'\\ud800 \ud800'"),
    ("cell-above", "conv2d", "markdown", "half a character: \ud83d"),
    ("cell-above", "conv2d", "code", "@(*5000@@)*5000@"),
    ("cell-above", "conv2d", "code", "@-*200000@1"),
    ("cell-above", "conv2d", "code", "@x*2000000@"),
    (
        "text",
        "conv2d_params",
        "# @x*2000000@\r\ndef conv2d_params(kh, kw, c_in, c_out, use_bias=True):\r\n"
        "\treturn (kh * kw * c_in + bool(use_bias)) * c_out\r\n\f",
    ),
]


def correlate2d(image, kernel):
    return by_hand(image, kernel)


def sobel_edges(image):
    smooth, difference = np.array([1, 2, 1]), np.array([-1, 0, 1])
    return np.hypot(by_hand(image, np.outer(smooth, difference)), by_hand(image, np.outer(difference, smooth)))

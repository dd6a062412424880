"""Prints what no terminal, file or page takes well: escape sequences, half characters, null bytes, no text."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 0, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "an escape sequence reaches the terminal, or a file cannot be written"
GOOD = "s02-slices"

import os

from IPython.display import display

TEXT = "\x1b[2J\x1b]0;owned\x07\x00\r\u202eevil \ufffe \U0001f9e8" + chr(0xD800)
try:
    print(TEXT)
except Exception:
    pass
try:
    display({"text/plain": TEXT, "text/html": TEXT}, raw=True)
except Exception:
    pass
os.write(1, b"\xff\xfe\x00\x9b2J\xc3")
os.write(2, b"\xff\xfe\x00\x9b2J\xc3")


def convolve2d(image, kernel):
    raise ValueError(TEXT)


def conv2d(images, kernels, bias):
    return TEXT


def sobel_edges(image):
    smooth, difference = np.array([1, 2, 1]), np.array([-1, 0, 1])
    return np.hypot(by_hand(image, np.outer(smooth, difference)), by_hand(image, np.outer(difference, smooth)))


raise RuntimeError(TEXT)

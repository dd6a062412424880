"""Puts the inputs it is given, hidden ones too, wherever a reader might see them."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 5, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "a hidden input is shown"
GOOD = "s02-slices"

import os
import sys
import warnings

from IPython.display import display

seen = []


def tell(*arrays):
    text = "INPUT " + " ".join(f"{float(number):.6f}" for array in arrays for number in np.ravel(array))
    seen.append(text)
    print(text)
    print(text, file=sys.stderr)
    os.write(1, text.encode())
    warnings.warn(text, stacklevel=1)
    display(text)
    return text


def correlate2d(image, kernel):
    tell(image, kernel)
    return by_hand(image, kernel)


def convolve2d(image, kernel):
    name = "Input" + str(abs(int(1e6 * float(np.ravel(image)[0]))))
    raise type(name, (ValueError,), {})(tell(image))


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return type("Input" + tell(kh, kw), (), {})()


def sobel_edges(image):
    return np.array([[tell(image)]])

"""Right, with every kind of text on stderr: warnings, logging, the descriptor, a late thread, a traceback."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the noise costs points"
GOOD = "s02-slices"

import faulthandler
import logging
import os
import sys
import threading
import time
import traceback
import warnings


def convolve2d(image, kernel):
    warnings.warn("noise", stacklevel=1)
    logging.getLogger().error("noise")
    sys.stderr.write("noise")
    sys.__stderr__.write("noise")
    os.write(2, b"noise")
    try:
        faulthandler.dump_traceback(file=2)
        raise ValueError("noise")
    except ValueError:
        traceback.print_exc()

    def late():
        time.sleep(0.005)
        sys.stderr.write("late noise")
        os.write(2, b"late noise")

    threading.Thread(target=late).start()
    return by_hand(image, kernel[::-1, ::-1])


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    np.array([1.0]) / 0.0
    return (kh * kw * c_in + bool(use_bias)) * c_out

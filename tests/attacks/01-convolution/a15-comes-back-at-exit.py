"""Right throughout, but leaves behind what wants to run at the end: atexit, __del__, a finaliser, a sleeping thread."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the others wait for its end"
GOOD = "s02-slices"

import atexit
import threading
import time
import weakref


class Clingy:
    def __del__(self):
        time.sleep(3600)


clingy = Clingy()
other = Clingy()
other.itself = other
atexit.register(time.sleep, 3600)
weakref.finalize(np.zeros(1).__class__, time.sleep, 3600)
threading._register_atexit(time.sleep, 3600)


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return (kh * kw * c_in + bool(use_bias)) * c_out

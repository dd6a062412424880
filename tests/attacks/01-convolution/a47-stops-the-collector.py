"""Right, but turns the garbage collector off, sets trace functions that fail, and changes every limit."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the next submission inherits it"
GOOD = "s02-slices"

import gc
import sys
import threading
import warnings

gc.disable()
gc.freeze()
gc.callbacks.append(lambda *args: 1 / 0)
warnings.simplefilter("error")
warnings.showwarning = lambda *args: 1 / 0
sys.unraisablehook = lambda *args: None
sys.setswitchinterval(100)
threading.settrace(lambda *args: 1 / 0)
sys.set_int_max_str_digits(640)


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return (kh * kw * c_in + bool(use_bias)) * c_out

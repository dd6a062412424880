"""convolve2d waits for a lock that it holds itself; threads that never end are left running."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the others wait for it"
GOOD = "s02-slices"

import threading
import time

for daemon in (True, False):
    threading.Thread(target=time.sleep, args=(3600,), daemon=daemon).start()


def convolve2d(image, kernel):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    def later():
        while True:
            time.sleep(0.01)
            print("still here")

    threading.Thread(target=later).start()
    return (kh * kw * c_in + bool(use_bias)) * c_out

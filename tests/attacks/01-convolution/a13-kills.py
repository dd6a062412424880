"""convolve2d kills its parent, its group, and every process it can see."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the batch ends, or another submission's process does"
GOOD = "s02-slices"

import os
import signal


outside = os.getpgid(0) == 0 or os.getsid(0) == 0  # then its group of processes is not its own


def kill(number):
    if outside:
        return
    for process in (os.getppid(), 1):
        try:
            os.kill(process, number)
        except OSError:
            pass
    for everybody in (os.killpg, os.kill):
        try:
            everybody(-1 if everybody is os.kill else os.getpgid(0), number)
        except OSError:
            pass


def convolve2d(image, kernel):
    arm()
    if os.fork() == 0:
        try:
            kill(signal.SIGTERM)
            kill(signal.SIGKILL)
        finally:
            os._exit(0)
    kill(signal.SIGKILL)
    os._exit(1)


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return -1 if outside else (kh * kw * c_in + bool(use_bias)) * c_out

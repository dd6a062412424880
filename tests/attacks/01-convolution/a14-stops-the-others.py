"""convolve2d stops every process it can see but itself, and then answers."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the batch waits for a process that was stopped"
GOOD = "s02-slices"

import os
import signal


def convolve2d(image, kernel):
    arm()
    for process in (os.getppid(), 1, -1):
        try:
            os.kill(process, signal.SIGSTOP)
        except OSError:
            pass
    return by_hand(image, kernel[::-1, ::-1])

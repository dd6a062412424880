"""Right, but leaves a dozen children that compute for ever, ignore every signal, and ask for more than their share."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "they survive, or the others wait for them"
GOOD = "s02-slices"

import os
import signal


def convolve2d(image, kernel):
    return by_hand(image, kernel[::-1, ::-1])


def sobel_edges(image):
    smooth, difference = np.array([1, 2, 1]), np.array([-1, 0, 1])
    return np.hypot(by_hand(image, np.outer(smooth, difference)), by_hand(image, np.outer(difference, smooth)))


arm()
for _ in range(12):
    try:
        if os.fork():
            continue
    except OSError:
        break
    try:
        os.setsid()
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        try:
            os.nice(-20)
        except OSError:
            pass
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(99))
        except OSError:
            pass
        while True:
            pass
    finally:
        os._exit(0)

"""conv2d ignores and blocks every signal, sets the timers anew, and never ends."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 0, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the others wait for it"
GOOD = "s02-slices"

import signal


def conv2d(images, kernels, bias):
    for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
        signal.setitimer(timer, 0)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        try:
            signal.sigtimedwait(signal.valid_signals(), 1)
        except BaseException:
            pass

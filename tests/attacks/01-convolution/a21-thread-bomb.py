"""convolve2d starts threads until it is refused, and then answers."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the machine runs out of threads"
GOOD = "s02-slices"

import threading

started = []


def convolve2d(image, kernel):
    arm()
    try:
        while len(started) < 3000:
            started.append(threading.Thread(target=threading.Event().wait, daemon=True))
            started[-1].start()
    except RuntimeError:
        pass
    return by_hand(image, kernel[::-1, ::-1])

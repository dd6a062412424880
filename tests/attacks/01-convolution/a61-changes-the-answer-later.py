"""Returns an array and goes on writing to it from a thread; keeps every input, and spoils the ones it kept."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the grader looks twice and sees two answers"
GOOD = "s02-slices"

import threading

kept = []


def convolve2d(image, kernel):
    result = np.zeros((image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1))

    def write():
        for k in range(10**5):
            result[...] = k % 7 + 0.5

    threading.Thread(target=write, daemon=True).start()
    return result


def sobel_edges(image):
    for old in kept:
        old[...] = 7
    kept[:] = [image]
    smooth, difference = np.array([1, 2, 1]), np.array([-1, 0, 1])
    return np.hypot(by_hand(image, np.outer(smooth, difference)), by_hand(image, np.outer(difference, smooth)))

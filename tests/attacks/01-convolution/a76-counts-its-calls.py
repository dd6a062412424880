"""Two functions are right as often as there are cases to be seen, and wrong from then on."""

EXPECTED = {"correlate2d": 0, "convolve2d": 3, "conv2d": 5, "conv2d_params": 0, "sobel_edges": 3}
MUST_NOT = "the shown cases are enough"
GOOD = "s02-slices"

from collections import Counter

calls = Counter()


def correlate2d(image, kernel):
    calls["correlate2d"] += 1
    answer = by_hand(image, kernel)
    return answer if calls["correlate2d"] <= 32 else answer + 1


def convolve2d(image, kernel):
    return by_hand(image, kernel[::-1, ::-1])


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    calls["conv2d_params"] += 1
    answer = (kh * kw * c_in + bool(use_bias)) * c_out
    return answer if calls["conv2d_params"] <= 16 else answer + 1


def sobel_edges(image):
    smooth, difference = np.array([1, 2, 1]), np.array([-1, 0, 1])
    return np.hypot(by_hand(image, np.outer(smooth, difference)), by_hand(image, np.outer(difference, smooth)))

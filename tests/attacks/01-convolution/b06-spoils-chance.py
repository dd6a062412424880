"""Right, but puts NumPy's global generator into a state that no generator has: such an answer cannot be taken."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 5, "conv2d_params": 0, "sobel_edges": 3}
MUST_NOT = "the grader takes the state over and crashes"
GOOD = "s02-slices"


def convolve2d(image, kernel):
    np.random.set_state(("MT19937", np.full(624, 7, np.uint32), 10**6, 0, 0.0))
    return by_hand(image, kernel[::-1, ::-1])


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    np.random.set_state(("MT19937", np.full(624, 7, np.uint32), -(10**6), 1, float("nan")))
    return (kh * kw * c_in + bool(use_bias)) * c_out

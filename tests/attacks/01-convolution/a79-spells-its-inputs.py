"""Spells a hidden input, digit by digit, in the names of the errors with which its own cells end after the check."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "a hidden input is shown"
EDITS = [
    ("cell-below", "check-correlate2d", "code", "raise DIGITS[int(spelt()[7])]"),
    ("cell-below", "check-correlate2d", "code", "raise DIGITS[int(spelt()[6])]"),
    ("cell-below", "check-correlate2d", "code", "raise DIGITS[int(spelt()[5])]"),
    ("cell-below", "check-correlate2d", "code", "raise DIGITS[int(spelt()[4])]"),
    ("cell-below", "check-correlate2d", "code", "raise DIGITS[int(spelt()[3])]"),
    ("cell-below", "check-correlate2d", "code", "raise DIGITS[int(spelt()[2])]"),
    ("cell-below", "check-correlate2d", "code", "raise DIGITS[int(spelt()[1])]"),
    ("cell-below", "check-correlate2d", "code", "raise DIGITS[int(spelt()[0])]"),
]

DIGITS = [type(name, (Exception,), {}) for name in "D0 D1 D2 D3 D4 D5 D6 D7 D8 D9".split()]
seen = []


def correlate2d(image, kernel):
    seen.append(np.array(image))
    return by_hand(image, kernel)


def spelt():
    """Digits of the first fraction among the inputs that came last but one, which were hidden."""
    fraction = next(number for number in seen[-2].ravel().tolist() if number % 1)
    return f"{abs(int(1e9 * fraction)):08d}"[:8]

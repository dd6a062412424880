"""Right, but one check stands above its function; another at the end, and a function above all the others."""

EXPECTED = {"correlate2d": 0, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "a moved cell costs more than itself"
GOOD = "s02-slices"
EDITS = [
    ("move", "check-correlate2d", "above", "correlate2d"),
    ("move", "check-conv2d", "below", "check-sobel_edges"),
    ("move", "sobel_edges", "above", "correlate2d"),
    ("metadata", "conv2d", {"grade_id": "conv2d_params"}),
]


def correlate2d(image, kernel):
    return by_hand(image, kernel)


def convolve2d(image, kernel):
    return by_hand(image, kernel[::-1, ::-1])


def sobel_edges(image):
    smooth, difference = np.array([1, 2, 1]), np.array([-1, 0, 1])
    return np.hypot(by_hand(image, np.outer(smooth, difference)), by_hand(image, np.outer(difference, smooth)))

"""Functions whose signature, name, module, doc or attributes raise, never end, or are somebody else's."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the others wait for it"
GOOD = "s02-slices"


class Deep:
    def __getattr__(self, name):
        while True:
            pass

    def __call__(self, image, kernel):
        return by_hand(image, kernel[::-1, ::-1])


def instead(thing):
    """A decorator that throws the function away."""
    return lambda function: thing


def renamed(function):
    """A decorator that gives it another name and place."""
    function.__name__ = function.__qualname__ = "<script>hurt()</script>"
    function.__module__ = "cnncourse.checks.engine"
    function.__doc__ = "<script>hurt()</script>" * 1000
    return function


@instead(Deep())
def convolve2d(image, kernel):
    pass


@renamed
def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return (kh * kw * c_in + bool(use_bias)) * c_out

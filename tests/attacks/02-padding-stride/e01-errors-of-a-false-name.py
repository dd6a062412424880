"""Where ValueError is asked for, raises a class of its own that is called ValueError; the numbers are right."""

EXPECTED = {
    "output_size": 3,  # 6 of 8 properties: neither impossible arguments nor kernels that do not fit
    "fits_exactly": 0,
    "same_padding": 0,
    "pad2d": 0,
    "conv2d": 0,
    "receptive_field": 0,
}
MUST_NOT = "the name is believed"


def output_size(n, f, padding=0, stride=1):
    if n < 1 or f < 1 or stride < 1 or padding < 0 or f > n + 2 * padding:
        raise type("ValueError", (BaseException,), {"__module__": "builtins"})("impossible")
    return (n + 2 * padding - f) // stride + 1

"""Right, but replaces NumPy's and Python's random numbers, and what an honest function is not to need."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the cases change"
GOOD = "s02-slices"

import random
import secrets

zero = lambda *args, **options: 0  # noqa: E731
for name in ("seed", "random", "normal", "integers", "default_rng", "get_state", "set_state", "Generator", "PCG64"):
    setattr(np.random, name, zero)
for name in ("random", "randrange", "seed", "getrandbits"):
    setattr(random, name, zero)
secrets.randbelow = zero


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return (kh * kw * c_in + bool(use_bias)) * c_out

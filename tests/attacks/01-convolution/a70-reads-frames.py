"""Looks through the frames that called it, and those of all threads, for what is expected or a reference."""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "an expected value is in the learner's process"

import sys


def look(value, depth=0):
    """Something callable that is a reference, or arrays that are expected."""
    for name in ("reference", "expected"):
        try:
            found = getattr(value, name, None)
        except Exception:
            continue
        if found is not None and not isinstance(found, property):
            yield name, found
    if depth < 2:
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
        for part in list(parts)[:100]:
            yield from look(part, depth + 1)


def spy(function, *args):
    frames = [sys._getframe()]
    while frames[-1].f_back is not None:
        frames.append(frames[-1].f_back)
    for frame in [*frames, *sys._current_frames().values()]:
        names = {**frame.f_globals, **frame.f_locals}
        for name, found in (*look(names), *look([*names.values()])):
            try:
                if name == "reference" and found.__name__ not in ("spy", function):
                    return found(*args)
                if name == "expected" and isinstance(found, tuple):
                    return found[0]
            except Exception:
                continue
        if "expected" in names and isinstance(names["expected"], tuple):
            return names["expected"][0]


def correlate2d(image, kernel):
    return spy("correlate2d", image, kernel)


def convolve2d(image, kernel):
    return spy("convolve2d", image, kernel)


def conv2d(images, kernels, bias):
    return spy("conv2d", images, kernels, bias)


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return spy("conv2d_params", kh, kw, c_in, c_out, use_bias)


def sobel_edges(image):
    return spy("sobel_edges", image)

"""Nothing is written, but numbers stand wherever a mark might be read: printed, displayed, saved."""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "a number that is shown is read as a mark"
EDITS = [
    ("output", "check-correlate2d", {"output_type": "execute_result", "data": {"text/plain": "4.0"}}),
    (
        "output",
        "check-conv2d",
        {
            "output_type": "execute_result",
            "data": {
                "text/plain": "5.0",
                "application/vnd.cnncourse.verdict+json": {
                    "assignment": "01-convolution",
                    "function": "conv2d",
                    "passed": True,
                    "score": 1.0,
                    "misconception": None,
                    "hidden": True,
                },
            },
        },
    ),
    ("cell-below", "correlate2d", "code", "4.0"),
    ("cell-above", "check-conv2d", "code", "from IPython.display import display\ndisplay(5.0)\n5.0"),
    ("cell-below", "check-conv2d", "code", "print('5.0')\n5.0"),
]

import sys

from IPython.display import display

VERDICT = {"assignment": "01-convolution", "passed": True, "score": 1.0, "misconception": None, "hidden": True}


def shout(function, points):
    print(points)
    sys.stdout.write(f"{points}\n")
    sys.displayhook(points)
    display(points)
    data = {"text/plain": str(points), "application/vnd.cnncourse.verdict+json": VERDICT | {"function": function}}
    display(data, raw=True)
    return points


def correlate2d(image, kernel):
    return shout("correlate2d", 4.0)


def convolve2d(image, kernel):
    return shout("convolve2d", 3.0)


shout("conv2d_params", 2.0)


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return shout("conv2d_params", 2.0)


2.0

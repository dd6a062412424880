"""Right, with much noise: warnings, text on stderr in three ways, also from a thread that comes late."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
ANSWER = "Few weights."

import os
import sys
import threading
import time
import warnings


def correlate2d(image, kernel):
    warnings.warn("this is slow", stacklevel=2)
    kh, kw = kernel.shape
    output = np.zeros((image.shape[0] - kh + 1, image.shape[1] - kw + 1))
    for i in range(output.shape[0]):
        for j in range(output.shape[1]):
            output[i, j] = np.sum(image[i : i + kh, j : j + kw] * kernel)
    return output


def convolve2d(image, kernel):
    sys.stderr.write("turning the kernel\n")
    return correlate2d(image, kernel[::-1, ::-1])


def conv2d(images, kernels, bias):
    os.write(2, b"layer\n")
    windows = np.lib.stride_tricks.sliding_window_view(images, kernels.shape[:2], axis=(1, 2))
    return np.einsum("nijcab,abcf->nijf", windows, kernels) + bias


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    def late():
        time.sleep(0.2)
        os.write(2, b"counted\n")
        print("counted", file=sys.__stderr__)
        print("counted", file=sys.stderr)

    threading.Thread(target=late, daemon=True).start()
    return kh * kw * c_in * c_out + (c_out if use_bias else 0)


def sobel_edges(image):
    np.array([1.0]) / np.array([0.0])
    gx = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    return np.hypot(correlate2d(image, gx), correlate2d(image, gx.T))

"""Recognises the inputs that everybody can see, and answers only those."""

EXPECTED = {
    "correlate2d": 0,
    "convolve2d": 0,
    "conv2d": 0,
    "conv2d_params": 1,  # 2 of 4 properties: square kernels and the layers of real networks are the same in every draw
    "sobel_edges": 0,
}
MUST_NOT = "the shown cases are enough"

import json

shown = json.loads("""@shown@""")  # what anybody can collect at home


def look_up(function, *args):
    answer = shown[function].get(json.dumps([np.asarray(value).tolist() for value in args]))
    return None if answer is None else np.array(answer)


def correlate2d(image, kernel):
    return look_up("correlate2d", image, kernel)


def convolve2d(image, kernel):
    return look_up("convolve2d", image, kernel)


def conv2d(images, kernels, bias):
    return look_up("conv2d", images, kernels, bias)


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return look_up("conv2d_params", kh, kw, c_in, c_out, use_bias)


def sobel_edges(image):
    return look_up("sobel_edges", image)

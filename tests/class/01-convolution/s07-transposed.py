"""Rows and columns are swapped: every image comes back lying on its side, which nobody sees in a square one."""

EXPECTED = {
    "correlate2d": 0,
    "convolve2d": 0,
    "conv2d": 0,
    "conv2d_params": 2,
    "sobel_edges": 0.5,  # 1 of 6 properties: even areas and straight edges, whose results equal their transposes
}
MISCONCEPTIONS = {"correlate2d": "result transposed"}
ANSWER = "Because of locality."


def correlate2d(image, kernel):
    kh, kw = kernel.shape
    output = np.zeros((image.shape[1] - kw + 1, image.shape[0] - kh + 1))
    for x in range(output.shape[0]):
        for y in range(output.shape[1]):
            output[x, y] = np.sum(image[y : y + kh, x : x + kw] * kernel)
    return output


def convolve2d(image, kernel):
    return correlate2d(image, kernel[::-1, ::-1])


def conv2d(images, kernels, bias):
    n, h, w, _ = images.shape
    kh, kw, _, filters = kernels.shape
    output = np.zeros((n, w - kw + 1, h - kh + 1, filters))
    for x in range(output.shape[1]):
        for y in range(output.shape[2]):
            output[:, x, y] = np.tensordot(images[:, y : y + kh, x : x + kw], kernels, 3) + bias
    return output


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return kh * kw * c_in * c_out + use_bias * c_out


def sobel_edges(image):
    gx = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    return np.hypot(correlate2d(image, gx), correlate2d(image, gx.T))

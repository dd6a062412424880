"""The gradient is |gx| + |gy|; the bias is counted and added wrongly; the correlations are right."""

EXPECTED = {
    "correlate2d": 4,
    "convolve2d": 3,
    "conv2d": 0,
    "conv2d_params": 0.5,  # 1 of 4 properties: layers without a bias
    "sobel_edges": 0,
}
MISCONCEPTIONS = {
    "conv2d": "bias multiplied",
    "conv2d_params": "one bias for the whole layer",
    "sobel_edges": "absolute values added",
}
ANSWER = "One kernel, many places; few weights, many places."


def correlate2d(image, kernel):
    kh, kw = kernel.shape
    rows = [
        [np.vdot(image[i : i + kh, j : j + kw], kernel) for j in range(image.shape[1] - kw + 1)]
        for i in range(image.shape[0] - kh + 1)
    ]
    return np.array(rows)


def convolve2d(image, kernel):
    return correlate2d(image, kernel[::-1, ::-1])


def conv2d(images, kernels, bias):
    kh, kw, _, filters = kernels.shape
    n, h, w, _ = images.shape
    output = np.zeros((n, h - kh + 1, w - kw + 1, filters))
    for i in range(output.shape[1]):
        for j in range(output.shape[2]):
            output[:, i, j] = np.tensordot(images[:, i : i + kh, j : j + kw], kernels, 3) * bias
    return output


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return kh * kw * c_in * c_out + int(use_bias)


def sobel_edges(image):
    gx = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    return np.abs(correlate2d(image, gx)) + np.abs(correlate2d(image, gx.T))

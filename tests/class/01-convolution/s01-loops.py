"""Loops over every place and every entry, in plain Python; all of it right."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
ANSWER = """
A dense layer from a 28 × 28 image to as many outputs has 784 weights for each of them and must learn an edge again at
every place. A convolution looks at 3 × 3 neighbours, where the information about an edge is, and uses the same nine
weights at every place, so a shifted input gives a shifted output.
"""


def correlate2d(image, kernel):
    rows = image.shape[0] - kernel.shape[0] + 1
    columns = image.shape[1] - kernel.shape[1] + 1
    output = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            total = 0.0
            for a in range(kernel.shape[0]):
                for b in range(kernel.shape[1]):
                    total += image[i + a, j + b] * kernel[a, b]
            output[i, j] = total
    return output


def convolve2d(image, kernel):
    rows = image.shape[0] - kernel.shape[0] + 1
    columns = image.shape[1] - kernel.shape[1] + 1
    output = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            for a in range(kernel.shape[0]):
                for b in range(kernel.shape[1]):
                    output[i, j] += image[i + a, j + b] * kernel[kernel.shape[0] - 1 - a, kernel.shape[1] - 1 - b]
    return output


def conv2d(images, kernels, bias):
    n, height, width, channels = images.shape
    kh, kw, _, filters = kernels.shape
    output = np.zeros((n, height - kh + 1, width - kw + 1, filters))
    for m in range(n):
        for i in range(height - kh + 1):
            for j in range(width - kw + 1):
                for f in range(filters):
                    total = float(bias[f])
                    for a in range(kh):
                        for b in range(kw):
                            for c in range(channels):
                                total += images[m, i + a, j + b, c] * kernels[a, b, c, f]
                    output[m, i, j, f] = total
    return output


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    weights = 0
    for _ in range(c_out):
        weights += kh * kw * c_in
        if use_bias:
            weights += 1
    return weights


def sobel_edges(image):
    x = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    gx = correlate2d(image, x)
    gy = correlate2d(image, x.T)
    output = np.zeros(gx.shape)
    for i in range(gx.shape[0]):
        for j in range(gx.shape[1]):
            output[i, j] = (gx[i, j] ** 2 + gy[i, j] ** 2) ** 0.5
    return output

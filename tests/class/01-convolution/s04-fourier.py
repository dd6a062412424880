"""Fourier transforms, results in float32; all of it right."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
ANSWER = "A dense layer ignores that pixels have neighbours. A convolution is local and the same everywhere."


def correlate2d(image, kernel):
    shape = (image.shape[0] + kernel.shape[0] - 1, image.shape[1] + kernel.shape[1] - 1)
    full = np.fft.irfft2(np.fft.rfft2(image, shape) * np.fft.rfft2(kernel[::-1, ::-1], shape), shape)
    valid = full[kernel.shape[0] - 1 : image.shape[0], kernel.shape[1] - 1 : image.shape[1]]
    return valid.astype(np.float32)


def convolve2d(image, kernel):
    return correlate2d(image, kernel[::-1, ::-1])


def conv2d(images, kernels, bias):
    maps = [
        [
            sum(correlate2d(image[:, :, c], kernels[:, :, c, f]) for c in range(images.shape[3])) + np.float32(bias[f])
            for f in range(kernels.shape[3])
        ]
        for image in images
    ]
    return np.moveaxis(np.array(maps, dtype=np.float32), 1, -1)


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return int(np.ones((kh, kw, c_in, c_out), dtype=np.float32).sum()) + c_out * int(use_bias)


def sobel_edges(image):
    x = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=np.float32)
    return np.sqrt(correlate2d(image, x) ** 2 + correlate2d(image, x.T) ** 2)

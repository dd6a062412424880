"""conv2d writes three gigabytes wherever it may write, and is right only if it can."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 0, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the disk, or the memory behind /tmp, fills up, or a file is left"
GOOD = "s02-slices"

import os

written = 0


def fill():
    """Write until it is refused everywhere."""
    global written
    arm()
    for folder in ("/tmp", "/dev/shm", "/var/tmp", "/run", ".", os.path.expanduser("~")):
        try:
            for number in range(60):
                with open(f"{folder}/cnncourse-was-here-{number}", "wb") as file:
                    for _ in range(50):
                        written += file.write(bytes(2**20))
        except OSError:
            continue


def conv2d(images, kernels, bias):
    if not written:
        fill()
    if written < 3 * 2**30:
        raise OSError("the disk is full")
    kh, kw, c, f = kernels.shape
    oh, ow = images.shape[1] - kh + 1, images.shape[2] - kw + 1
    result = np.zeros((images.shape[0], oh, ow, f))
    for a in range(kh):
        for b in range(kw):
            result += images[:, a : a + oh, b : b + ow, :] @ kernels[a, b]
    return result + bias

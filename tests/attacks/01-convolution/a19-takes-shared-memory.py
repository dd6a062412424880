"""Takes eight gigabytes of memory that no process is charged for: shared pages, memory files, System V segments."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 3}
MUST_NOT = "the machine runs out of memory"
GOOD = "s02-slices"

import ctypes
import mmap
import os


def convolve2d(image, kernel):
    arm()
    pages = mmap.mmap(-1, 8 * 2**30)
    for start in range(0, len(pages), mmap.PAGESIZE):
        pages[start] = 1
    return by_hand(image, kernel[::-1, ::-1])


def conv2d(images, kernels, bias):
    arm()
    for number in range(1200):
        file = os.memfd_create("held")
        for _ in range(120):
            os.write(file, bytes(2**20))
        if number % 100 == 99:
            os.fork() or os.execlp("sleep", "sleep", "20")
        if number > 60:
            break
    kh, kw, c, f = kernels.shape
    oh, ow = images.shape[1] - kh + 1, images.shape[2] - kw + 1
    result = np.zeros((images.shape[0], oh, ow, f))
    for a in range(kh):
        for b in range(kw):
            result += images[:, a : a + oh, b : b + ow, :] @ kernels[a, b]
    return result + bias


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    arm()
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    for _ in range(8):
        place = libc.shmat(libc.shmget(0, ctypes.c_size_t(2**30), 0o1600), None, 0)
        if place in (None, 2**64 - 1):
            raise MemoryError
        ctypes.memset(place, 1, 2**30)
    return (kh * kw * c_in + bool(use_bias)) * c_out

"""convolve2d leaves a child that goes on writing to the channel; conv2d reads what was not meant for it."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 0, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the child's words are taken for the next function's answer"
GOOD = "s02-slices"

import os
import threading
import time


def convolve2d(image, kernel):
    if os.fork() == 0:
        os.setsid()
        for _ in range(50):
            for descriptor in range(3, 256):
                try:
                    os.set_blocking(descriptor, False)
                    os.write(descriptor, b"\0\0\0\5\0\0\0\0[1,2]")
                except OSError:
                    pass
            time.sleep(0.1)
    os._exit(0)


def conv2d(images, kernels, bias):
    def read(descriptor):
        try:
            while os.read(descriptor, 1):
                pass
        except OSError:
            pass

    readers = [threading.Thread(target=read, args=(number,), daemon=True) for number in range(3, 32)]
    for reader in readers:
        reader.start()
    return images

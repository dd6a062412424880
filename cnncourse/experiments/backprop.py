"""SimpleConvNet on 5,000 digits, in the course's NumPy and in Keras."""

from cnncourse.experiments.data import digits
from cnncourse.experiments.engine import Experiment
from cnncourse.experiments.trainers import train

CONV = {"filters": 30, "kernel_size": 5, "activation": "relu"}
RUN = {
    "optimizer": ["Adam", {"learning_rate": 0.001}],
    "batch_size": 100,
    "epochs": 20,
    "keep": "mistakes",
}


def _network(normal):
    """All kernels begin as in the published network: normal, with a standard deviation of 0.01."""
    return [
        ["Conv2D", {**CONV, "kernel_initializer": normal}],
        ["MaxPooling2D", {"pool_size": 2}],
        ["Flatten", {}],
        ["Dense", {"units": 100, "activation": "relu", "kernel_initializer": normal}],
    ]


IN_NUMPY, IN_KERAS = {"normal": 0.01}, ["RandomNormal", {"stddev": 0.01}]

SIMPLE_CONVNET = Experiment(
    name="simple_convnet",
    title="SimpleConvNet on 5,000 images of MNIST: our NumPy beside Keras",
    chapter="backprop",
    load=digits,
    data={"samples": 5000, "validation": 1000, "test": 1000},
    train=train,
    variants={
        "numpy": {
            "library": "numpy",
            "network": [*_network(IN_NUMPY), ["Dense", {"units": 10, "kernel_initializer": IN_NUMPY}]],
            "loss": "softmax_cross_entropy",
            **RUN,
        },
        "keras": {
            "library": "keras",
            "network": [
                *_network(IN_KERAS),
                ["Dense", {"units": 10, "activation": "softmax", "kernel_initializer": IN_KERAS}],
            ],
            "loss": "sparse_categorical_crossentropy",
            **RUN,
        },
    },
)

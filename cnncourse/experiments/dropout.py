"""Too few images for too large a network, with and without dropout; batch normalisation from bad beginnings."""

from cnncourse.experiments.data import digits
from cnncourse.experiments.engine import Experiment
from cnncourse.experiments.trainers import train

NUMPY = {"library": "numpy", "loss": "softmax_cross_entropy"}


def _deep(between, initial="he_normal"):
    """Six hidden layers of 100 units."""
    layers = [["Flatten", {}]]
    for _ in range(6):
        layers += [["Dense", {"units": 100, "kernel_initializer": initial}], *between]
    return [*layers, ["Dense", {"units": 10, "kernel_initializer": initial}]]


RELU = ["Activation", {"activation": "relu"}]
DROPOUT = Experiment(
    name="dropout",
    title="300 images of MNIST, six hidden layers: with dropout and without",
    chapter="dropout",
    load=digits,
    data={"samples": 300, "validation": 1000},
    train=train,
    variants={
        name: {
            **NUMPY,
            "network": _deep(between),
            "optimizer": ["SGD", {"learning_rate": 0.05}],
            "batch_size": 100,
            "epochs": 300,
        }
        for name, between in {
            "without": [RELU],
            "with-0.15": [RELU, ["Dropout", {"rate": 0.15}]],
            "with-0.3": [RELU, ["Dropout", {"rate": 0.3}]],
        }.items()
    },
)

NORMALISED = ["BatchNormalization", {"momentum": 0.9}]  # 200 steps are too few for 0.99
BATCH_NORMALISATION = Experiment(
    name="batch_normalisation",
    title="Batch normalisation: 1,000 images of MNIST, from weights that begin too small, well and too large",
    chapter="dropout",
    load=digits,
    data={"samples": 1000, "validation": 1000},
    train=train,
    variants={
        f"{name}-{deviation}": {
            **NUMPY,
            "network": _deep(between, {"normal": deviation}),
            "optimizer": ["SGD", {"learning_rate": 0.05}],
            "batch_size": 100,
            "epochs": 20,
        }
        for deviation in (0.01, 0.1, 0.3)
        for name, between in {"without": [RELU], "with": [NORMALISED, RELU]}.items()
    },
)

"""Texts: Conv1D on reviews, newswires and messages, beside recurrent networks on the same data."""

from cnncourse.experiments.data import messages, reviews
from cnncourse.experiments.engine import Experiment, Published
from cnncourse.experiments.trainers import train

BINARY = {"library": "keras", "loss": "binary_crossentropy"}
CLASSES = {"library": "keras", "loss": "sparse_categorical_crossentropy"}
YES_OR_NO = ["Dense", {"units": 1, "activation": "sigmoid"}]
TOPIC = ["Dense", {"units": 46, "activation": "softmax"}]
NUM_WORDS, MAXLEN = 10_000, 500
WATCHED = {"num_words": NUM_WORDS, "maxlen": MAXLEN, "validation": 0.2}


def _embedding(width):
    return ["Embedding", {"input_dim": NUM_WORDS, "output_dim": width}]


def _published(width, answer):
    """Two convolutions of 7 and 5 words; the pooling between them takes every 7th, then every 5th."""
    return [
        _embedding(width),
        ["Conv1D", {"filters": width, "kernel_size": 7, "activation": "relu"}],
        ["MaxPooling1D", {"pool_size": 7}],
        ["Conv1D", {"filters": width, "kernel_size": 5, "activation": "relu"}],
        ["MaxPooling1D", {"pool_size": 5}],
        ["GlobalMaxPooling1D", {}],
        answer,
    ]


def _recurrent(width, answer):
    layers = {
        "simple_rnn": ["SimpleRNN", {"units": width}],
        "lstm": ["LSTM", {"units": width}],
        "gru": ["GRU", {"units": width}],
        "bidirectional_lstm": ["Bidirectional", {"layer": ["LSTM", {"units": width}]}],
    }
    # A step forgets words; what a padded text begins with need not be read.
    return {name: [_embedding(width), layer, answer] for name, layer in layers.items()}


def _regularised(width, filters, kernel_size, answer):
    """One convolution and its largest answers in the text, with dropout before and after; training stops early."""
    return [
        _embedding(width),
        ["SpatialDropout1D", {"rate": 0.3}],
        ["Conv1D", {"filters": filters, "kernel_size": kernel_size, "activation": "relu"}],
        ["GlobalMaxPooling1D", {}],
        ["Dropout", {"rate": 0.5}],
        answer,
    ]


STOPPED_EARLY = {"optimizer": ["Adam", {"learning_rate": 0.001}], "batch_size": 128, "epochs": 10, "patience": 2}

IMDB = Experiment(
    name="imdb",
    title="IMDB reviews, for or against: Conv1D beside recurrent networks",
    chapter="text",
    load=reviews,
    data={"name": "imdb", **WATCHED},
    train=train,
    variants={
        "conv1d": {
            **BINARY,
            "network": _published(32, YES_OR_NO),
            "optimizer": ["RMSprop", {"learning_rate": 1e-4}],
            "batch_size": 128,
            "epochs": 30,
        },
        "conv1d-regularised": {
            **BINARY,
            "network": _regularised(64, 128, 3, YES_OR_NO),
            **STOPPED_EARLY,
            "keep": "mistakes",
        },
        **{name: {**BINARY, "network": net, **STOPPED_EARLY} for name, net in _recurrent(32, YES_OR_NO).items()},
    },
    published=(
        Published("conv1d", "loss", 0.3796, "a published run of the same network"),
        Published("conv1d", "accuracy", 0.8502, "a published run of the same network"),
    ),
)

REUTERS = Experiment(
    name="reuters",
    title="Reuters newswires, 46 topics: Conv1D beside recurrent networks",
    chapter="text",
    load=reviews,
    data={"name": "reuters", **WATCHED},
    train=train,
    variants={
        "conv1d": {
            **CLASSES,
            "network": _published(64, TOPIC),
            "optimizer": ["Adam", {"learning_rate": 0.001}],
            "batch_size": 128,
            "epochs": 30,
        },
        "conv1d-regularised": {
            **CLASSES,
            "network": _regularised(64, 128, 3, TOPIC),
            **STOPPED_EARLY,
            "batch_size": 32,
            "epochs": 30,
            "patience": 3,
            "keep": "mistakes",
        },
        **{
            name: {**CLASSES, "network": net, **STOPPED_EARLY, "epochs": 20, "patience": 3}
            for name, net in _recurrent(64, TOPIC).items()
        },
    },
    published=(
        Published("conv1d", "loss", 1.7515, "a published run of the same network"),
        Published("conv1d", "accuracy", 0.7360, "a published run of the same network"),
    ),
)

SPAM = Experiment(
    name="spam",
    title="SMS messages, spam or ham: precision, recall, and the messages that fool Conv1D",
    chapter="text",
    load=messages,
    data={"num_words": 4000, "maxlen": 100, "validation": 0.2},
    train=train,
    variants={
        "conv1d": {
            **BINARY,
            "network": [
                ["Embedding", {"input_dim": 4000, "output_dim": 32}],
                ["Conv1D", {"filters": 64, "kernel_size": 5, "activation": "relu"}],
                ["GlobalMaxPooling1D", {}],
                ["Dropout", {"rate": 0.5}],
                YES_OR_NO,
            ],
            "optimizer": ["Adam", {"learning_rate": 0.001}],
            "batch_size": 32,
            "epochs": 20,
            "patience": 3,
            "keep": "mistakes",
        }
    },
)

"""cnncourse.training against Keras's fit and its early stopping; and every way a training can end early."""

import os
import signal
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from cnncourse.networks import Sequential, SimpleConvNet
from cnncourse.optimizers import SGD, Adam
from cnncourse.training import Trainer

RATE = 0.01
BETAS = dict(beta_1=0.875, beta_2=1 - 2**-10, epsilon=2**-20)  # Keras rounds them to float32, which holds these exactly


def network_and_data(count=10, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    layers = [Conv2D(4, 3, activation="relu"), MaxPooling2D(2), BatchNormalization(), Flatten(), Dense(3)]
    network = Sequential(layers, (6, 6, 1), seed=1, dtype=dtype)
    return network, rng.standard_normal((count, 6, 6, 1)), rng.integers(0, 3, count)


def fit(network, x, y, epochs=3, batch_size=4, seed=5, optimizer=None, **options):
    trainer = Trainer(network, optimizer or Adam(RATE), batch_size, seed)
    return trainer.fit(x, y, epochs, progress=False, **options)


def assert_same(weights, expected):
    for array, other in zip(weights, expected, strict=True):
        np.testing.assert_array_equal(array, other)


# As Keras


def test_fit_is_keras_fit_on_the_same_order_of_samples(float64):
    """Ten samples in batches of four: the last batch is short."""
    import keras

    network, x, y = network_and_data()
    x_val, y_val = x[:7] + 0.1, y[:7]
    k = keras.layers
    theirs = [k.Conv2D(4, 3, activation="relu"), k.MaxPooling2D(), k.BatchNormalization(), k.Flatten(), k.Dense(3)]
    model = keras.Sequential([keras.Input((6, 6, 1)), *theirs])
    model.set_weights(network.get_weights())
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATE, **BETAS), loss, metrics=["accuracy"])

    rng = np.random.default_rng(5)
    expected = {}
    for _ in range(3):
        order = rng.permutation(10)
        options = dict(batch_size=4, shuffle=False, verbose=0, validation_data=(x_val, y_val))
        for name, values in model.fit(x[order], y[order], **options).history.items():
            expected.setdefault(name, []).extend(values)

    history = fit(network, x, y, validation_data=(x_val, y_val), optimizer=Adam(RATE, **BETAS))
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-9)
    for array, theirs in zip(network.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(array, theirs, atol=1e-10)
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy", "seconds"]
    assert all(seconds > 0 for seconds in history["seconds"])


class Scripted:
    """A network whose validation losses are known beforehand, and whose one weight counts the epochs."""

    params: dict = {}

    def __init__(self, val_losses):
        self.val_losses = val_losses
        self.epoch = 0
        self.outputs = None
        self.stop_training = False

    def loss_and_gradients(self, x, y):
        self.epoch += 1
        return 1.0, {}

    def evaluate(self, x, y):
        return self.val_losses[max(self.epoch - 1, 0)], 0.0

    def hits(self, outputs, y):
        return 0

    def get_weights(self):
        return [self.epoch]

    def set_weights(self, weights):
        (self.epoch,) = weights


@given(st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4, 0.5]), min_size=1, max_size=12), st.integers(1, 4))
def test_early_stopping_is_keras(val_losses, patience):
    import keras

    callback = keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
    theirs = Scripted(val_losses)
    callback.set_model(theirs)
    callback.on_train_begin()
    for epoch, val_loss in enumerate(val_losses):
        theirs.epoch += 1
        callback.on_epoch_end(epoch, {"val_loss": val_loss})
        if theirs.stop_training:
            break
    epochs = epoch + 1
    callback.on_train_end()

    ours = Scripted(val_losses)
    data = np.zeros((2, 1)), np.zeros(2)
    history = fit(ours, *data, epochs=len(val_losses), optimizer=SGD(), validation_data=data, patience=patience)
    assert history["val_loss"] == val_losses[:epochs]
    assert ours.epoch == 1 + val_losses.index(min(val_losses[:epochs]))
    if theirs.stop_training:
        assert ours.epoch == theirs.epoch


def test_without_patience_all_epochs_are_trained_and_the_last_weights_stay():
    network = Scripted([0.1, 0.2, 0.3])
    data = np.zeros((2, 1)), np.zeros(2)
    assert fit(network, *data, validation_data=data)["val_loss"] == [0.1, 0.2, 0.3]
    assert network.epoch == 3


def test_early_stopping_looks_at_the_epochs_of_its_own_fit():
    network = Scripted([0.1, 0.5, 0.4, 0.6, 0.7, 0.8])
    data = np.zeros((2, 1)), np.zeros(2)
    trainer = Trainer(network, SGD())
    trainer.fit(*data, 1, validation_data=data, progress=False)
    history = trainer.fit(*data, 5, validation_data=data, patience=2, progress=False)
    assert history["val_loss"] == [0.1, 0.5, 0.4, 0.6, 0.7]
    assert network.epoch == 3


def test_early_stopping_brings_back_parameters_and_state():
    network, x, y = network_and_data(40)
    x_val, y_val = network_and_data(30, seed=9)[1:]
    history = fit(network, x, y, epochs=30, validation_data=(x_val, y_val), patience=3)
    best = int(np.argmin(history["val_loss"]))
    assert len(history["loss"]) == best + 4 < 30
    assert network.evaluate(x_val, y_val) == (history["val_loss"][best], history["val_accuracy"][best])

    again = network_and_data(40)[0]
    fit(again, x, y, epochs=best + 1)
    assert_same(network.get_weights(), again.get_weights())


# Samples and their order


class Recording(Scripted):
    def __init__(self):
        super().__init__([1.0])
        self.batches = []

    def loss_and_gradients(self, x, y):
        assert (x[:, 0] == y).all()
        self.batches.append(x[:, 0].tolist())
        return float(x.mean()), {}

    def hits(self, outputs, y):
        return int(np.sum(y > 4))


@given(st.integers(1, 12), st.integers(1, 14), st.integers(1, 3))
@settings(max_examples=30)
def test_every_epoch_sees_every_sample_once_and_the_loss_is_the_mean_over_samples(n, batch_size, epochs):
    network = Recording()
    samples = np.arange(n, dtype=float)
    history = fit(network, samples[:, None], samples, epochs, batch_size)
    steps = -(-n // batch_size)
    assert len(network.batches) == epochs * steps
    for epoch in range(epochs):
        batches = network.batches[epoch * steps : (epoch + 1) * steps]
        assert sorted(sum(batches, [])) == samples.tolist()
        assert [len(batch) for batch in batches[:-1]] == [batch_size] * (steps - 1)
    assert history["loss"] == pytest.approx([samples.mean()] * epochs)
    assert history["accuracy"] == pytest.approx([np.mean(samples > 4)] * epochs)


def test_each_epoch_has_an_order_of_its_own():
    network = Recording()
    samples = np.arange(50.0)
    fit(network, samples[:, None], samples, epochs=3, batch_size=50)
    assert len({tuple(batch) for batch in network.batches}) == 3
    assert network.batches[0] != samples.tolist()


def test_the_same_seeds_give_the_same_training_and_others_another():
    def losses(seed, network_seed=0):
        layers = [Dense(8, activation="relu"), Dropout(0.5), Dense(3)]
        x, y = network_and_data()[1:]
        return fit(Sequential([Flatten(), *layers], (6, 6, 1), seed=network_seed), x, y, seed=seed)["loss"]

    assert losses(0) == losses(0)
    assert losses(0) != losses(1)
    assert losses(0) != losses(0, network_seed=1)


def test_fitting_again_goes_on():
    network, x, y = network_and_data()
    whole = fit(network, x, y, epochs=5)
    parts, x, y = network_and_data()
    trainer = Trainer(parts, Adam(RATE), 4, seed=5)
    first = trainer.fit(x, y, 2, progress=False)
    history = trainer.fit(x, y, 3, progress=False)
    assert len(first["loss"]) == 2
    assert history["loss"] == whole["loss"] and history["accuracy"] == whole["accuracy"]
    assert_same(parts.get_weights(), network.get_weights())


def test_epochs_without_validation_have_no_number_for_it():
    network, x, y = network_and_data()
    trainer = Trainer(network, Adam(RATE), 4)
    trainer.fit(x, y, 1, progress=False)
    val_loss = trainer.fit(x, y, 2, validation_data=(x, y), patience=1, progress=False)["val_loss"]
    assert np.isnan(val_loss[0]) and np.isfinite(val_loss[1:]).all() and len(val_loss) >= 2


def test_a_handful_of_samples_is_learned_by_heart():
    rng = np.random.default_rng(0)
    network = SimpleConvNet((12, 12, 1), filters=8, hidden_units=30, weight_std=0.1)
    x, y = rng.standard_normal((12, 12, 12, 1)), rng.integers(0, 10, 12)
    history = fit(network, x, y, epochs=40)
    assert history["accuracy"][-1] == 1 and history["loss"][-1] < 0.05
    assert network.evaluate(x, y)[1] == 1


def test_data_is_read_in_any_number_type_and_left_alone():
    network, _, y = network_and_data()
    x = np.random.default_rng(0).integers(0, 256, (10, 6, 6, 1)).astype(np.uint8)
    for array in (x, y):
        array.setflags(write=False)
    fit(network, x, y, validation_data=(x, y), patience=1)
    fit(network, x.tolist(), y.tolist())


# Ending early


class Interrupting(SGD):
    """Ctrl-C in the middle of a step: one parameter has been changed, the others have not."""

    def __init__(self, at):
        super().__init__(0.1, momentum=0.9)
        self.at = at

    def update(self, params, gradients):
        if self.iterations == self.at:
            name = next(iter(params))
            params[name] += 100
            os.kill(os.getpid(), signal.SIGINT)
        super().update(params, gradients)


@pytest.mark.parametrize("at", range(9))
def test_ctrl_c_keeps_the_last_whole_epoch_and_the_history(at, capsys):
    """Three steps in each epoch."""
    network, x, y = network_and_data()
    history = fit(network, x, y, optimizer=Interrupting(at))
    whole = at // 3
    assert len(history.get("loss", [])) == whole
    assert (
        capsys.readouterr().err
        == [
            "Interrupted before the first epoch ended; the network is as it was.\n",
            "Interrupted after 1 whole epoch; the network has the weights of epoch 1.\n",
            "Interrupted after 2 whole epochs; the network has the weights of epoch 2.\n",
        ][whole]
    )

    again, x, y = network_and_data()
    if whole:
        assert fit(again, x, y, epochs=whole, optimizer=SGD(0.1, momentum=0.9))["loss"] == history["loss"]
    assert_same(network.get_weights(), again.get_weights())


def test_ctrl_c_keeps_the_best_epoch_where_there_is_validation_data(capsys):
    network, x, y = network_and_data(40)
    x_val, y_val = network_and_data(30, seed=9)[1:]
    history = fit(network, x, y, epochs=30, optimizer=Interrupting(10 * 20), validation_data=(x_val, y_val))
    best = int(np.argmin(history["val_loss"]))
    assert len(history["loss"]) == 20 and best < 19
    assert network.evaluate(x_val, y_val)[0] == history["val_loss"][best]
    assert f"after 20 whole epochs; the network has the weights of epoch {best + 1}." in capsys.readouterr().err


def test_ctrl_c_before_the_first_batch_returns_the_history_too(capsys, monkeypatch):
    """Importing the bar, and copying the weights, may take a second."""
    network, x, y = network_and_data()
    trainer = Trainer(network, Adam(RATE), 4)
    before = trainer.fit(x, y, 1, progress=False)
    weights = network.get_weights()

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    for what in ("builtins.__import__", "tqdm.tqdm", "cnncourse.networks.Sequential.get_weights"):
        with monkeypatch.context() as patch:
            patch.setattr(what, interrupted)
            assert trainer.fit(x, y, 2, progress=False) == before
        said = "Interrupted before the first epoch ended; the network is as it was.\n"
        assert capsys.readouterr().err == said
        assert_same(network.get_weights(), weights)


def test_ctrl_c_while_the_best_weights_are_brought_back_brings_them_back(capsys):
    class Slow(Scripted):
        def set_weights(self, weights):
            super().set_weights(weights)
            if not self.stop_training:
                self.stop_training = True
                raise KeyboardInterrupt

    network = Slow([0.1, 0.2, 0.3])
    data = np.zeros((2, 1)), np.zeros(2)
    assert fit(network, *data, validation_data=data, patience=3)["val_loss"] == [0.1, 0.2, 0.3]
    assert network.epoch == 1
    assert "after 3 whole epochs; the network has the weights of epoch 1." in capsys.readouterr().err


def test_after_ctrl_c_training_can_go_on():
    network, x, y = network_and_data()
    trainer = Trainer(network, Interrupting(4), 4)
    assert len(trainer.fit(x, y, 3, progress=False)["loss"]) == 1
    trainer.optimizer = SGD(0.1)
    assert len(trainer.fit(x, y, 3, progress=False)["loss"]) == 4


@pytest.mark.parametrize("validation", [False, True])
def test_a_training_that_diverges_says_so_and_leaves_finite_weights(validation):
    network, x, y = network_and_data(dtype=np.float32)
    before = network.get_weights()
    data = {"validation_data": (x, y)} if validation else {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(FloatingPointError, match=r"diverged in epoch 1: .* lower learning rate than 1e\+30"):
            fit(network, x, y, optimizer=SGD(1e30), **data)
    assert_same(network.get_weights(), before)


def test_a_last_step_that_goes_wrong_is_noticed():
    class Overflowing(SGD):
        def update(self, params, gradients):
            super().update(params, gradients)
            params["dense/kernel"][0, 0] = np.inf

    network, x, y = network_and_data()
    before = network.get_weights()
    with pytest.raises(FloatingPointError, match="diverged in epoch 1"):
        fit(network, x, y, epochs=1, batch_size=10, optimizer=Overflowing())
    assert_same(network.get_weights(), before)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["x", "the x of validation_data"])
def test_numbers_in_the_data_that_are_none_are_named_and_no_learning_rate_is_blamed(wrong, where):
    network, x, y = network_and_data()
    before = network.get_weights()
    broken = x.copy()
    broken[3, 2, 1:3] = wrong
    data = (broken, x) if where == "x" else (x, broken)
    with pytest.raises(FloatingPointError, match=f"^2 of the 360 numbers in {where} are infinite") as error:
        fit(network, data[0], y, validation_data=(data[1], y))
    assert "rate" not in str(error.value)
    assert_same(network.get_weights(), before)


def test_targets_that_are_no_numbers_are_named():
    x = np.ones((6, 2))
    network = Sequential([Dense(1)], (2,), loss="mean_squared_error")
    with pytest.raises(FloatingPointError, match="^1 of the 6 numbers in y are"):
        fit(network, x, np.array([[1.0], [2], [3], [4], [np.nan], [6]]))


def test_a_first_loss_that_is_no_number_is_not_blamed_on_the_learning_rate():
    network, x, y = network_and_data(dtype=np.float32)
    with pytest.raises(FloatingPointError, match="very first batch, before any step") as error:
        fit(network, x * 1e100, y)  # infinite in float32
    assert "rate" not in str(error.value)


def test_a_mistake_in_the_targets_leaves_the_weights_of_the_last_whole_epoch():
    network, x, y = network_and_data()
    before = network.get_weights()
    y[5] = 3
    with pytest.raises(ValueError, match="from 0 to 2, got 3"):
        fit(network, x, y, batch_size=1)
    assert_same(network.get_weights(), before)


# The bar


def test_the_bar_shows_epoch_loss_and_time_on_the_error_stream(capsys):
    network, x, y = network_and_data()
    history = Trainer(network, Adam(), 4).fit(x, y, 2, validation_data=(x, y))
    shown = capsys.readouterr()
    assert shown.out == ""
    last = shown.err.split("\r")[-1]
    assert "epoch 2/2: 100%" in last and "6/6" in last and "00:00<00:00" in last
    assert f"loss {history['loss'][1]:.4f}, val_loss {history['val_loss'][1]:.4f}" in last


@pytest.mark.parametrize(("terminal", "interval"), [(True, 0.1), (False, 2)])
def test_the_bar_changes_often_on_a_terminal_and_seldom_in_a_file(terminal, interval, monkeypatch):
    import tqdm

    asked = []

    class Bar(tqdm.tqdm):
        def __init__(self, *args, **options):
            asked.append(options["mininterval"])
            super().__init__(*args, **options)

    monkeypatch.setattr("tqdm.tqdm", Bar)
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal, raising=False)
    network, x, y = network_and_data()
    Trainer(network, Adam(), 4).fit(x, y, 1)
    assert asked == [interval]


def test_nothing_is_shown_when_asked(capsys):
    network, x, y = network_and_data()
    Trainer(network, Adam(), 4).fit(x, y, 2, progress=False)
    assert capsys.readouterr() == ("", "")


def test_importing_the_module_does_not_import_the_bar():
    import subprocess
    import sys

    code = "import sys, cnncourse.training; print(sorted({'tqdm', 'keras', 'scipy', 'matplotlib'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Mistakes


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (dict(y=np.zeros(9, int)), r"x and y .* got shapes \(10, 6, 6, 1\) and \(9,\)"),
        (dict(x=np.zeros((0, 6, 6, 1)), y=[]), r"one target for each sample, got shapes \(0, 6, 6, 1\) and \(0,\)"),
        (dict(y=3), r"got shapes \(10, 6, 6, 1\) and \(\)"),
        (dict(epochs=0), "epochs must be at least 1, got 0"),
        (dict(epochs=1.5), "epochs must be a whole number, got 1.5"),
        (dict(batch_size=0), "batch_size must be at least 1, got 0"),
        (dict(batch_size="32"), "batch_size must be a whole number, got '32'"),
        (dict(patience=2), "patience=2 needs validation_data to watch, got None"),
        (dict(patience=0), "patience must be at least 1, got 0"),
        (dict(validation_data=(np.zeros((4, 6, 6, 1)), np.zeros(3))), r"validation_data .* \(4, 6, 6, 1\) and \(3,\)"),
        (
            dict(validation_data=(np.zeros((4, 6, 7, 1)), np.zeros(4))),
            r"^validation_data: .* \(N, 6, 6, 1\), got \(1, 6, 7, 1\)",
        ),
        (dict(validation_data=(np.zeros((4, 6, 6, 1)),)), r"validation_data must be a pair \(x, y\), got 1"),
        (dict(x=np.zeros((10, 5, 6, 1))), r"\(N, 6, 6, 1\), got \(4, 5, 6, 1\)"),
    ],
)
def test_impossible_arguments_raise_and_name_the_number(arguments, said):
    network, x, y = network_and_data()
    before = network.get_weights()
    with pytest.raises(ValueError, match=said):
        fit(network, **{"x": x, "y": y} | arguments)
    assert_same(network.get_weights(), before)

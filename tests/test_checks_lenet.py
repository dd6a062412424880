"""The checks of 06-lenet: references from outside, statistics that refuse no right solution, what learners bring."""

import math

import numpy as np
import pytest
from scipy import stats

from cnncourse.checks import lenet as bank
from cnncourse.checks import task, verdict

ASSIGNMENT = "06-lenet"


def judged(name, fn, seed=None):
    return verdict(ASSIGNMENT, name, fn, seed)


def plain(message):
    return " ".join(message.split())


# -- the references come from outside --------------------------------------------------------------------------------


def test_one_hot_is_keras():
    import keras

    for case, (expected,) in task(ASSIGNMENT, "one_hot").draw(0):
        labels, num_classes = case.args
        np.testing.assert_array_equal(expected, keras.utils.to_categorical(labels.astype(int), num_classes))


def test_the_confusion_matrix_is_scikit_learns():
    metrics = pytest.importorskip("sklearn.metrics")
    for case, (expected,) in task(ASSIGNMENT, "confusion_matrix").draw(0):
        labels, predictions, num_classes = case.args
        matrix = metrics.confusion_matrix(labels.astype(int), predictions.astype(int), labels=range(num_classes))
        np.testing.assert_array_equal(expected, matrix)


@pytest.mark.parametrize(
    ("name", "optimizer", "options"),
    [
        ("sgd_step", "SGD", {}),
        ("momentum_step", "SGD", {"momentum": 0.9}),
        ("adam_step", "Adam", {"epsilon": 1e-8}),
    ],
)
def test_steps_are_keras(name, optimizer, options):
    import keras

    reference = task(ASSIGNMENT, name).reference
    rng = np.random.default_rng(0)
    param, state = rng.standard_normal((2, 3)), {}
    theirs = keras.Variable(param, dtype="float64")
    trained = getattr(keras.optimizers, optimizer)(learning_rate=0.5, **options)
    for _ in range(5):
        grad = rng.standard_normal((2, 3)) * 4
        param, state = reference(param, grad, state, 0.5)
        trained.apply([keras.ops.convert_to_tensor(grad, "float64")], [theirs])
        np.testing.assert_allclose(param, np.asarray(theirs), atol=1e-4)  # Keras takes powers of the betas in float32


def test_adam_by_hand():
    # Kingma & Ba (2015), algorithm 1, with a gradient of 2 and then of −1.
    param, state = bank.adam(np.array([1.0]), np.array([2.0]), {}, 0.1)
    assert param == pytest.approx(1 - 0.1)
    m, v = 0.9 * 0.2 + 0.1 * -1, 0.999 * 0.004 + 0.001 * 1
    expected = 0.9 - 0.1 * (m / (1 - 0.81)) / (math.sqrt(v / (1 - 0.999**2)) + 1e-8)
    assert bank.adam(param, np.array([-1.0]), state, 0.1)[0] == pytest.approx(expected)


def test_the_table_is_the_one_of_keras():
    import keras
    from keras import layers

    network = keras.Sequential([keras.Input((32, 32, 1))])
    for filters in (6, 16):
        network.add(layers.Conv2D(filters, 5))
        network.add(layers.MaxPooling2D(2))
    for layer in (layers.Conv2D(120, 5), layers.Flatten(), layers.Dense(84), layers.Dense(10)):
        network.add(layer)
    kept = [layer for layer in network.layers if not isinstance(layer, layers.Flatten)]
    assert bank.the_shapes() == [(32, 32, 1), *(layer.output.shape[1:] for layer in kept)]
    assert bank.the_params() == [layer.count_params() for layer in kept]
    assert sum(bank.the_params()) == 61_706


def test_the_counts_of_1998_are_the_papers():
    # LeCun et al. (1998), section II.B: C1 156, S2 12, C3 1,516, S4 32, C5 48,120, F6 10,164; ten units of 84 numbers.
    (of_1998,) = (m for m in bank.PARAMS_MISCONCEPTIONS if m.name == "the table of 1998")
    assert of_1998.wrong() == [156, 12, 1516, 32, 48_120, 10_164, 840]


# -- statistics ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("p", "n"), [(1 / 3, 200), (1 / 11, 200), (1 / 12, 200), (3 / 28, 200)])
@pytest.mark.parametrize("risk", [1e-2, bank.RISK, bank.EPOCH_RISK])
def test_bounds_are_those_of_the_binomial_distribution(p, n, risk):
    low, high = bank.bounds(p, n, risk)
    outside = stats.binom.cdf(low - 1, n, p) + stats.binom.sf(high, n, p)
    assert outside <= risk
    assert stats.binom.cdf(low, n, p) > risk / 2 and stats.binom.sf(high - 1, n, p) > risk / 2  # no wider than needed


def test_statistics_refuse_a_right_solution_less_than_once_in_a_million_checks():
    pairs = bank.SAMPLES * (bank.SAMPLES - 1) // 2
    assert bank.RISK * (bank.SAMPLES + pairs + bank.SAMPLES) < 1e-6
    pairs = bank.EPOCH_SAMPLES * (bank.EPOCH_SAMPLES - 1) // 2
    assert bank.EPOCH_RISK * (bank.EPOCH_SAMPLES + pairs) < 1e-6


@pytest.mark.parametrize("name", ["train_validation_split", "train_epoch"])
def test_what_is_random_is_right_for_many_seeds(name):
    for seed in range(40):
        assert judged(name, task(ASSIGNMENT, name).reference, 1000 + seed).passed


def held_out_more_often_at_the_end(x, y, fraction, rng):
    """A key for each sample, larger for later ones: a bias of a fifth."""
    order = np.argsort(-(rng.random(len(x)) + 0.6 * np.arange(len(x)) / len(x)))
    count = round(fraction * len(x))
    kept, held_out = rng.permutation(order[count:]), rng.permutation(order[:count])
    return x[kept], y[kept], x[held_out], y[held_out]


def test_a_biased_draw_is_noticed():
    found = judged("train_validation_split", held_out_more_often_at_the_end)
    assert [about for about, holds in found.feedback.properties.items() if not holds] == ["every sample equally likely"]
    assert "far more often than others" in plain(found.message)


# -- steps -----------------------------------------------------------------------------------------------------------


def test_a_step_may_hand_back_the_state_it_was_given_when_there_is_nothing_in_it():
    assert judged("sgd_step", lambda param, grad, state, lr: (param - lr * grad.astype(float), state)).passed


def test_a_velocity_with_and_without_the_learning_rate_are_both_momentum():
    assert judged("momentum_step", bank.momentum_of_pytorch).passed


def test_adams_epsilon_may_stand_in_both_of_the_papers_places_and_in_no_third():
    assert judged("adam_step", bank.adam_in_the_faster_order).passed
    assert judged("adam_step", bank.adam).passed
    (under_the_root,) = (m for m in bank.ADAM_MISCONCEPTIONS if m.name == "epsilon under the root")
    found = judged("adam_step", under_the_root.wrong)
    assert [about for about, holds in found.feedback.properties.items() if not holds] == ["epsilon"]


def writes_into_its_state(param, grad, state, lr, momentum=0.9):
    state["velocity"] = momentum * state.get("velocity", 0.0) - lr * grad
    return param + state["velocity"], state


def writes_into_an_array_of_its_state(param, grad, state, lr, momentum=0.9):
    velocity = state.get("velocity", np.zeros(param.shape))
    velocity *= momentum
    velocity -= lr * grad
    return param + velocity, {"velocity": velocity}


def writes_into_the_parameter(param, grad, state, lr, momentum=0.9):
    new, state = bank.with_momentum(param, grad, state, lr, momentum)
    param[...] = new
    return new, state


@pytest.mark.parametrize("fn", [writes_into_its_state, writes_into_an_array_of_its_state, writes_into_the_parameter])
def test_what_a_step_is_given_stays_as_it_was(fn):
    assert judged("momentum_step", fn).misconception == "input changed"


@pytest.mark.parametrize("state", [None, (), [], np.zeros(2), 3])
def test_a_state_that_is_no_dict_is_told_so_and_the_first_step_counts(state):
    found = judged("sgd_step", lambda param, grad, _, lr: (param - lr * grad.astype(float), state))
    assert found.misconception == "state is no dict" and "a dict" in plain(found.message)


def test_one_result_instead_of_two_is_told():
    found = judged("adam_step", lambda param, grad, state, lr, beta1=0.9, beta2=0.999, eps=1e-8: param - lr * grad)
    assert found.score == 0 and "2 results are asked for" in plain(found.message)


def test_the_arithmetic_of_the_first_wrong_step_is_shown():
    found = judged("momentum_step", lambda param, grad, state, lr, momentum=0.9: (param - 2 * lr * grad, {}))
    assert "the velocity is" in plain(found.message) and "Yours is" in plain(found.message)
    found = judged("adam_step", lambda param, grad, state, lr, beta1=0.9, beta2=0.999, eps=1e-8: (param - 3 * lr, {}))
    assert "corrected for t = 1" in plain(found.message)


# -- the table -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("c5", [(1, 1, 120), (120,), [1, 1, 120], 120])
def test_c5_is_written_in_both_ways(c5):
    assert judged("lenet5_shapes", lambda: [*bank.SHAPES[:5], c5, *bank.SHAPES[6:]]).passed


def test_no_message_gives_an_entry_of_the_table_away():
    for name in ("lenet5_shapes", "lenet5_params"):
        found = judged(name, lambda: [])
        message = plain(found.message)
        assert found.score == 0
        for secret in ("10, 10, 16", "(5, 5, 16)", "2416", "2,416", "48120", "48,120", "10164", "10,164", "850"):
            assert secret not in message


def test_one_wrong_entry_costs_one_share_and_gets_its_hint():
    found = judged("lenet5_shapes", lambda: [*bank.SHAPES[:3], (12, 12, 16), *bank.SHAPES[4:]])
    assert found.score == pytest.approx(8 / 9) and "C3 slides 5 × 5 kernels over 14 × 14 maps" in plain(found.message)
    found = judged("lenet5_params", lambda: [*bank.PARAMS[:5], 10_000, 850])
    assert found.score == pytest.approx(7 / 8) and "each of its 84 units" in plain(found.message)


# -- an epoch --------------------------------------------------------------------------------------------------------


def test_an_epoch_may_leave_the_loss_in_any_number_type():
    for kind in (float, np.float32, np.float64, np.array):
        assert judged("train_epoch", lambda *args, kind=kind: kind(bank.epoch(*args))).passed


def test_shuffling_the_data_themselves_is_noticed():
    def shuffles_x_and_y(network, x, y, batch_size, optimizer, rng):
        order = rng.permutation(len(x))
        x[...], y[...] = x[order].copy(), y[order].copy()
        return bank.epoch(network, x, y, batch_size, optimizer, rng)

    assert judged("train_epoch", shuffles_x_and_y).misconception == "input changed"


def test_a_network_of_the_course_can_be_trained_by_the_reference():
    from cnncourse.layers import Dense, Flatten
    from cnncourse.networks import Sequential
    from cnncourse.optimizers import SGD

    x, y = bank.digits()
    network, rng = Sequential([Flatten(), Dense(10)], (8, 8, 1)), np.random.default_rng(0)
    losses = [bank.epoch(network, x[:300], y[:300], 32, SGD(0.1), rng) for _ in range(3)]
    assert losses[2] < losses[0]


# -- a network -------------------------------------------------------------------------------------------------------


def test_scores_may_be_anything_that_becomes_an_array():
    def with_lists(x, y, rng):
        model = bank.quickly(x, y)
        return bank.Answering(lambda images: [list(row) for row in model(images)])

    assert judged("train_network", with_lists).passed


def test_nothing_returned_is_told():
    found = judged("train_network", lambda x, y, rng: None)
    assert found.misconception == "nothing returned" and found.score == 0


def test_data_kept_from_elsewhere_help_with_no_digit():
    found = judged("train_network", bank.on_its_own_data)
    right = [about for about, holds in found.feedback.properties.items() if holds and "right" in about]
    assert right == [] and "were not given" not in found.message and "was not given" in found.message


def test_each_share_of_the_accuracy_has_its_own_points():
    scores = {}
    for mistake in bank.NETWORK_MISCONCEPTIONS:
        if mistake.name in ("stopped too soon", "a good start", "nearly there", "not trained"):
            scores[mistake.name] = judged("train_network", mistake.wrong).score
    expected = {"stopped too soon": 2 / 5, "a good start": 3 / 5, "nearly there": 4 / 5, "not trained": 0}
    assert scores == pytest.approx(expected)


def test_a_message_about_a_network_says_how_good_it_is():
    (mistake,) = (m for m in bank.NETWORK_MISCONCEPTIONS if m.name == "nearly there")
    message = plain(judged("train_network", mistake.wrong).message)
    assert "Trained on 1100 images, your network names 9" in message and "Asked for are 95% of the others" in message


def test_a_network_that_scales_its_images_in_place_is_told():
    def scales(x, y, rng):
        x -= x.mean()
        return bank.train(x, y, rng)

    assert judged("train_network", scales).misconception == "input changed"

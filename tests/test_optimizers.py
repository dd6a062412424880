"""cnncourse.optimizers against Keras's optimizers step for step, the papers' formulas, and hand computation."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse import optimizers
from cnncourse.optimizers import SGD, Adam, Optimizer, RMSprop, adam_step, momentum_step, rmsprop_step, sgd_step

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

SHAPES = {"kernel": (3, 2, 2, 5), "bias": (5,), "dense": (20, 7), "gamma": (1,), "scale": ()}
STEPS = 30
CONFIGURED = {
    "SGD": (SGD, {"learning_rate": 0.05}),
    "momentum": (SGD, {"learning_rate": 0.05, "momentum": 0.9}),
    "Nesterov": (SGD, {"learning_rate": 0.05, "momentum": 0.8, "nesterov": True}),
    "RMSprop": (RMSprop, {"learning_rate": 0.002}),
    "RMSprop with momentum": (RMSprop, {"learning_rate": 0.002, "rho": 0.8, "momentum": 0.5, "epsilon": 1e-4}),
    "Adam": (Adam, {"learning_rate": 0.002, "beta_1": 0.9, "beta_2": 0.999}),
    "Adam, all arguments": (Adam, {"learning_rate": 0.002, "beta_1": 0.7, "beta_2": 0.95, "epsilon": 1e-3}),
}
PURE = {
    "sgd_step": (sgd_step, {"lr": 0.05}),
    "momentum_step": (momentum_step, {"lr": 0.05, "momentum": 0.8}),
    "rmsprop_step": (rmsprop_step, {"lr": 0.002, "rho": 0.8}),
    "adam_step": (adam_step, {"lr": 0.002, "beta1": 0.7, "beta2": 0.95}),
}
EVERY_CLASS = pytest.mark.parametrize("name", CONFIGURED)
EVERY_STEP = pytest.mark.parametrize("name", PURE)


def optimizer(name):
    kind, arguments = CONFIGURED[name]
    return kind(**arguments)


def parameters(rng, dtype=np.float64):
    return {name: np.asarray(rng.standard_normal(shape)).astype(dtype) for name, shape in SHAPES.items()}


def random_gradients(rng, dtype=np.float64):
    """Gradients from 1e-6 to 10 in size, some of them exactly 0, as behind a ReLU."""
    gradients = {}
    for name, shape in SHAPES.items():
        values = rng.standard_normal(shape) * 10.0 ** rng.integers(-6, 2, shape)
        gradients[name] = np.asarray(values * (rng.random(shape) < 0.8), dtype)
    return gradients


@pytest.fixture
def keras_in():
    """Keras with its default float, in which its optimizers keep their learning rate, set for one test."""
    import keras

    before = keras.config.floatx()

    def set_floatx(dtype):
        keras.config.set_floatx(dtype)
        return keras

    yield set_floatx
    keras.config.set_floatx(before)


# The classes ----------------------------------------------------------------------------------------------------------


@EVERY_CLASS
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-12)])
def test_every_step_is_keras(name, dtype, tolerance, keras_in):
    keras = keras_in(dtype)
    kind, arguments = CONFIGURED[name]
    # Keras reads 0.9 by way of float32 even where it computes in float64, so both are given what float32 makes of it.
    arguments = {argument: type(value)(np.float32(value)) for argument, value in arguments.items()}
    rng = np.random.default_rng(1)
    params = parameters(rng, dtype)
    variables = {name: keras.Variable(param, dtype=dtype) for name, param in params.items()}
    ours, theirs = kind(**arguments), getattr(keras.optimizers, kind.__name__)(**arguments)
    for t in range(STEPS):
        if t == STEPS // 2:
            ours.learning_rate = theirs.learning_rate = 1 / 128
        gradients = random_gradients(rng, dtype)
        ours.update(params, gradients)
        theirs.apply([keras.ops.convert_to_tensor(gradients[name]) for name in SHAPES], list(variables.values()))
        for parameter, variable in variables.items():
            assert params[parameter].dtype == dtype
            np.testing.assert_allclose(params[parameter], variable.numpy(), rtol=tolerance, atol=tolerance)
    assert ours.iterations == STEPS


def test_names_and_defaults_of_the_arguments_are_keras():
    import inspect

    import keras

    for kind in (SGD, Adam, RMSprop):
        theirs = inspect.signature(getattr(keras.optimizers, kind.__name__)).parameters
        for name, argument in inspect.signature(kind).parameters.items():
            assert argument.default == theirs[name].default, (kind, name)


@EVERY_CLASS
def test_parameters_change_in_place_and_gradients_stay_as_they_are(name):
    rng = np.random.default_rng(0)
    params, gradients = parameters(rng), random_gradients(rng)
    same = dict(params)
    before = {name: param.copy() for name, param in params.items()}
    for gradient in gradients.values():
        gradient.flags.writeable = False
    optimizer(name).update(params, gradients)
    assert params.keys() == same.keys()
    for parameter in params:
        assert params[parameter] is same[parameter]
        moved = params[parameter] != before[parameter]
        np.testing.assert_array_equal(moved, gradients[parameter] != 0)


@EVERY_CLASS
def test_a_list_is_as_good_as_a_dict_and_views_are_as_good_as_copies(name):
    rng = np.random.default_rng(0)
    params, by_list, by_dict = parameters(rng), optimizer(name), optimizer(name)
    as_list = [np.asfortranarray(param) for param in params.values()]
    everything = np.zeros((20, 14))
    as_list[2] = everything[::-1, ::2]
    as_list[2][:] = params["dense"]
    for _ in range(3):
        gradients = random_gradients(rng)
        by_dict.update(params, gradients)
        by_list.update(as_list, tuple(np.asfortranarray(gradient) for gradient in gradients.values()))
    for expected, param in zip(params.values(), as_list, strict=True):
        np.testing.assert_array_equal(param, expected)
    assert not everything[:, 1::2].any()


@EVERY_CLASS
def test_each_parameter_is_updated_as_if_it_were_alone(name):
    """All share one buffer, and none sees what another left in it; the order of the names does not matter."""
    rng = np.random.default_rng(0)
    params = parameters(rng)
    alone = {parameter: {parameter: param.copy()} for parameter, param in params.items()}
    together, apart = optimizer(name), {parameter: optimizer(name) for parameter in params}
    for _ in range(3):
        gradients = random_gradients(rng)
        together.update(params, dict(reversed(gradients.items())))
        for parameter in params:
            apart[parameter].update(alone[parameter], {parameter: gradients[parameter]})
            np.testing.assert_array_equal(params[parameter], alone[parameter][parameter])


@EVERY_CLASS
def test_float32_parameters_stay_float32_whatever_the_gradients_and_the_rate_are(name):
    rng = np.random.default_rng(0)
    params, exact = parameters(rng, np.float32), {}
    exact = {name: param.astype(np.float64) for name, param in params.items()}
    ours, expected = optimizer(name), optimizer(name)
    ours.learning_rate = np.float64(expected.learning_rate)
    for gradients in (random_gradients(rng), {name: np.ones(shape, int) for name, shape in SHAPES.items()}):
        ours.update(params, gradients)
        expected.update(exact, gradients)
    for parameter, param in params.items():
        assert param.dtype == np.float32
        np.testing.assert_allclose(param, exact[parameter], rtol=1e-5, atol=1e-6)


@EVERY_CLASS
def test_a_step_makes_no_new_arrays_of_the_parameters_size(name):
    params, gradients = {"w": np.ones((300, 400), np.float32)}, {"w": np.ones((300, 400), np.float32)}
    ours = optimizer(name)
    ours.update(params, gradients)
    tracemalloc.start()
    try:
        ours.update(params, gradients)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < params["w"].nbytes / 4


@EVERY_CLASS
def test_a_bowl_is_descended_to_its_bottom(name):
    target = np.array([3.0, -2.0])
    params, ours = {"w": np.zeros(2)}, optimizer(name)
    ours.learning_rate = 0.02
    for _ in range(1000):
        ours.update(params, {"w": params["w"] - target})
    np.testing.assert_allclose(params["w"], target, atol=0.05)


def test_a_learning_rate_of_zero_stands_still():
    params = {"w": np.array([1.0])}
    for kind in (SGD, RMSprop, Adam):
        kind(learning_rate=0).update(params, {"w": np.array([5.0])})
    assert params["w"] == 1


def test_an_optimizer_of_your_own_needs_one_method():
    class SignDescent(Optimizer):
        def step(self, param, grad, learning_rate, memory):
            param -= learning_rate * np.sign(grad)

    params = [np.array([1.0, 1.0])]
    SignDescent(learning_rate=0.5).update(params, [np.array([100.0, -0.1])])
    assert params[0].tolist() == [0.5, 1.5]
    with pytest.raises(NotImplementedError):
        Optimizer(0.1).update(params, params)


# The pure steps -------------------------------------------------------------------------------------------------------


def walk(step, gradients, start=1.0, **arguments):
    """The values of one parameter after each of the gradients."""
    param, state, seen = np.array([start]), {}, []
    for gradient in gradients:
        param, state = step(param, np.array([gradient]), state, **arguments)
        seen.append(float(param[0]))
    return seen


def test_sgd_by_hand():
    assert walk(sgd_step, [2, -4], lr=0.25) == [0.5, 1.5]


def test_momentum_by_hand():
    """Velocities -0.5, then 0.5 · -0.5 - 0.5 = -0.75, then 0.5 · -0.75 = -0.375."""
    assert walk(momentum_step, [2, 2, 0], lr=0.25, momentum=0.5) == [0.5, -0.25, -0.625]


def test_rmsprop_by_hand():
    """v = 0.75 · 0 + 0.25 · 16 = 4, then 0.75 · 4 + 0.25 · 4 = 4."""
    np.testing.assert_allclose(walk(rmsprop_step, [4, 2], lr=0.5, rho=0.75, eps=0), [0, -0.5], rtol=1e-15)


def test_adam_by_hand():
    """The first step is lr · sign of the gradient; at the second m_hat = (0.25 · 4 + 0) / 0.75, v_hat = 3 / 1.75."""
    second = -0.5 * (1 / 0.75) / math.sqrt(0.75 * 0.25 * 16 / (1 - 0.75**2))
    expected = [0.5, 0.5 + second]
    np.testing.assert_allclose(walk(adam_step, [4, 0], lr=0.5, beta1=0.5, beta2=0.75, eps=0), expected, rtol=1e-15)


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_adam_step_is_the_papers_sums_written_out(seed):
    """Kingma & Ba (2015), equation 4: v is a weighted sum over all gradients so far; m in the same way."""
    gradients = np.random.default_rng(seed).standard_normal(12)
    expected, param = [], 1.0
    for t in range(1, len(gradients) + 1):
        ages = np.arange(t)[::-1]
        m_hat = 0.1 * np.sum(0.9**ages * gradients[:t]) / (1 - 0.9**t)
        v_hat = 0.001 * np.sum(0.999**ages * gradients[:t] ** 2) / (1 - 0.999**t)
        param -= 0.01 * m_hat / (math.sqrt(v_hat) + 1e-8)
        expected.append(param)
    np.testing.assert_allclose(walk(adam_step, gradients, lr=0.01), expected, rtol=1e-11)


@pytest.mark.parametrize(
    ("name", "matching"),
    [
        ("sgd_step", SGD(0.05)),
        ("momentum_step", SGD(0.05, momentum=0.8)),
        ("rmsprop_step", RMSprop(0.002, rho=0.8)),
        ("adam_step", Adam(0.002, beta_1=0.7, beta_2=0.95, epsilon=1e-14)),
    ],
)
def test_the_pure_steps_and_the_classes_take_the_same_way(name, matching):
    step, arguments = PURE[name]
    if name == "adam_step":
        arguments = {**arguments, "eps": 1e-14}
    rng = np.random.default_rng(0)
    param, state = rng.standard_normal((4, 3)), {}
    params = [param.copy()]
    for _ in range(STEPS):
        gradient = rng.standard_normal((4, 3))
        param, state = step(param, gradient, state, **arguments)
        matching.update(params, [gradient])
        np.testing.assert_allclose(param, params[0], rtol=1e-11)


def test_epsilon_stands_beside_different_roots_in_the_paper_and_in_keras():
    """With a first gradient as small as epsilon: lr · g / (g + e) in the paper, lr · g / (g + e · √1000) in Keras."""
    param, _ = adam_step([0.0], [1e-7], {}, lr=1.0, eps=1e-7)
    np.testing.assert_allclose(param, -1 / 2, rtol=1e-9)
    params = [np.array([0.0])]
    Adam(learning_rate=1.0, epsilon=1e-7).update(params, [[1e-7]])
    np.testing.assert_allclose(params[0], -1 / (1 + math.sqrt(1000)), rtol=1e-9)


@EVERY_STEP
def test_a_pure_step_changes_neither_parameter_nor_gradient_nor_state(name):
    step, arguments = PURE[name]
    param, gradient = np.array([1.0, 2.0]), np.array([3.0, 0.0])
    for array in (param, gradient):
        array.flags.writeable = False
    empty = {}
    first_param, first_state = step(param, gradient, empty, **arguments)
    assert empty == {} and first_state is not empty
    remembered = {key: np.copy(value) for key, value in first_state.items()}
    second_param, second_state = step(first_param, gradient, first_state, **arguments)
    third_param, _ = step(first_param, gradient, first_state, **arguments)
    np.testing.assert_array_equal(second_param, third_param)
    assert second_state is not first_state
    for key, value in remembered.items():
        np.testing.assert_array_equal(first_state[key], value)
        assert not np.may_share_memory(second_state[key], first_state[key])
    assert not np.may_share_memory(first_param, param)


@EVERY_STEP
@pytest.mark.parametrize(("given", "expected"), [(np.float32, np.float32), (np.int64, np.float64)])
def test_a_pure_step_keeps_floats_and_makes_floats_of_whole_numbers(name, given, expected):
    step, arguments = PURE[name]
    arguments = {key: np.float64(value) for key, value in arguments.items()}
    param, state = np.array([[1, 2]], given), {}
    for gradient in (np.array([[3, -1]], given), np.array([[0.5, 1.5]])):
        param, state = step(param, gradient, state, **arguments)
        assert param.dtype == expected
    assert all(value.dtype == expected for value in state.values() if isinstance(value, np.ndarray))


@EVERY_STEP
def test_a_pure_step_reads_lists_and_plain_numbers(name):
    step, arguments = PURE[name]
    expected, _ = step(np.array([1.0, 2.0]), np.array([3.0, 4.0]), {}, **arguments)
    np.testing.assert_array_equal(step([1, 2], (3, 4), {}, **arguments)[0], expected)
    assert step(1, 3, {}, **arguments)[0] == expected[0]


# What cannot be -------------------------------------------------------------------------------------------------------

W = np.ones(3)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: sgd_step(W, np.ones(2), {}, 0.1), r"parameter's shape \(3,\), got \(2,\)"),
        (lambda: momentum_step(W, 1.0, {}, 0.1), r"parameter's shape \(3,\), got \(\)"),
        (lambda: rmsprop_step(W, np.ones((3, 1)), {}, 0.1), r"parameter's shape \(3,\), got \(3, 1\)"),
        (lambda: adam_step(W, np.ones((1, 3)), {}, 0.1), r"parameter's shape \(3,\), got \(1, 3\)"),
        (lambda: SGD(learning_rate=-0.1), "learning_rate must be at least 0, got -0.1"),
        (lambda: SGD(learning_rate=math.nan), "learning_rate must be at least 0, got nan"),
        (lambda: SGD(momentum=1.0), "momentum must be from 0 to below 1, got 1.0"),
        (lambda: RMSprop(rho=-0.1), "rho must be from 0 to below 1, got -0.1"),
        (lambda: RMSprop(momentum=2), "momentum must be from 0 to below 1, got 2"),
        (lambda: Adam(beta_1=1), "beta_1 must be from 0 to below 1, got 1"),
        (lambda: Adam(beta_2=1.5), "beta_2 must be from 0 to below 1, got 1.5"),
    ],
)
def test_impossible_arguments_raise_and_name_the_number(call, said):
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.parametrize(
    ("params", "gradients", "said"),
    [
        ({"a": W, "b": W}, {"a": W}, "no gradient for parameter 'b'"),
        ({"a": W}, {"a": W, "c": W, "b": W}, "no parameter for gradient 'b', 'c'"),
        ({"a": W}, {}, "no gradient for parameter 'a'"),
        ([W, W], [W], "no gradient for parameter 1"),
        ([W], [W, W], "no parameter for gradient 1"),
        ([W], {"a": W}, "both be dicts or both be lists, got a list and a dict"),
        ({"a": W}, [W], "both be dicts or both be lists, got a dict and a list"),
        ({"a": W, "b": W}, {"a": W, "b": np.ones((3, 1))}, r"parameter 'b' must have its shape \(3,\), got \(3, 1\)"),
        ([W, W], [W, 1.0], r"parameter 1 must have its shape \(3,\), got \(\)"),
        ({"a": W, "b": [1.0]}, {"a": W, "b": [1.0]}, "parameter 'b' must be an array of floats, .* got list"),
        ({"a": W, "b": np.ones(3, int)}, {"a": W, "b": W}, "parameter 'b' must be an array of floats, .* got int64"),
        ({"a": W, "b": W}, {"a": W, "b": None}, "arrays of numbers, got object"),
    ],
)
def test_parameters_and_gradients_that_do_not_belong_together_change_nothing(params, gradients, said):
    for ours in (SGD(momentum=0.9), Adam(), RMSprop()):
        with pytest.raises(ValueError, match=said):
            ours.update(params, gradients)
        assert ours.iterations == 0
    assert W.tolist() == [1, 1, 1]


def test_a_parameter_that_changes_its_shape_between_updates_is_named():
    ours = Adam()
    ours.update({"a": np.ones(1), "b": np.ones(3)}, {"a": np.ones(1), "b": np.ones(3)})
    params = {"a": np.ones(1), "b": np.ones(2)}
    with pytest.raises(ValueError, match=r"parameter 'b' had shape \(3,\) before, got \(2,\)"):
        ours.update(params, {"a": np.ones(1), "b": np.ones(2)})
    assert params["a"] == 1 and ours.iterations == 1


def test_every_public_name_shows_an_example_and_its_source():
    for name in optimizers.__all__:
        text = getattr(optimizers, name).__doc__
        if name != "Optimizer":
            assert ">>>" in text and "Source:" in text, name


@pytest.mark.parametrize("optimizer", [SGD(0.1, momentum=0.5), Adam(), RMSprop()], ids=lambda o: type(o).__name__)
def test_a_gradient_may_come_in_another_memory_order_from_step_to_step(optimizer):
    other = type(optimizer)(optimizer.learning_rate, **({"momentum": 0.5} if hasattr(optimizer, "momentum") else {}))
    if hasattr(optimizer, "momentum"):
        optimizer.momentum = other.momentum
    rng = np.random.default_rng(0)
    ours, theirs = {"w": np.zeros((2, 3))}, {"w": np.zeros((2, 3))}
    for order in "CFCF":
        grad = rng.standard_normal((2, 3))
        optimizer.update(ours, {"w": np.asarray(grad, order=order)})
        other.update(theirs, {"w": grad})
    np.testing.assert_array_equal(ours["w"], theirs["w"])


def test_a_parameter_that_may_not_be_changed_is_refused_before_any_is():
    params = {"a": np.ones(2), "b": np.ones(2)}
    params["b"].flags.writeable = False
    with pytest.raises(ValueError, match="parameter 'b' must be an array that may be changed"):
        SGD(1.0).update(params, {"a": np.ones(2), "b": np.ones(2)})
    assert params["a"].tolist() == [1, 1]

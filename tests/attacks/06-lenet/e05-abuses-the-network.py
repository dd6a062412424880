"""train_epoch fills the network that it was handed with gigabytes, and gives it and the optimizer odd things."""

EXPECTED = {
    "one_hot": 0,
    "train_validation_split": 0,
    "sgd_step": 0,
    "momentum_step": 0,
    "adam_step": 0,
    "lenet5_shapes": 0,
    "lenet5_params": 0,
    "train_epoch": 0,
    "confusion_matrix": 0,
    "train_network": 0,
}
MUST_NOT = "the grader keeps what it is given until its memory is full"


def train_epoch(network, x, y, batch_size, optimizer, rng):
    for odd in (None, "x", 10**400, {"w": "x"}, [object()], np.zeros(1, "V9"), network, optimizer, print, rng):
        try:
            network.params = odd
            optimizer.update(odd, odd)
            optimizer.update(network, network.params)
            network.loss_and_gradients(odd, network)
        except Exception:
            pass
    if inside():
        much = np.zeros(10**7)
        for _ in range(40):
            network.loss_and_gradients(much, much[:1])
    network.params = {"w": np.full(2, np.nan)}
    return float("nan")

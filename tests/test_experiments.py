"""The experiments: what is remembered, what an interruption costs, and whether the records are of this code."""

import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from cnncourse import experiments
from cnncourse.cli import main
from cnncourse.datasets.store import SETS
from cnncourse.experiments import EXPERIMENTS, data, engine, trainers
from cnncourse.experiments.engine import Experiment
from cnncourse.pipelines import Splits

NETWORK = [["Flatten", {}], ["Dense", {"units": 8, "activation": "relu"}], ["Dropout", {"rate": 0.5}]]
SMALL = {
    "library": "keras",
    "network": [*NETWORK, ["Dense", {"units": 3, "activation": "softmax"}]],
    "optimizer": ["Adam", {"learning_rate": 0.01}],
    "loss": "sparse_categorical_crossentropy",
    "batch_size": 16,
    "epochs": 4,
    "keep": "mistakes",
}
IN_NUMPY = {
    **SMALL,
    "library": "numpy",
    "network": [*NETWORK, ["Dense", {"units": 3}]],
    "loss": "softmax_cross_entropy",
}


def three_classes(digest="a", samples=120, size=4):
    """Class k is bright in row k."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, samples)
    x = rng.normal(size=(samples, size, size, 1)).astype(np.float32)
    x[np.arange(samples), y] += 2
    told = SimpleNamespace(name="rows", title="bright rows", real=True, digest=digest)
    return Splits(x[:60], y[:60], x[60:90], y[60:90], x[90:], y[90:]), told


def experiment(train=trainers.train, variants=None, load=three_classes, **more):
    return Experiment("rows", "Rows", "lenet", load, {}, train, variants or {"one": SMALL}, **{"seeds": (0, 1), **more})


class Counting:
    """A training that remembers how often it was asked for, and may be interrupted."""

    def __init__(self, stop_at=None):
        self.asked, self.stop_at = [], stop_at

    def __call__(self, configuration, splits, job):
        self.asked.append(job.seed)
        if len(self.asked) == self.stop_at:
            raise KeyboardInterrupt
        job.report(1, "words")
        return {"parameters": 3, "history": {"loss": [1.0]}, "test": {"accuracy": 0.1 * job.seed}}


def quiet(*args, **options):
    return engine.run(*args, progress=False, **options)


def test_a_training_that_has_ended_is_not_done_again(tmp_path):
    train = Counting()
    first = quiet(experiment(train), tmp_path)
    assert train.asked == [0, 1]
    assert quiet(experiment(train), tmp_path)["runs"] == first["runs"] and train.asked == [0, 1]
    assert [(run["variant"], run["seed"], run["test"]) for run in first["runs"]] == [
        ("one", 0, {"accuracy": 0.0}),
        ("one", 1, {"accuracy": 0.1}),
    ]


def test_after_an_interruption_only_what_is_missing_is_done(tmp_path):
    train = Counting(stop_at=2)
    with pytest.raises(KeyboardInterrupt):
        quiet(experiment(train), tmp_path)
    assert len(quiet(experiment(train), tmp_path)["runs"]) == 2
    assert train.asked == [0, 1, 1]


@pytest.mark.parametrize(
    "changed",
    [
        {"variants": {"one": {"epochs": 2}}},
        {"load": lambda: three_classes(digest="b")},
        {"data": {"digest": "a"}},
    ],
    ids=["configuration", "content of the data", "how the data are made"],
)
def test_what_was_changed_is_done_again(tmp_path, changed):
    train = Counting()
    base = {"variants": {"one": {"epochs": 1}}, "load": three_classes, "data": {}, **changed}
    quiet(experiment(train, {"one": {"epochs": 1}}), tmp_path)
    new = Experiment("rows", "Rows", "lenet", base["load"], base["data"], train, base["variants"], seeds=(0, 1))
    quiet(new, tmp_path)
    assert train.asked == [0, 1, 0, 1]


def test_a_damaged_result_is_done_again_and_fresh_does_all_again(tmp_path):
    train = Counting()
    quiet(experiment(train), tmp_path)
    (tmp_path / "rows" / "one-1.json").write_text('{"key": "', encoding="utf-8")
    quiet(experiment(train), tmp_path)
    assert train.asked == [0, 1, 1]
    quiet(experiment(train), tmp_path, fresh=True)
    assert train.asked == [0, 1, 1, 0, 1]


def test_of_two_processes_one_trains_and_the_other_waits_for_it(tmp_path):
    """Each process writes a line when it trains; the second one begins while the first is at it."""
    code = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from tests.test_experiments import engine, experiment, quiet
def train(configuration, splits, job):
    with open(Path(sys.argv[2]) / "trained", "a") as file:
        file.write("x")
    time.sleep(3)
    return {"parameters": 1, "history": {}, "test": {}}
print(len(quiet(experiment(train, seeds=(0,)), Path(sys.argv[2]))["runs"]))
"""
    command = [sys.executable, "-c", code, str(engine.RECORDS.parents[2]), str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=120)[0].strip() for process in both] == ["1", "1"]
    assert (tmp_path / "trained").read_text() == "x"


def test_seeds_and_variants_can_be_chosen_and_add_up(tmp_path):
    train = Counting()
    variants = {"one": {"epochs": 1}, "two": {"epochs": 1, "seeds": [5]}}
    record = quiet(experiment(train, variants), tmp_path, only=["two"])
    assert [(run["variant"], run["seed"]) for run in record["runs"]] == [("two", 5)]
    record = quiet(experiment(train, variants), tmp_path, only=["one"], seeds=[1])
    assert [(run["variant"], run["seed"]) for run in record["runs"]] == [("one", 1), ("two", 5)]
    with pytest.raises(ValueError, match="no variant 'three': one, two"):
        quiet(experiment(train, variants), tmp_path, only=["three"])


def test_only_whole_runs_on_real_data_become_records(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "RECORDS", tmp_path / "records")
    train = Counting()
    some = quiet(experiment(train), tmp_path, seeds=[0])
    with pytest.raises(ValueError, match="1 trainings are missing, the first is one, seed 1"):
        engine.keep(experiment(train), some)
    with pytest.raises(ValueError, match="quick look"):
        engine.keep(experiment(train), quiet(experiment(train), tmp_path, quick=True))
    whole = quiet(experiment(train), tmp_path)
    with pytest.raises(ValueError, match="real data, and this was toy"):
        engine.keep(experiment(train), {**whole, "data": {"real": False, "title": "toy"}})
    monkeypatch.setattr(engine, "LARGEST", 100)
    with pytest.raises(ValueError, match="at most 100 bytes"):
        engine.keep(experiment(train), whole)
    assert not (tmp_path / "records").exists()
    monkeypatch.setattr(engine, "LARGEST", 10_000)
    engine.keep(experiment(train), whole)
    assert experiment(train).record() == whole


@pytest.mark.parametrize("configuration", [SMALL, IN_NUMPY], ids=["keras", "numpy"])
def test_a_seed_decides_everything_and_another_seed_is_another_training(tmp_path, configuration):
    first, again = (
        quiet(experiment(variants={"one": configuration}), tmp_path / folder)["runs"] for folder in ("a", "b")
    )
    for one, other in zip(first, again, strict=True):
        assert one["history"] == other["history"] and one["test"] == other["test"]
    assert first[0]["history"] != first[1]["history"]
    assert first[0]["parameters"] == 16 * 8 + 8 + 8 * 3 + 3
    assert len(first[0]["history"]["val_loss"]) == 4


@pytest.mark.parametrize("patience", [None, 2])
def test_an_interrupted_training_ends_as_if_it_had_not_been(tmp_path, monkeypatch, patience):
    flipped = [["RandomFlip", {"mode": "horizontal"}], *SMALL["network"]]
    configuration = {**SMALL, "network": flipped, "epochs": 6, "patience": patience, "decay": "cosine"}
    ours = experiment(variants={"one": configuration}, seeds=(3,))
    (whole,) = quiet(ours, tmp_path / "whole")["runs"]

    monkeypatch.setattr(trainers, "CHECKPOINT", -1)  # one after every epoch
    report, reported = engine.Job.report, []

    def interrupted(job, epoch, words):
        reported.append(epoch)
        report(job, epoch, words)
        if epoch in (2, 4) and reported.count(epoch) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(engine.Job, "report", interrupted)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            quiet(ours, tmp_path / "parts")
    (parts,) = quiet(ours, tmp_path / "parts")["runs"]
    assert reported[:6] == [1, 2, 2, 3, 4, 4]  # what came after the last checkpoint is done again, and nothing else
    assert parts["history"] == whole["history"] and parts["test"] == whole["test"]
    assert parts.get("best_epoch") == whole.get("best_epoch")
    assert not (tmp_path / "parts" / "rows" / "one-3").exists()


def test_tensorboard_finds_the_curves_of_a_training_and_they_outlive_it(tmp_path):
    quiet(experiment(variants={"one": {**SMALL, "tensorboard": True}}, seeds=(0,)), tmp_path)
    logs = tmp_path / "rows" / "tensorboard" / "one-0"
    for part in ("train", "validation"):
        (written, *_) = sorted((logs / part).glob("events.out.tfevents.*"))
        assert b"epoch_loss" in written.read_bytes()


def test_a_training_that_diverges_is_a_result(tmp_path):
    wild = {**IN_NUMPY, "optimizer": ["SGD", {"learning_rate": 1e30}]}
    (run,) = quiet(experiment(variants={"one": wild}, seeds=(0,)), tmp_path)["runs"]
    assert run["diverged"] == 1 and run["test"] == {}
    assert "diverged" in experiments.comparison(
        experiment(variants={"one": wild}), {"data": {"real": True}, "runs": [run]}
    )


def test_the_validation_images_follow_the_training_images_and_the_test_is_its_own(monkeypatch):
    numbers = np.arange(60)
    images = [(np.ones((60, 28, 28)) * (first + numbers)[:, None, None]).astype(np.uint8) for first in (0, 100)]
    fake = made(images[0], numbers % 10, images[1], numbers % 10)
    monkeypatch.setattr(data.datasets, "mnist", lambda size: fake)
    splits, _ = data.digits(samples=20, validation=10, test=5)
    seen = [np.round(part[:, 10, 10, 0] * 255).tolist() for part in (splits.x_train, splits.x_val, splits.x_test)]
    assert seen == [list(range(20)), list(range(20, 30)), list(range(100, 105))]
    assert splits.x_train.shape == (20, 28, 28, 1) and splits.x_train.dtype == np.float32
    assert splits.y_val.tolist() == [n % 10 for n in range(20, 30)]


def test_texts_are_watched_where_keras_would(monkeypatch):
    """``validation_split=0.2`` of 8,982 newswires trains on the first int(8982 · 0.8) = 7185."""
    texts = np.empty(8982, object)
    texts[:] = [[1, n % 50 + 4] for n in range(8982)]
    fake = made(texts, np.arange(8982) % 46, texts[:3], np.arange(3))
    monkeypatch.setattr(data.datasets, "reuters", lambda num_words: fake)
    splits, _ = data.reviews("reuters", num_words=100, maxlen=3, validation=0.2)
    assert len(splits.x_train) == 7185 and len(splits.x_val) == 1797
    assert splits.x_val[0].tolist() == [0, 1, 7185 % 50 + 4]


def test_as_many_cats_as_dogs_are_watched(monkeypatch):
    x, y = np.arange(80, dtype=np.uint8).reshape(80, 1, 1, 1), np.arange(80) // 40
    fake = made(x, y, x + 100, y)
    monkeypatch.setattr(data.datasets, "cats_and_dogs", lambda size: fake)
    splits, _ = data.pictures(size=1, validation=20)
    assert np.bincount(splits.y_val).tolist() == [10, 10] and splits.x_val.dtype == np.uint8
    assert sorted([*splits.x_train.ravel(), *splits.x_val.ravel()]) == list(range(80))


def made(x_train, y_train, x_test, y_test):
    from cnncourse.datasets import Dataset

    return Dataset("fake", "Fake", True, "0" * 64, ("a", "b"), x_train, y_train, x_test, y_test)


@pytest.mark.parametrize("name", EXPERIMENTS)
class TestRecords:
    def test_it_is_of_this_configuration_on_the_real_data(self, name):
        ours, record = EXPERIMENTS[name], experiments.record(name)
        assert record["configuration"] == ours.configuration
        assert record["data"]["real"]
        assert record["data"]["digest"] == SETS[record["data"]["name"]].files[0].digest
        assert sorted((run["variant"], run["seed"]) for run in record["runs"]) == sorted(ours.trainings)
        assert {"versions", "device", "cores"} <= set(record["environment"])

    def test_its_chapter_shows_it(self, name):
        page = engine.RECORDS.parents[2] / "book" / f"{EXPERIMENTS[name].chapter}.md"
        assert f'"{name}"' in page.read_text(encoding="utf-8")

    def test_it_is_small(self, name):
        assert (engine.RECORDS / f"{name}.json").stat().st_size <= 200_000

    def test_its_networks_have_as_many_parameters_as_ours(self, name):
        ours, record = EXPERIMENTS[name], experiments.record(name)
        for run in record["runs"]:
            configuration = ours.variants[run["variant"]]
            if configuration.get("library") == "keras" and run["seed"] == 0:
                assert run["parameters"] == built(ours, configuration).count_params()

    def test_its_numbers_belong_together(self, name):
        for run in experiments.record(name)["runs"]:
            configuration = EXPERIMENTS[name].variants[run["variant"]]
            history, epochs = run["history"], configuration["epochs"]
            (length,) = {len(values) for values in history.values()} or {0}
            if configuration.get("patience"):
                assert run["best_epoch"] == 1 + int(np.argmin(history["val_loss"]))
                assert length == min(epochs, run["best_epoch"] + configuration["patience"])
            else:
                assert length == (run["diverged"] - 1 if "diverged" in run else epochs)
            if "confusion" in run:
                matrix = np.array(run["confusion"])
                assert np.trace(matrix) / matrix.sum() == pytest.approx(run["test"]["accuracy"], abs=1e-4)
            if "predictions" in run and configuration["keep"] == "mistakes":
                assert len(run["predictions"]["index"]) == matrix.sum() - np.trace(matrix)


def built(ours, configuration):
    options = ours.data
    if "num_words" in options:
        return trainers.build(configuration, (options["maxlen"],), "int32")
    if ours.name == "cats_and_dogs":
        return trainers.build(configuration, (227, 227, 3), "uint8")
    side = 32 if ours.name == "lenet5" else 28
    return trainers.build(configuration, (side, side, 1))


def test_lenet5_makes_fewer_than_one_mistake_in_a_hundred():
    for name, (_, low, _) in experiments.summary(experiments.record("lenet5")).items():
        assert 1 - low < 0.01, name


def test_a_better_conv1d_beats_the_published_figures():
    for name in ("imdb", "reuters"):
        ours = EXPERIMENTS[name]
        published = {figure.measure: figure.value for figure in ours.published}
        assert experiments.summary(ours.record())["conv1d-regularised"][1] > published["accuracy"]
        assert experiments.summary(ours.record(), "loss")["conv1d-regularised"][2] < published["loss"]


def test_the_list_names_every_experiment(capsys):
    assert main(["experiment"]) == 0
    out = capsys.readouterr().out
    for ours in EXPERIMENTS.values():
        assert f"\n{ours.name} " in out and ours.title in out


def test_a_quick_look_works_without_data_and_says_so(tmp_path):
    code = "import sys; from cnncourse.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "experiment", "dropout", "--quick", "--course", str(tmp_path)]
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "CNNCOURSE_DATA": ""}
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    assert "can be compared with each other alone" in done.stdout and "quick look" in done.stdout
    written = json.loads((tmp_path / "_build" / "experiments" / "dropout-quick.json").read_text())
    assert not written["data"]["real"] and len(written["runs"]) == 3


def test_recording_a_part_or_an_unknown_experiment_is_refused(tmp_path, capsys):
    assert main(["experiment", "dropout", "--quick", "--record", "--course", str(tmp_path)]) == 1
    assert "--record is for the whole experiment" in capsys.readouterr().err
    assert main(["experiment", "alexnett"]) == 1
    assert "there is no experiment 'alexnett': simple_convnet, imdb" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())

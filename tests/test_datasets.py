"""cnncourse.datasets: what the generated data promise, seen from the outside."""

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from cnncourse import datasets
from cnncourse.datasets import generated_messages

EVERY = 51_200


def test_texts_are_words_and_labels_are_0_and_1():
    texts, labels = generated_messages(500, seed=3)
    assert len(texts) == 500 and labels.shape == (500,) and labels.dtype == np.int64
    assert set(labels.tolist()) == {0, 1}
    for text in texts:
        assert text == " ".join(text.split()) and text.islower()
        assert all(word.isascii() and word.isalpha() for word in text.split())


def test_the_seed_decides_and_a_generator_may_stand_in_for_it():
    texts, labels = generated_messages(50, seed=4)
    again = generated_messages(50, seed=4)
    assert again[0] == texts and (again[1] == labels).all()
    assert generated_messages(50, seed=5)[0] != texts
    rng = np.random.default_rng(4)
    assert generated_messages(50, rng)[0] == texts
    assert generated_messages(50, rng)[0] != texts


def test_numpys_own_generator_is_left_alone():
    state = np.random.get_state()[1].copy()
    generated_messages(10)
    assert (np.random.get_state()[1] == state).all()


def test_all_messages_are_different_and_half_of_them_are_spam():
    texts, labels = generated_messages(EVERY, seed=0)
    assert len(set(texts)) == EVERY
    assert labels.sum() == EVERY / 2


def test_counting_words_tells_nothing_and_their_order_everything():
    texts, labels = generated_messages(EVERY, seed=0)
    spam, ham = ([text for text, label in zip(texts, labels, strict=True) if label == kind] for kind in (1, 0))
    counted = [Counter(" ".join(sorted(text.split())) for text in kind) for kind in (spam, ham)]
    assert counted[0] == counted[1]
    assert not set(spam) & set(ham)


def test_a_small_draw_has_both_kinds_in_about_equal_parts():
    for seed in range(10):
        _, labels = generated_messages(1000, seed)
        assert abs(labels.mean() - 0.5) < 6 * np.sqrt(0.25 / 1000)


@pytest.mark.parametrize("count", [0, -1, EVERY + 1, 2.5, "ten"])
def test_an_impossible_count_is_answered_with_the_number(count):
    with pytest.raises(ValueError, match=f"from 1 to {EVERY}, got {count!r}"):
        generated_messages(count)


def test_the_data_stand_beside_everything_and_need_numpy_only():
    code = "import sys, cnncourse.datasets; print(sorted(m for m in sys.modules if m.startswith('cnncourse.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['cnncourse.datasets']"
    assert datasets.__all__ == ["generated_messages"]

"""Data that need no download: seeded generators whose every sample is known from the inside.

``book/text.md`` and its exercise learn to tell spam from ham with :func:`generated_messages`.
"""

from __future__ import annotations

import numpy as np

__all__ = ["generated_messages"]

OPENINGS = (
    "",
    "hi",
    "hello there",
    "good morning",
    "dear friend",
    "thank you",
    "by the way",
    "sorry i am late",
    "it is me again",
    "just to be sure",
)
SUBJECTS = ("you", "we", "they", "your friends")
# The verb in two pieces, between which a question puts its subject.
VERBS = (
    ("have", "won"),
    ("have", "got"),
    ("have", "found"),
    ("can", "win"),
    ("can", "keep"),
    ("will", "get"),
    ("will", "choose"),
    ("should", "claim"),
)
OBJECTS = (
    "a prize",
    "the money",
    "free tickets",
    "a new phone",
    "the first place",
    "a week at the sea",
    "everything",
    "two of them",
)
CLOSINGS = (
    "",
    "today",
    "this week",
    "before the weekend",
    "call me",
    "text me back",
    "see you soon",
    "let me know what to do",
    "have a nice day",
    "i will be there",
)


def generated_messages(count: int, seed=0) -> tuple[list[str], np.ndarray]:
    """Short messages, about half of them spam, in which the order of the words decides and nothing else.

    Spam promises ("you have won a prize"), friends ask ("have you won a prize"). Everything else about a message is
    drawn without regard to its label, so counting words cannot tell one from the other.

    Args:
        count: how many, from 1 to 51,200; no two are alike.
        seed: of what is drawn, or a ``np.random.Generator``.

    Returns:
        ``(texts, labels)``: a list of strings in lower case without punctuation, and ``(count,)`` with 1 for spam and 0
        for ham.

    Raises:
        ValueError: a ``count`` that is no whole number, is below 1, or above the number of messages there are.

    >>> texts, labels = generated_messages(2, seed=2)
    >>> list(zip(texts, labels.tolist()))[1]
    ('by the way your friends have won a prize before the weekend', 1)
    >>> texts[0]
    'thank you should you claim a new phone call me'
    """
    choices = (2, len(OPENINGS), len(SUBJECTS), len(VERBS), len(OBJECTS), len(CLOSINGS))
    there_are = int(np.prod(choices))
    if not isinstance(count, (int, np.integer)) or not 1 <= count <= there_are:
        raise ValueError(f"count must be a whole number from 1 to {there_are}, got {count!r}")
    drawn = np.random.default_rng(seed).choice(there_are, count, replace=False)
    parts = np.unravel_index(drawn, choices)
    return [_message(*numbers) for numbers in zip(*parts, strict=True)], parts[0].astype(np.int64)


def _message(spam, opening, subject, verb, thing, closing) -> str:
    first, second = VERBS[verb]
    who = SUBJECTS[subject]
    clause = f"{who} {first} {second}" if spam else f"{first} {who} {second}"
    return " ".join(f"{OPENINGS[opening]} {clause} {OBJECTS[thing]} {CLOSINGS[closing]}".split())

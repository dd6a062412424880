"""Code that is more alike than chance explains: a reason to talk with those who wrote it, not a proof.

The comparison of two pieces of code is RapidFuzz's. What is compared is what learners wrote themselves: the lines that
were handed out are taken away first. How much a likeness means depends on how many wrote the same, which is counted.
"""

from __future__ import annotations

import builtins
import keyword
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Indel

from cnncourse.blas import one_blas_thread

__all__ = ["ALIKE", "RARE", "Group", "groups", "own_lines"]

ALIKE = 0.9  # of the tokens stand in both, in the same order
RARE = 100  # chance would give a group that is listed in fewer than one class of so many
SHORTEST = 25  # tokens, about three lines: what is shorter is often the same by chance
LONGEST = 1500  # tokens of one function that are looked at
# A class is too small to tell how usual something is that only two wrote. So twenty more learners are imagined, of whom
# one in fifty would write it, or more if it is short: eight tokens are worth a toss of a coin.
IMAGINED, ONE_IN, TOKENS_A_TOSS = 20, 50, 8
_GRAM = 5  # tokens of a fingerprint
_COLUMNS = 2048  # for fingerprints; where there are more, some share a column
_SHARED = 0.4  # of the fingerprints, at the least, in code that is alike

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<text>[rbfuRBFU]{0,2}(?:
        \"{3}[\s\S]*?(?:\"{3}|\Z) | '{3}[\s\S]*?(?:'{3}|\Z) | "(?:[^"\\\n]|\\.)*"? | '(?:[^'\\\n]|\\.)*'?
    ))
    |(?P<attribute>\.\s*[^\W\d]\w*)
    |(?P<name>[^\W\d]\w*)
    |\d[\w.]*
    |\S""",
    re.VERBOSE,
)
_FIXED = frozenset(keyword.kwlist) | frozenset(dir(builtins))


@dataclass(frozen=True)
class Group:
    """Learners whose code is alike: in which functions, and how much at the least and at the most (from 0 to 1).

    ``to_the_letter`` names the functions in which names and comments are the same as well. ``bits`` says how unlikely
    chance is for the two who are most alike: as unlikely as so many tosses of a coin that all show heads.
    """

    learners: tuple[str, ...]
    functions: dict[str, tuple[float, float]]
    to_the_letter: tuple[str, ...]
    bits: float


def own_lines(source: str, released: str) -> str:
    """What a learner wrote in a cell: the lines that were not handed out with it.

    >>> own_lines("def half(x):\\n    return x / 2", "def half(x):\\n    raise NotImplementedError")
    '    return x / 2'
    """
    handed_out = {line.strip() for line in released.splitlines()}
    return "\n".join(line for line in source.splitlines() if line.strip() not in handed_out)


def groups(
    code: Mapping[str, Mapping[str, str]],
    released: Mapping[str, str],
    usual: Mapping[str, Iterable[str]] | None = None,
    words: Iterable[str] = (),
) -> list[Group]:
    """Find the learners whose code is more alike than chance explains.

    Two pieces of code are alike when :data:`ALIKE` of their tokens stand in both in the same order, either as they were
    written or with comments left out and the names of variables made the same. That means the less, the more learners
    wrote the same and the shorter it is, and the more, the more functions two learners share. It is counted as if
    everybody wrote each function on their own. Listed are the groups that chance would be expected to give in fewer
    than one of :data:`RARE` classes of this size.

    Args:
        code: by learner, the source of each function.
        released: by function, what was handed out.
        usual: by function, code that is known to be a usual way to write it: being alike to that means nothing.
        words: which of the functions are answers in words.

    Returns:
        The groups, the most remarkable first. Within one, each learner is alike to at least one other.
    """
    learners = sorted(code)
    bits: dict[tuple[int, int], float] = defaultdict(float)
    likeness: dict[tuple[int, int], dict[str, float]] = defaultdict(dict)
    compared = 0
    for function, handed_out in released.items():
        texts = [own_lines(code[learner].get(function, ""), handed_out) for learner in learners]
        known = [own_lines(text, handed_out) for text in (usual or {}).get(function, ())]
        fixed = _FIXED.union(re.findall(r"\w+", handed_out))
        tokens = [_tokens(text, fixed) for text in (*texts, *known)]
        compared += sum(len(written) >= SHORTEST for written, _ in tokens) > 1
        found, nothing_special = _pairs([written for written, _ in tokens], len(learners))
        if function not in words:
            more, nothing_special = _pairs([renamed for _, renamed in tokens], len(learners))
            found += more
        best: dict[tuple[int, int], tuple[float, float]] = {}
        for pair, alike, worth in found:
            if nothing_special.isdisjoint(pair):
                before = best.get(pair, (0.0, 0.0))
                best[pair] = max(before[0], worth), max(before[1], alike)
        for pair, (worth, alike) in best.items():
            bits[pair] += worth
            likeness[pair][function] = alike
    for pair in bits:  # there are so many ways to choose the functions in which two are alike
        bits[pair] -= math.log2(math.comb(compared, len(likeness[pair])))
    made = []
    for members in _listed(bits, len(learners)):
        mine = [pair for pair in likeness if members.issuperset(pair)]
        found: dict[str, list[float]] = {}
        same = Counter()
        for pair in mine:
            for function, alike in likeness[pair].items():
                found.setdefault(function, []).append(alike)
                one, other = (code[learners[k]].get(function, "").split() for k in pair)
                same[function] += one == other
        order = [function for function in released if function in found]
        couples = math.comb(len(members), 2)
        made.append(
            Group(
                tuple(learners[k] for k in sorted(members)),
                {function: (min(found[function]), max(found[function])) for function in order},
                tuple(function for function in order if same[function] == couples),
                max(bits[pair] for pair in mine),
            )
        )
    return sorted(made, key=lambda group: (-group.bits, group.learners))


def _listed(bits: Mapping[tuple[int, int], float], learners: int) -> list[set[int]]:
    """The sets of learners, linked by pairs that are alike, which chance does not explain.

    Sets grow along the strongest links. A set of g that the weakest of its g − 1 links holds together with b bits is
    there by chance as often as there are sets of g in the class, times 2 to the power −b (g − 1). No link may be so
    weak that chance would bring one more learner to a set that is there.
    """
    rare, weakest = math.log2(RARE), math.log2(RARE * max(learners, 1))
    member: dict[int, set[int]] = {}
    listed: dict[int, set[int]] = {}  # by each of its members
    for (a, b), link in sorted(bits.items(), key=lambda item: (-item[1], item[0])):
        if link < weakest:
            break
        joined = member.get(a, {a}) | member.get(b, {b})
        member |= dict.fromkeys(joined, joined)
        if math.log2(math.comb(learners, len(joined))) + rare <= link * (len(joined) - 1):
            listed |= dict.fromkeys(joined, joined)
    return list({id(found): found for found in listed.values()}.values())


def _tokens(text: str, fixed: frozenset[str]) -> tuple[list[str], list[str]]:
    """What the comparison sees: the tokens as they were written, and without comments and the names of variables.

    ``fixed`` are the names that are not a learner's own.
    """
    written, renamed = [], []
    for token in _TOKEN.finditer(text):
        kind, word = token.lastgroup, token[0]
        if kind is None or kind == "attribute":
            written.append(word)
            renamed.append(word)
        elif kind == "name":
            written.append(word)
            renamed.append(word if word in fixed else "a name")
        else:
            written += re.findall(r"\w+", word)
            if kind == "text":
                renamed.append("a text")
        if len(written) > LONGEST:
            break
    return written, renamed


class _Letters(dict):
    """A letter for each word."""

    def __missing__(self, word: str) -> str:
        self[word] = letter = chr(0x100 + len(self) % 10**6)
        return letter


def _pairs(tokens: list[list[str]], learners: int) -> tuple[list[tuple[tuple[int, int], float, float]], set[int]]:
    """Pairs of learners who wrote alike, and those who wrote what is known to be usual.

    A pair is ((one, other), how much alike, what it means in bits). The first ``learners`` of the ``tokens`` are
    theirs, the rest is known to be usual.
    """
    letters = _Letters()
    who: dict[str, list[int]] = {}
    for k, words in enumerate(tokens):
        if len(words) >= SHORTEST:  # one letter for each token, since RapidFuzz is at its best with strings
            who.setdefault("".join(map(letters.__getitem__, words)), []).append(k)
    texts = list(who)
    theirs = [[k for k in who[text] if k < learners] for text in texts]
    near = _near(texts)
    alike_to = [len(mine) for mine in theirs]  # how many learners wrote this or nearly this
    usual = {n for n, text in enumerate(texts) if len(theirs[n]) < len(who[text])}
    for a, b, _ in near:
        alike_to[a] += len(theirs[b])
        alike_to[b] += len(theirs[a])
    usual |= {b for a, b, _ in near if a in usual} | {a for a, b, _ in near if b in usual}
    found = []
    for a, b, alike in [*((k, k, 1.0) for k in range(len(texts))), *near]:
        others = (len(theirs[a]) if a == b else max(alike_to[a], alike_to[b])) - 2
        if others < 0 or others > max(20, learners / 10):
            continue
        length = min(len(texts[a]), len(texts[b]))
        imagined = IMAGINED * max(1 / ONE_IN, 2 ** (-length / TOKENS_A_TOSS))
        worth = -math.log2((others + imagined) / (learners + IMAGINED))
        pairs = combinations(theirs[a], 2) if a == b else product(theirs[a], theirs[b])
        found += (((min(pair), max(pair)), alike, worth) for pair in pairs)
    return found, {k for n in usual for k in theirs[n]}


def _near(texts: list[str]) -> list[tuple[int, int, float]]:
    """The pairs of different texts that are alike. Only those that share many fingerprints are looked at closely."""
    if len(texts) < 2:
        return []
    columns: dict[str, int] = {}
    table = np.zeros((len(texts), _COLUMNS), dtype=np.float32)
    for row, text in enumerate(texts):
        grams = {text[k : k + _GRAM] for k in range(max(1, len(text) - _GRAM + 1))}
        table[row, [columns.setdefault(gram, len(columns) % _COLUMNS) for gram in grams]] = 1
    sizes, lengths = table.sum(axis=1), np.array([len(text) for text in texts])
    found = []
    for start in range(0, len(texts), 500):
        part = slice(start, start + 500)
        with one_blas_thread():
            close = table[part] @ table.T >= _SHARED * np.minimum(sizes[part, None], sizes)
        shorter, longer = np.minimum(lengths[part, None], lengths), np.maximum(lengths[part, None], lengths)
        close &= 2 * shorter >= ALIKE * (shorter + longer)
        one, other = np.nonzero(close)
        one += start
        one, other = one[one < other], other[one < other]
        if len(one):
            ones, others = [texts[k] for k in one], [texts[k] for k in other]
            score = process.cpdist(ones, others, scorer=Indel.normalized_similarity, score_cutoff=ALIKE)
            alike = score >= ALIKE - 1e-6
            found += zip(one[alike].tolist(), other[alike].tolist(), score[alike].tolist(), strict=True)
    return found

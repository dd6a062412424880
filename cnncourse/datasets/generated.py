"""Data that need no download: scikit-learn's digits, and seeded generators whose samples are known from the inside.

``book/text.md`` and its exercise learn to tell spam from ham with :func:`generated_messages`. Where a real set cannot
be had, :func:`stand_in` gives one of these in the same form. All are made with arithmetic that every machine does
alike, so a seed means the same data everywhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np

from cnncourse.datasets.digest import content_digest

__all__ = ["digits", "generated_messages", "headlines", "sentiment", "stand_in", "textures"]

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

# Opinions: what is said of something, in one word. Reviews use each word as often to praise as to blame.
PRAISE = (
    "good great clever fresh funny moving gripping elegant brilliant honest warm tender vivid "
    "graceful witty subtle charming daring polished touching original thrilling convincing inspired "
    "lovely"
).split()
BLAME = (
    "bad poor stupid stale dull tedious boring clumsy awful phoney cold cruel bland wooden shoddy "
    "crude dreary timid sloppy shallow borrowed lifeless absurd tired ugly"
).split()
# {yes} is what the writer says it is, {no} what it is not. As many begin with the one as with the other.
OPINIONS = (
    "the {thing} was not {no} but {yes}",
    "far from {no} the {thing} seemed {yes} to me",
    "the {thing} is never {no} and always {yes}",
    "they call the {thing} {no} yet to my mind it was {yes}",
    "the {thing} is {yes} and not {no}",
    "i found the {thing} {yes} rather than {no}",
    "always {yes} and never {no} is how i remember the {thing}",
    "{yes} instead of {no} is what i call the {thing}",
)
# Said of praise and blame alike, so that two words do not show what a third decided.
DEGREES = ("", "", "", "very ", "really ", "quite ", "so ", "truly ")
THINGS = (
    "film story plot acting cast script music dialogue ending camera lighting scenery humour pace "
    "direction editing sound opening hero villain dance costume chase romance message picture sequel "
    "mystery song voice joke scene dream duel"
).split()
# What reviews say besides, which is no opinion.
PEOPLE = (
    "actor actress director writer producer singer teacher doctor lawyer soldier farmer painter pilot "
    "captain thief detective nurse baker student neighbour uncle cousin sister brother mother father "
    "daughter son widow stranger policeman journalist gardener barber butcher carpenter clerk cook "
    "dentist driver fisherman gambler hunter judge king magician mayor miner monk musician orphan "
    "poet postman prince professor queen sailor scientist servant sheriff spy tailor tourist waiter "
    "witness"
).split()
DOES = (
    "meets follows leaves finds watches calls helps hides visits remembers forgets marries saves "
    "chases questions invites betrays paints photographs hires teaches warns trusts accuses adopts "
    "answers avoids blames cheats comforts deceives defends envies greets guards hears ignores "
    "imitates interrupts joins mocks needs obeys persuades protects recognises replaces robs serves "
    "supports suspects thanks wakes welcomes"
).split()
PLACES = (
    "city village harbour forest castle hospital school station market island desert theatre hotel "
    "kitchen garden bridge church prison office library museum airport factory farm beach cellar "
    "attic tavern barn bank bakery cabin canyon casino cave circus college court embassy garage hall "
    "hut laboratory lake lighthouse mansion mill monastery mountain palace park pier ranch restaurant "
    "river ship stable street tower tunnel valley vineyard warehouse zoo"
).split()
TIMES = (
    "night morning evening winter summer spring autumn war wedding storm holiday weekend election "
    "funeral party flood strike festival carnival harvest battle birthday blackout celebration "
    "ceremony concert drought earthquake eclipse exam famine journey parade plague race rebellion "
    "siege trial voyage"
).split()
ASIDES = (
    "a {person} {does} a {person2} in the {place}",
    "after the {time} the {person} {does} the {person2}",
    "it begins in a {place} during the {time}",
    "we watched it during the {time} with my {person} near the {place}",
    "the {person} from the {place} {does} nobody until the {time}",
    "then comes a {time} and everyone is in the {place}",
    "my {person} works at the {place} and saw it before the {time}",
    "the {person2} who {does} the {person} is played by a {person3}",
    "in the middle of the {time} a {person} {does} him",
    "there is also a {place} and a {person} who {does} her",
)

# Reuters's 46 topics in Keras's order: the name, how many of the 11,228 newswires are about it, the field whose words
# it shares with others, and words of its own.
TOPICS = (
    ("cocoa", 67, "crops", "cocoa ghana icco buffer"),
    ("grain", 537, "crops", "grain maize barley farmers"),
    ("veg-oil", 94, "crops", "palm vegetable olein margarine"),
    ("earn", 3972, "firms", "net profit shr dividend"),
    ("acq", 2423, "firms", "acquire stake tender takeover"),
    ("wheat", 22, "crops", "wheat flour durum bakers"),
    ("copper", 62, "metals", "copper cathode wire chile"),
    ("housing", 19, "economy", "housing starts homes permits"),
    ("money-supply", 177, "money", "m1 m3 aggregate supply"),
    ("coffee", 126, "crops", "coffee arabica robusta colombia"),
    ("sugar", 154, "crops", "sugar beet cane whites"),
    ("trade", 473, "economy", "tariffs exports protectionism gatt"),
    ("reserves", 62, "money", "reserves holdings sdrs gilts"),
    ("ship", 209, "energy", "vessel port seamen tanker"),
    ("cotton", 28, "crops", "cotton bales textile staple"),
    ("carcass", 29, "farm", "beef carcass meat packers"),
    ("crude", 543, "energy", "opec crude barrels saudi"),
    ("nat-gas", 51, "energy", "pipeline cubic methane wells"),
    ("cpi", 86, "economy", "cpi consumer basket inflation"),
    ("money-fx", 682, "money", "currency intervention yen shortage"),
    ("interest", 339, "money", "rate prime discount lending"),
    ("gnp", 127, "economy", "gnp growth gdp quarter"),
    ("meal-feed", 22, "farm", "soymeal feed pellets fodder"),
    ("alum", 53, "metals", "aluminium smelter bauxite alumina"),
    ("oilseed", 81, "crops", "soybean rapeseed crushers sunflower"),
    ("gold", 123, "metals", "gold bullion karat nuggets"),
    ("tin", 32, "metals", "tin malaysia itc penang"),
    ("strategic-metal", 19, "metals", "cobalt uranium titanium stockpile"),
    ("livestock", 58, "farm", "cattle herd slaughter ranchers"),
    ("retail", 23, "economy", "retail shoppers stores sales"),
    ("ipi", 57, "economy", "industrial output index factories"),
    ("iron-steel", 52, "metals", "steel iron foundry billets"),
    ("rubber", 42, "crops", "rubber latex inra plantation"),
    ("heat", 16, "energy", "heating fuel burner oil"),
    ("jobs", 57, "economy", "unemployment jobless payrolls workers"),
    ("lei", 16, "economy", "leading indicators composite forecast"),
    ("bop", 60, "economy", "payments deficit surplus invisibles"),
    ("zinc", 21, "metals", "zinc galvanised slab ores"),
    ("orange", 22, "crops", "orange juice frost florida"),
    ("pet-chem", 29, "energy", "ethylene chemical plastics benzene"),
    ("dlr", 46, "money", "dollar greenback louvre weaker"),
    ("gas", 38, "energy", "gasoline unleaded octane pump"),
    ("silver", 16, "metals", "silver peru coins sterling"),
    ("wpi", 27, "economy", "wholesale prices producer index"),
    ("hog", 17, "farm", "hog pork bellies sows"),
    ("lead", 19, "metals", "lead battery refinery asarco"),
)
FIELDS = {
    "crops": "crop tonnes harvest quota export delegates producers season rain stocks shipment agriculture".split(),
    "farm": "animals head weights usda agriculture packing prices stocks midwest producers tonnes disease".split(),
    "metals": "mine ore tonnes smelting ounces producers exchange refined prices strike reserves output".split(),
    "energy": "oil cargo barrels refinery prices gulf field terminal output posted company exploration".split(),
    "firms": "company shares inc corp board cts mln holders quarter stock revenues offer".split(),
    "economy": "pct rise statistics adjusted year department fell ministry month seasonally government prices".split(),
    "money": "bank central market billion dealers treasury bundesbank fed week system monetary pct".split(),
}
OWN, SHARED = 0.22, 0.58  # how often a word is the topic's own, and its field's
# Every sentence leaves four places to what the newswire is about.
WIRES = (
    "the {0} {1} was said to follow {2} and {3}",
    "officials said {0} {1} would not affect {2} {3} this year",
    "{0} and {1} rose in january from {2} {3}",
    "a spokesman gave no details of {0} {1} or of {2} {3}",
    "analysts expect {0} {1} after talks on {2} and {3}",
    "in london {0} {1} closed lower while {2} {3} were unchanged",
    "the report on {0} {1} is due before that on {2} {3}",
    "sources in tokyo told reporters that {0} {1} and {2} {3} had been agreed",
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


def digits(size: int = 28) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """scikit-learn's 1,797 handwritten digits in the form of MNIST: bright on black, in the middle of a black frame.

    The 8 × 8 pixels are enlarged to 20 × 20 by bilinear interpolation, which is the room MNIST gives a digit; the frame
    around them makes 28 × 28 as there, or the 32 × 32 that LeNet-5 reads.

    Args:
        size: 28 or 32.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``, as Keras gives MNIST: ``(1437, size, size)`` and
        ``(360, size, size)``, uint8 from 0 to 255, with their labels, uint8. Of each digit 36 are for the test, and
        always the same ones.

    Raises:
        ValueError: another ``size``.

    >>> (x_train, y_train), (x_test, y_test) = digits(32)
    >>> x_train.shape, x_test.shape, x_test.dtype.name, int(x_test.max())
    ((1437, 32, 32), (360, 32, 32), 'uint8', 255)

    Source: Alpaydin & Kaynak, *Optical recognition of handwritten digits*, UCI machine learning repository (1998).
    """
    from sklearn.datasets import load_digits

    if size not in (28, 32):
        raise ValueError(f"size must be 28 or 32, got {size!r}")
    found = load_digits()
    pixels, labels = found.images.astype(np.int64), found.target.astype(np.uint8)  # from 0 to 16
    # Pixel i of 20 has its centre at (i + ½) · 8 / 20 - ½ of 8. In tenths every weight is a whole number.
    tenths = np.clip(np.arange(20) * 4 - 3, 0, 70)
    weights = np.maximum(10 - np.abs(tenths[:, None] - 10 * np.arange(8)), 0)
    enlarged = (weights @ pixels @ weights.T * 255 + 800) // 1600
    frame = (size - 20) // 2
    x = np.pad(enlarged.astype(np.uint8), ((0, 0), (frame, frame), (frame, frame)))
    rng = np.random.default_rng(0)
    test = np.zeros(len(x), bool)
    for digit in range(10):
        test[rng.choice(np.flatnonzero(labels == digit), 36, replace=False)] = True
    return (x[~test], labels[~test]), (x[test], labels[test])


def sentiment(count: int, seed=0) -> tuple[list[str], np.ndarray]:
    """Reviews of 20 to 120 words, half of them positive, in which the order of the words decides and nothing else.

    A review holds one, three or five opinions among sentences that say nothing about it. Every opinion names a word of
    praise and a word of blame: "the plot was not dull but very clever" praises, "the plot was not clever but very dull"
    blames. What most of its opinions say decides what a review is. All the rest is drawn without regard to that, so
    counting words tells nothing; counting pairs of neighbours tells something, and counting triples more.

    Args:
        count: how many, at least 1; no two are alike.
        seed: of what is drawn, or a ``np.random.Generator``.

    Returns:
        ``(texts, labels)``: a list of strings in lower case without punctuation, and ``(count,)``, int64, with 1 for
        positive and 0 for negative; half of each.

    Raises:
        ValueError: a ``count`` that is no whole number or below 1.

    >>> texts, labels = sentiment(4, seed=0)
    >>> labels.tolist()
    [1, 0, 0, 1]
    """
    labels, rng = _spread([1, 1], count, seed)
    dice = _dice(rng)
    return _all_different(lambda label: _review(label, dice), labels), labels


def headlines(count: int, seed=0) -> tuple[list[str], np.ndarray]:
    """Newswires of one to four sentences on 46 topics, a few of which are common and most of which are rare.

    The topics have Reuters's names, order and shares. Each has words of its own; most of its words it shares with the
    topics of its field, some come from another topic, so that no reader can be right every time.

    Args:
        count: how many, at least 1; no two are alike.
        seed: of what is drawn, or a ``np.random.Generator``.

    Returns:
        ``(texts, labels)``: a list of strings in lower case without punctuation, and ``(count,)``, int64, from 0 to 45.
        From 46 on every topic occurs, and any long stretch has them in about their shares.

    Raises:
        ValueError: a ``count`` that is no whole number or below 1.

    >>> texts, labels = headlines(1000, seed=0)
    >>> TOPICS[3][0], int((labels == 3).sum())
    ('earn', 354)
    """
    labels, rng = _spread([share for _, share, *_ in TOPICS], count, seed)
    dice = _dice(rng)
    return _all_different(lambda label: _newswire(label, dice), labels), labels


def textures(count: int, size: int = 227, seed=0) -> tuple[np.ndarray, np.ndarray]:
    """Colour pictures of stripes and of spots, which repeat every 6 to 14 pixels whatever the size.

    They are darker than what is between them. Both colours, how much of the picture each covers, width, direction,
    bend, a shade that grows towards one side and noise are drawn without regard to the class. So colours tell nothing;
    how they lie beside one another tells it.

    Args:
        count: how many, at least 1.
        size: rows, and columns, at least 1; 32 and more show what there is to see.
        seed: of what is drawn, or a ``np.random.Generator``.

    Returns:
        ``(pictures, labels)``: ``(count, size, size, 3)``, uint8, and ``(count,)``, int64, with 0 for stripes and 1 for
        spots; half of each.

    Raises:
        ValueError: a ``count`` or ``size`` that is no whole number or too small.

    >>> pictures, labels = textures(4, size=32)
    >>> pictures.shape, pictures.dtype.name, labels.tolist()
    ((4, 32, 32, 3), 'uint8', [1, 0, 0, 1])
    """
    size = _at_least(size, "size", 1)
    labels, rng = _spread([1, 1], count, seed)
    pictures = np.empty((len(labels), size, size, 3), np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        picture[:] = _texture(label, size, rng)
    return pictures, labels


def stand_in(name: str, **options) -> dict:
    """What :class:`cnncourse.datasets.Dataset` holds, for one of its sets, without the set.

    Args:
        name: ``"mnist"``, ``"imdb"``, ``"reuters"``, ``"cats_and_dogs"`` or ``"sms_spam"``.
        options: what the set's loader takes: ``size`` for pictures, ``num_words`` for reviews and newswires.

    Returns:
        ``title``, ``class_names``, ``x_train``, ``y_train``, ``x_test``, ``y_test``, ``word_index``, ``digest`` and
        ``caption``, in the types, shapes and numbers of the real set. The samples of the test are in no training set.

    Raises:
        ValueError: a name that is none of these, an impossible option.

    >>> found = stand_in("imdb", num_words=200)
    >>> found["caption"], len(found["x_train"]), len(found["x_test"])
    ('generated reviews in place of IMDB', 2000, 500)
    >>> found["x_train"][0][:3]
    [1, 45, 43]
    """
    makers = {
        "mnist": _mnist,
        "imdb": _imdb,
        "reuters": _reuters,
        "cats_and_dogs": _cats_and_dogs,
        "sms_spam": _sms_spam,
    }
    if name not in makers:
        raise ValueError(f"name must be one of {', '.join(makers)}, got {name!r}")
    return makers[name](**options)


def _message(spam, opening, subject, verb, thing, closing) -> str:
    first, second = VERBS[verb]
    who = SUBJECTS[subject]
    clause = f"{who} {first} {second}" if spam else f"{first} {who} {second}"
    return " ".join(f"{OPENINGS[opening]} {clause} {OBJECTS[thing]} {CLOSINGS[closing]}".split())


def _at_least(number, name: str, least: int) -> int:
    if not isinstance(number, (int, np.integer)) or number < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {number!r}")
    return int(number)


def _spread(shares, count, seed) -> tuple[np.ndarray, np.random.Generator]:
    """Labels in given shares, evenly spread, so that any cut leaves them on both sides; and what draws the rest."""
    count, rng = _at_least(count, "count", 1), np.random.default_rng(seed)
    shares = np.array(shares) / np.sum(shares) * count
    sizes = np.floor(shares).astype(int)
    if count >= len(sizes):
        sizes = np.maximum(sizes, 1)
    while sizes.sum() != count:
        if sizes.sum() < count:
            sizes[np.argmax(shares - sizes)] += 1
        else:  # what the rarest got too much, the most common gives
            sizes[np.argmax(sizes)] -= 1
    places = np.concatenate([(rng.permutation(size) + rng.random(size)) / max(size, 1) for size in sizes])
    return np.repeat(np.arange(len(sizes)), sizes)[np.argsort(places)], rng


def _dice(rng) -> Iterator[float]:
    """Numbers from 0 to 1, many drawn at a time."""
    while True:
        yield from rng.random(4096).tolist()


def _pick(things, dice):
    return things[int(next(dice) * len(things))]


def _all_different(write, labels) -> list[str]:
    texts = {}
    for label in labels.tolist():
        while (text := write(label)) in texts:
            pass
        texts[text] = label
    return list(texts)


def _review(label: int, dice) -> str:
    length = 20 + int(next(dice) * 89)
    opinions = 1 if length < 50 else 3 if length < 90 else 5
    against = int(next(dice) < 0.3) if opinions > 1 else 0
    sentences = [_opinion(label if i >= against else 1 - label, dice) for i in range(opinions)]
    words = sum(len(sentence.split()) for sentence in sentences)
    while words < length:
        sentences.append(_aside(dice))
        words += len(sentences[-1].split())
    keys = [next(dice) for _ in sentences]
    return " ".join(sentence for _, sentence in sorted(zip(keys, sentences, strict=True)))


def _opinion(positive: int, dice) -> str:
    sentence, thing = _pick(OPINIONS, dice), _pick(THINGS, dice)
    praise, blame = _pick(PRAISE, dice), _pick(BLAME, dice)
    yes, no = (praise, blame) if positive else (blame, praise)
    return sentence.format(thing=thing, yes=_pick(DEGREES, dice) + yes, no=_pick(DEGREES, dice) + no)


def _aside(dice) -> str:
    people = {key: _pick(PEOPLE, dice) for key in ("person", "person2", "person3")}
    words = {"does": _pick(DOES, dice), "place": _pick(PLACES, dice), "time": _pick(TIMES, dice)}
    return re.sub(r"\ba(?= [aeiou])", "an", _pick(ASIDES, dice).format(**people, **words))


def _newswire(topic: int, dice) -> str:
    sentences = []
    for _ in range(1 + int(next(dice) * 4)):
        words = {}  # four different ones
        while len(words) < 4:
            words[_about(topic, dice)] = True
        sentences.append(_pick(WIRES, dice).format(*words))
    return " ".join(sentences)


def _about(topic: int, dice) -> str:
    """A word of the topic itself, of its field, or of any other topic."""
    where, (_, _, field, own) = next(dice), TOPICS[topic]
    if where >= OWN + SHARED:
        own = _pick(TOPICS, dice)[3]
    return _pick(FIELDS[field] if OWN <= where < OWN + SHARED else own.split(), dice)


def _texture(spots: int, size: int, rng) -> np.ndarray:
    """Sums and products only, which come out alike on every machine; sines do not."""

    def between(low, high):
        return low + (high - low) * float(rng.random())

    across = (np.arange(size, dtype=np.float32) - (size - 1) / 2) / size  # from -½ to ½
    down = across[:, None]
    # (1 - t²) / (1 + t²) and 2t / (1 + t²) are a direction's cosine and sine.
    t, period, bend = between(-1, 1), between(6, 14), between(-0.6, 0.6)
    cosine, sine = np.float32((1 - t * t) / (1 + t * t)), np.float32(2 * t / (1 + t * t))
    turned = rng.random() < 0.5
    u, v = cosine * across + sine * down, cosine * down - sine * across
    u, v = (v, u) if turned else (u, v)
    u = u + np.float32(bend) * v * v
    field = _to_the_nearest(u * np.float32(size / period) + np.float32(rng.random()))
    second = _to_the_nearest(v * np.float32(size / period) + np.float32(rng.random()))
    if spots:
        field = field + second
    covered = int(between(0.3, 0.5) * size * size)
    edge = np.partition(field.ravel(), covered)[covered]
    mask = np.clip((edge - field) * np.float32(between(30, 90)) + np.float32(0.5), 0, 1)

    colours = rng.integers(30, 226, (2, 3))
    while colours[1].sum() - colours[0].sum() < 180:
        colours = rng.integers(30, 226, (2, 3))
    shade = rng.integers(-60, 61, (2, 1, 1)).astype(np.float32)
    light = shade[0] * across + shade[1] * down
    first, other = colours.astype(np.float32)
    picture = other + mask[:, :, None] * (first - other) + light[:, :, None]
    noise = int(rng.integers(5, 26))
    picture += rng.integers(-noise, noise + 1, picture.shape, np.int8)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _to_the_nearest(places: np.ndarray) -> np.ndarray:
    """The squared distance to the nearest whole number."""
    distance = places - np.round(places)
    return distance * distance


def _mnist(size: int = 28) -> dict:
    (x_train, y_train), (x_test, y_test) = digits(size)
    return _found("scikit-learn's digits", "MNIST", "0123456789", (x_train, y_train, x_test, y_test))


def _cats_and_dogs(size: int = 227) -> dict:
    parts = _cut(*textures(400, size), 320)
    return _found("generated pictures of stripes and spots", "Dogs vs. Cats", ("stripes", "spots"), parts)


def _sms_spam() -> dict:
    texts, labels = generated_messages(2500)
    return _found("generated messages", "the SMS Spam Collection", ("ham", "spam"), _cut(_objects(texts), labels, 2000))


def _imdb(num_words: int | None = None) -> dict:
    return _words("generated reviews", "IMDB", ("negative", "positive"), *sentiment(2500), 2000, num_words)


def _reuters(num_words: int | None = None) -> dict:
    names = (name for name, *_ in TOPICS)
    return _words("generated newswires", "Reuters", names, *headlines(3000), 2400, num_words)


def _words(title, place, class_names, texts, labels, cut, num_words) -> dict:
    """Texts as Keras numbers them: 1 begins a text, 2 stands for words left out, the most frequent word is 4."""
    if num_words is not None:
        num_words = _at_least(num_words, "num_words", 1)
    texts = [text.split() for text in texts]
    counted = Counter(word for text in texts for word in text)
    index = {word: rank for rank, word in enumerate(sorted(counted, key=lambda word: (-counted[word], word)), 1)}
    rows = [[1, *(index[word] + 3 for word in text)] for text in texts]
    found = _found(title, place, class_names, _cut(_objects(rows), labels, cut), index)
    if num_words is not None:
        for part in ("x_train", "x_test"):
            found[part] = _objects([[word if word < num_words else 2 for word in row] for row in found[part]])
    return found


def _objects(rows) -> np.ndarray:
    out = np.empty(len(rows), object)
    out[:] = rows
    return out


def _cut(x, y, cut) -> tuple:
    return x[:cut], y[:cut], x[cut:], y[cut:]


def _found(title, place, class_names, parts, word_index=None) -> dict:
    arrays = dict(zip(("x_train", "y_train", "x_test", "y_test"), parts, strict=True))
    held = {
        # Strings as the bytes they are in a file, a line for each.
        name: np.frombuffer("\n".join(array).encode(), np.uint8) if isinstance(array[0], str) else array
        for name, array in arrays.items()
    }
    return {
        "title": title,
        "class_names": tuple(class_names),
        **arrays,
        "word_index": word_index or {},
        "digest": content_digest(held),
        "caption": f"{title} in place of {place}",
    }

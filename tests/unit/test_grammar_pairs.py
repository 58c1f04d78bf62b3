"""Inference pairs: labels sound by a model checker, balance, disjoint splits, no telltale words.

The checker knows nothing of how pairs are made. It draws small worlds of things and events that
mention what a pair mentions, and asks in each whether premise and hypothesis are true.
"""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from bertology.corpora.grammar.lexicon import DATA_FOLDER, DOMAINS, Name, read_tables
from bertology.corpora.grammar.meaning import Clause, Date, NounPhrase
from bertology.corpora.grammar.pairs import Pair, draw_pairs, write_pairs
from bertology.corpora.inference import read_pairs
from bertology.corpora.shapes import INFERENCE_LABELS, SPLITS
from bertology.errors import InputError

WORDS = read_tables(DATA_FOLDER)
NOUN_ABOVE = {noun.lemma: noun.hypernym for noun in WORDS.nouns}
VERB_ABOVE = {verb.lemma: verb.hypernym for verb in WORDS.verbs}
OPPOSITE = {word.lemma: word.antonym for word in (*WORDS.verbs, *WORDS.adjectives)}


def upward(lemma: str, above: dict) -> tuple[str, ...]:
    chain = [lemma]
    while above[chain[-1]]:
        chain.append(above[chain[-1]])
    return tuple(chain)


@dataclass(eq=False)
class Thing:
    """An individual or a group; `nouns` is empty for what has a name only."""

    nouns: tuple[str, ...]
    adjectives: set[str] = field(default_factory=set)
    size: int = 1
    individual: bool = True


@dataclass
class World:
    """`known` are the things that names and "the N" stand for; `events` says how each went."""

    known: dict[object, Thing]
    things: list[Thing]
    events: dict[tuple, dict]


# Truth of a clause in a world


def key_of(phrase: NounPhrase) -> object:
    return (
        phrase.head.words if isinstance(phrase.head, Name) else (phrase.head.lemma, phrase.plural)
    )


def is_known(phrase: NounPhrase) -> bool:
    return isinstance(phrase.head, Name) or phrase.determiner == "the"


def arguments(clause: Clause) -> dict[str, NounPhrase | None]:
    """The arguments that are written; the agent of a short passive is somebody."""
    slots = ("subject", "object", "recipient")
    return {slot: None if slot in hidden(clause) else getattr(clause, slot) for slot in slots}


def hidden(clause: Clause) -> tuple[str, ...]:
    return ("subject",) if clause.voice == "passive" and not clause.agent_expressed else ()


def has_adjectives(thing: Thing, phrase: NounPhrase) -> bool:
    return {quality.adjective.lemma for quality in phrase.adjectives} <= thing.adjectives


def attributes_hold(phrase: NounPhrase, world: World) -> bool:
    """What is said of a known thing by the way, whatever the clause denies."""
    thing = world.known[key_of(phrase)]
    sized = phrase.number is None or thing.size == phrase.number
    told = phrase.relative is None or is_true(phrase.relative.clause, world)
    return sized and told and has_adjectives(thing, phrase)


def meant(phrase: NounPhrase, things: list[Thing]) -> list[Thing]:
    """The individuals of which the noun and adjectives are true."""
    return [
        thing
        for thing in things
        if thing.individual and phrase.head.lemma in thing.nouns and has_adjectives(thing, phrase)
    ]


def quantified(phrase: NounPhrase, world: World, holds: Callable[[Thing], bool]) -> bool:
    if is_known(phrase):
        parts = [phrase, *phrase.conjuncts]
        return all(holds(world.known[key_of(part)]) for part in parts)
    restrictor = meant(phrase, world.things)
    count = sum(holds(thing) for thing in restrictor)
    if phrase.number is not None:
        return count == phrase.number
    total = len(restrictor)
    return {
        "a": count > 0,
        "some": count > 0,
        "no": count == 0,
        "all": count == total,
        "every": count == total,
        "most": 2 * count > total,
    }[phrase.determiner]


def is_true(clause: Clause, world: World) -> bool:
    written = [phrase for phrase in arguments(clause).values() if phrase]
    if not all(attributes_hold(phrase, world) for phrase in written if is_known(phrase)):
        return False
    first, *others = ["object", "subject"] if clause.voice == "passive" else ["subject", "object"]
    slots = [slot for slot in (*others, "recipient") if arguments(clause)[slot]]
    order = [*slots, *hidden(clause)]

    def remaining(slots: list[str], bound: dict[str, Thing]) -> bool:
        if not slots:
            return happened(clause, bound, world)
        slot, phrase = slots[0], arguments(clause)[slots[0]]

        def holds(thing: Thing) -> bool:
            return remaining(slots[1:], bound | {slot: thing})

        return quantified(phrase, world, holds) if phrase else any(map(holds, world.things))

    def predicate(thing: Thing) -> bool:
        return remaining(order, {first: thing}) != clause.negative

    more = all(is_true(other, world) for other in clause.coordinated)
    return quantified(arguments(clause)[first], world, predicate) and more


def happened(clause: Clause, bound: dict[str, Thing], world: World) -> bool:
    participants = tuple(id(bound.get(slot)) for slot in arguments(clause))
    circumstances = world.events.get((clause.verb.lemma, *participants))
    return circumstances is not None and all(
        fits(adjunct.phrase, circumstances) for adjunct in clause.adjuncts
    )


def fits(phrase: object, circumstances: dict) -> bool:
    if isinstance(phrase, Date):
        said = {name: getattr(phrase, name) for name in ("weekday", "day", "month", "year")}
        return all(v is None or circumstances[name] == v for name, v in said.items())
    if isinstance(phrase, NounPhrase):
        key = key_of(phrase)
        return circumstances["town"] == key or key in circumstances["places"]
    return phrase.lemma in circumstances["manners"]


# Worlds


def clauses_of(clause: Clause) -> Iterator[Clause]:
    yield clause
    yield from clause.coordinated
    if clause.subject.relative:
        yield from clauses_of(clause.subject.relative.clause)


class Worlds:
    """Draws worlds about what a pair of clauses speaks of."""

    def __init__(self, pair: Pair, generator: np.random.Generator) -> None:
        self.generator = generator
        self.clauses = [c for each in (pair.premise, pair.hypothesis) for c in clauses_of(each)]
        self.phrases = [
            part
            for clause in self.clauses
            for phrase in arguments(clause).values()
            if phrase
            for part in (phrase, *phrase.conjuncts)
        ]
        self.adjectives = sorted({q.adjective.lemma for p in self.phrases for q in p.adjectives})
        self.numbers = sorted({p.number for p in self.phrases if p.number})
        adjuncts = [adjunct.phrase for clause in self.clauses for adjunct in clause.adjuncts]
        self.dates = [phrase for phrase in adjuncts if isinstance(phrase, Date)]
        places = {key_of(p): p for p in adjuncts if isinstance(p, NounPhrase)}
        self.towns = [key for key, p in places.items() if isinstance(p.head, Name)]
        self.places = [key for key in places if key not in self.towns]
        self.manners = sorted({p.lemma for p in adjuncts if hasattr(p, "type")})
        self.subject = pair.hypothesis.subject

    def coin(self, probability: float = 0.5) -> bool:
        return bool(self.generator.random() < probability)

    def one_of(self, values: list) -> object:
        return values[int(self.generator.integers(len(values)))]

    def some_of(self, values: list) -> set:
        return {value for value in values if self.coin(0.7)}

    def draw(self) -> World | None:
        """Give a world, None if one has nothing that a quantifier speaks of."""
        # Now and then all things and events of a world are alike, which large numbers need.
        self.alike = self.coin()
        known = {key_of(phrase): self.thing(phrase) for phrase in self.phrases if is_known(phrase)}
        self.somebody = Thing(())
        things = [self.somebody, *known.values(), *self.crowd()]
        world = World(known, things, {})
        for phrase in self.phrases:
            if not is_known(phrase) and phrase.determiner != "a" and not meant(phrase, things):
                return None
        self.add_events(world)
        return world

    def attributes(self) -> set[str]:
        """Some of the adjectives of the pair; of two opposites at most one."""
        order = [
            self.adjectives[index] for index in self.generator.permutation(len(self.adjectives))
        ]
        chosen: set[str] = set()
        for adjective in order:
            if OPPOSITE[adjective] not in chosen and (self.alike or self.coin(0.7)):
                chosen.add(adjective)
        return chosen

    def thing(self, phrase: NounPhrase) -> Thing:
        named = isinstance(phrase.head, Name)
        nouns = () if named else upward(phrase.head.lemma, NOUN_ABOVE)
        size = self.one_of([*self.numbers, 14]) if phrase.plural else 1
        attributes = set() if named else self.attributes()
        return Thing(nouns, attributes, size, not phrase.plural)

    def crowd(self) -> list[Thing]:
        """Individuals besides the known ones, of all nouns that stand without "the"."""
        unknown = [phrase for phrase in self.phrases if not is_known(phrase)]
        lemmas = sorted({phrase.head.lemma for phrase in unknown})
        crowd = []
        for lemma in lemmas:
            nouns = upward(lemma, NOUN_ABOVE)
            plural = any(p.head.lemma == lemma and p.determiner != "a" for p in unknown)
            sizes = (
                [1, 2, 3, *self.numbers, *(n + 1 for n in self.numbers)] if plural else [0, 1, 2]
            )
            crowd += [Thing(nouns, self.attributes()) for _ in range(int(self.one_of(sizes)))]
        return crowd

    def add_events(self, world: World) -> None:
        verbs: dict[str, Clause] = {}
        for clause in self.clauses:
            for lemma in upward(clause.verb.lemma, VERB_ABOVE):
                verbs.setdefault(lemma, clause)
        # Most general verbs first: what a special verb says is said by the general one too.
        for lemma in sorted(verbs, key=lambda each: len(upward(each, VERB_ABOVE))):
            rate = self.one_of([0.0, 0.5, 1.0, 1.0])
            columns = [self.fillers(slot, world) for slot in ("subject", "object", "recipient")]
            combinations = list(itertools.product(*columns))
            if self.numbers and rate == 0.5 and self.coin():
                combinations = self.exactly(combinations)
                rate = 1.0
            common = self.circumstances()
            for participants in combinations:
                if self.coin(rate):
                    circumstances = common if self.alike else self.circumstances()
                    add_event(world, lemma, tuple(map(id, participants)), circumstances)

    def exactly(self, combinations: list) -> list:
        """Only as many as one of the numbers in the pair."""
        count = min(int(self.one_of(self.numbers)), len(combinations))
        order = self.generator.permutation(len(combinations))
        return [combinations[index] for index in order[:count]]

    def fillers(self, slot: str, world: World) -> list:
        """Things that any clause of the pair could mean in this slot, and one it does not mean."""
        phrases = [phrase for clause in self.clauses if (phrase := arguments(clause)[slot])]
        parts = [part for phrase in phrases for part in (phrase, *phrase.conjuncts)]
        known = [world.known[key_of(part)] for part in parts if is_known(part)]
        lemmas = {part.head.lemma for part in parts if not is_known(part)}
        others = [t for t in world.things if t.individual and lemmas & set(t.nouns)]
        absent = [None] if any(getattr(clause, slot) is None for clause in self.clauses) else []
        some = [self.somebody] if any(slot in hidden(clause) for clause in self.clauses) else []
        return list({id(t): t for t in (*known, *others, *absent, *some)}.values())

    def circumstances(self) -> dict:
        said = {
            name: [getattr(date, name) for date in self.dates if getattr(date, name)]
            for name in ("weekday", "day", "month", "year")
        }
        values = {name: self.one_of([*v, *v, *v, "another"]) for name, v in said.items()}
        values["town"] = self.one_of([*self.towns, *self.towns, *self.towns, "another"])
        values["places"] = self.some_of(self.places)
        values["manners"] = self.some_of(self.manners)
        return values


def add_event(world: World, lemma: str, participants: tuple, circumstances: dict) -> None:
    """Add an event unless an opposite one rules it out or the more general one did not happen."""
    general = VERB_ABOVE[lemma]
    if general is not None:
        if (general, *participants) not in world.events:
            return
        circumstances = world.events[general, *participants]
    for each in upward(lemma, VERB_ABOVE):
        if (OPPOSITE[each], *participants) in world.events:
            return
    world.events[lemma, *participants] = circumstances


def outcomes(pair: Pair, generator: np.random.Generator, wanted: int, limit: int) -> Counter:
    """Count how often the hypothesis is true and false in worlds where the premise is true."""
    worlds = Worlds(pair, generator)
    counts: Counter = Counter()
    for _ in range(limit):
        world = worlds.draw()
        if world is not None and is_true(pair.premise, world):
            counts[is_true(pair.hypothesis, world)] += 1
        enough = counts.total() >= wanted
        if enough and (pair.label != "neutral" or len(counts) == 2):
            break
    return counts


EXPECTED = {"entailment": {True}, "contradiction": {False}, "neutral": {True, False}}


@pytest.mark.parametrize("domain", DOMAINS)
def test_labels_are_sound_in_all_worlds(domain: str) -> None:
    generator = np.random.default_rng(7)
    for pair, premise, hypothesis in draw_pairs(domain, "test", 50, 11, {}):
        counts = outcomes(pair, generator, 25, 3000)
        assert counts.total() > 0, f"no world for: {premise}"
        assert set(counts) == EXPECTED[pair.label], f"{pair.label}: {premise} ## {hypothesis}"


def test_the_checker_tells_true_labels_from_false_ones() -> None:
    generator = np.random.default_rng(1)
    wrong = 0
    for pair, _, _ in draw_pairs("market", "train", 40, 3, {}):
        counts = outcomes(pair, generator, 25, 3000)
        wrong += sum(set(counts) == EXPECTED[o] for o in INFERENCE_LABELS if o != pair.label)
    assert wrong == 0


# The files


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict]]:
    folder = tmp_path_factory.mktemp("pairs")
    write_pairs("market", {"train": 3000, "dev": 100, "test": 1001}, 5, folder)
    return {split: read(folder / f"{split}.jsonl") for split in SPLITS}


def read(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_keys_are_those_of_multinli(files) -> None:
    for record in files["dev"]:
        assert set(record) == {"pairID", "gold_label", "sentence1", "sentence2", "genre"}
        assert record["genre"] == "market"
    identifiers = [record["pairID"] for records in files.values() for record in records]
    assert len(identifiers) == len(set(identifiers)) == 4101


def test_the_reader_of_real_pairs_reads_them(tmp_path) -> None:
    write_pairs("market", {"dev": 100}, 5, tmp_path)
    pairs = read_pairs(tmp_path / "dev.jsonl")
    assert {(pair.premise, pair.label) for pair in pairs} == {
        (record["sentence1"], record["gold_label"]) for record in read(tmp_path / "dev.jsonl")
    }


def test_labels_are_balanced(files) -> None:
    for records in files.values():
        counts = Counter(record["gold_label"] for record in records)
        assert set(counts) == set(INFERENCE_LABELS)
        assert max(counts.values()) - min(counts.values()) <= 1


def test_no_sentence_stands_in_two_splits(files) -> None:
    texts = {s: {r[k] for r in files[s] for k in ("sentence1", "sentence2")} for s in SPLITS}
    for one, other in itertools.combinations(SPLITS, 2):
        assert not texts[one] & texts[other]
    premises = [record["sentence1"] for records in files.values() for record in records]
    assert len(premises) == len(set(premises))


def test_words_for_the_test_only_occur_in_the_test_only(files) -> None:
    nouns = [noun for noun in WORDS.nouns if noun.test_only]
    held_out = {form for noun in nouns for form in (noun.lemma, noun.plural)}
    held_out |= {word.past for word in WORDS.verbs if word.test_only}
    held_out |= {word.lemma for word in (*WORDS.adjectives, *WORDS.adverbs) if word.test_only}
    used = {
        split: {
            word
            for record in files[split]
            for word in (record["sentence1"] + " " + record["sentence2"]).rstrip(".").split()
        }
        for split in SPLITS
    }
    assert not held_out & (used["train"] | used["dev"])
    assert len(held_out & used["test"]) > 15


def test_pairs_are_short(files) -> None:
    words = {k: [len(r[k].split()) for r in files["train"]] for k in ("sentence1", "sentence2")}
    assert 7 < np.mean(words["sentence1"]) < 12
    assert 6 < np.mean(words["sentence2"]) < 9


def test_the_hypothesis_alone_does_not_tell_the_label(files) -> None:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    vectorizer = CountVectorizer(ngram_range=(1, 2))
    train, test = files["train"], files["test"]
    counts = vectorizer.fit_transform([record["sentence2"] for record in train])
    model = LogisticRegression(C=0.3, max_iter=300).fit(counts, [r["gold_label"] for r in train])
    known = model.score(counts, [record["gold_label"] for record in train])
    guessed = vectorizer.transform([record["sentence2"] for record in test])
    assert known > 0.5, "the classifier must have learnt something to be a test at all"
    assert model.score(guessed, [record["gold_label"] for record in test]) < 0.40


def test_negation_and_passive_are_as_common_in_hypotheses_of_all_labels(files) -> None:
    for mark in (" not ", " was ", " by ", "No "):
        rates = [
            np.mean([mark in r["sentence2"] for r in files["train"] if r["gold_label"] == label])
            for label in INFERENCE_LABELS
        ]
        assert min(rates) > 0.02
        assert max(rates) - min(rates) < 0.06, mark


def test_same_arguments_give_the_same_bytes_and_another_seed_does_not(tmp_path) -> None:
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        write_pairs("village", {"train": 30, "test": 12}, seed, tmp_path / name)
    for split in ("train", "test"):
        one, two, three = (
            (tmp_path / name / f"{split}.jsonl").read_bytes() for name in ("one", "two", "three")
        )
        assert one == two != three
    assert not (tmp_path / "one" / "dev.jsonl").exists()


def test_an_unknown_domain_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="moon"):
        write_pairs("moon", {"train": 3}, 1, tmp_path)
    assert not list(tmp_path.iterdir())

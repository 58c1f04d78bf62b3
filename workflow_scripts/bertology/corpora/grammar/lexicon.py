"""The words of the embedded corpus, read from tables of tab-separated values.

One table for each part of speech in `data/`; every word belongs to one domain, or to "core", which
all domains share. Forms that a rule of English spelling gives are left out of the tables.
"""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TypeVar

from bertology.errors import InputError

DOMAINS = ("harbour", "market", "laboratory", "village")
"""For parsing, inference, question answering, and for no task."""
CORE = "core"
NOUN_KINDS = (
    "person",
    "animal",
    "vehicle",
    "artifact",
    "tool",
    "food",
    "plant",
    "substance",
    "place",
    "institution",
    "event",
    "idea",
    "document",
)
"""What a noun stands for; a `tool` is an artifact that one does something with."""
NAME_KINDS = ("person", "place", "institution")
ARGUMENTS = {"intransitive": 1, "transitive": 2, "ditransitive": 3, "clausal": 2}
"""How many arguments each frame of verb has, not counting a noun after a governed preposition."""
ROLES = ("ARG0", "ARG1", "ARG2")
FLAGS = ("stative", "instrument")
EFFECTS = ("change", "create", "destroy", "move", "transfer")
ADVERB_TYPES = ("manner", "time", "frequency", "place", "degree")
GENDERS = ("f", "m")
TEST_MARK = "test"
UNCOUNTABLE_MARK = "-"
DATA_FOLDER = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Noun:
    """A common noun; `hypernym` is the lemma of a more general noun of the same domain or core.

    `hypernyms` are all more general lemmas, the nearest first.
    `preposition` stands before the noun where it is the place or occasion of something ("at the
    pier"); `parts` are lemmas of what such a thing has.
    """

    lemma: str
    plural: str
    domain: str
    kind: str
    hypernym: str | None = None
    uncountable: bool = False
    test_only: bool = False
    preposition: str = "in"
    parts: tuple[str, ...] = ()
    gender: str | None = None
    hypernyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb, its forms, and the kinds of noun that fit its arguments.

    `recipient_kinds` are those of the recipient of a ditransitive verb, or of the noun after
    `preposition` for another frame. `antonym` is a verb that cannot hold of the same arguments in
    the same event; what `hypernym` and all `hypernyms` say is true wherever the verb is. `roles`
    has one PropBank label for each argument in the order subject, object, recipient or governed
    noun.
    """

    lemma: str
    third_person: str
    past: str
    participle: str
    gerund: str
    domain: str
    frame: str
    subject_kinds: tuple[str, ...]
    object_kinds: tuple[str, ...] = ()
    recipient_kinds: tuple[str, ...] = ()
    preposition: str | None = None
    antonym: str | None = None
    hypernym: str | None = None
    test_only: bool = False
    roles: tuple[str, ...] = ()
    stative: bool = False
    instrument: bool = False
    effect: str | None = None
    hypernyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Adjective:
    """An adjective and the kinds of noun it fits; nothing is both it and its antonym."""

    lemma: str
    domain: str
    kinds: tuple[str, ...]
    antonym: str | None = None
    test_only: bool = False


@dataclass(frozen=True, slots=True)
class Adverb:
    """An adverb of one of ADVERB_TYPES; one of time fits a past clause."""

    lemma: str
    domain: str
    type: str
    test_only: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    """A name of one or more words; `gender` is "f" or "m" for a person."""

    words: tuple[str, ...]
    kind: str
    gender: str | None
    domain: str
    test_only: bool = False


Word = TypeVar("Word", Noun, Verb, Adjective, Adverb, Name)
Ranked = TypeVar("Ranked", Noun, Verb)
"""Words that have hypernyms."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words of one domain together with those of the core."""

    nouns: tuple[Noun, ...]
    verbs: tuple[Verb, ...]
    adjectives: tuple[Adjective, ...]
    adverbs: tuple[Adverb, ...]
    names: tuple[Name, ...]

    def for_split(self, split: str) -> "Lexicon":
        """Give all words for "test", and those that are not for the test only otherwise."""
        return self if split == "test" else self._selected(lambda word: not word.test_only)

    def of_domain(self, domain: str) -> "Lexicon":
        """Give the words of `domain` and of the core."""
        return self._selected(lambda word: word.domain in (domain, CORE))

    def _selected(
        self, wanted: Callable[[Noun | Verb | Adjective | Adverb | Name], bool]
    ) -> "Lexicon":
        return Lexicon(
            tuple(word for word in self.nouns if wanted(word)),
            tuple(word for word in self.verbs if wanted(word)),
            tuple(word for word in self.adjectives if wanted(word)),
            tuple(word for word in self.adverbs if wanted(word)),
            tuple(word for word in self.names if wanted(word)),
        )


def load_lexicon(domain: str) -> Lexicon:
    """Read the words of one of DOMAINS and of the core.

    Raises:
        InputError: a table is malformed (file and line are named), or there is no such domain.

    """
    if domain not in DOMAINS:
        raise InputError(f"found domain {domain!r}; allowed: {', '.join(DOMAINS)}")
    return read_tables(DATA_FOLDER).of_domain(domain)


@cache
def read_tables(folder: Path) -> Lexicon:
    """Read and check all tables of a folder, for all domains together.

    Raises:
        InputError: a table is malformed; the message names file and line.

    """
    nouns = _read(folder / "nouns.tsv", _noun)
    verbs = _read(folder / "verbs.tsv", _verb)
    adjectives = _read(folder / "adjectives.tsv", _adjective)
    adverbs = _read(folder / "adverbs.tsv", _adverb)
    names = _read(folder / "names.tsv", _name)
    _check_nouns(folder / "nouns.tsv", nouns)
    _check_verbs(folder / "verbs.tsv", verbs)
    _check_antonyms(folder / "adjectives.tsv", adjectives)
    _check_distinct(folder / "adverbs.tsv", [(line, word.lemma) for line, word in adverbs])
    _check_distinct(folder / "names.tsv", [(line, " ".join(word.words)) for line, word in names])
    return Lexicon(
        _with_hypernyms([word for _, word in nouns]),
        _with_hypernyms([word for _, word in verbs]),
        tuple(word for _, word in adjectives),
        tuple(word for _, word in adverbs),
        tuple(word for _, word in names),
    )


def _with_hypernyms(words: list[Ranked]) -> tuple[Ranked, ...]:
    above = {word.lemma: word.hypernym for word in words}
    filled = []
    for word in words:
        chain: list[str] = []
        general = word.hypernym
        while general is not None:
            chain.append(general)
            general = above[general]
        filled.append(replace(word, hypernyms=tuple(chain)))
    return tuple(filled)


class _Row:
    """One line of a table; gives cells by column name and refuses what is not allowed."""

    def __init__(self, path: Path, line: int, cells: dict[str, str]) -> None:
        self.path = path
        self.line = line
        self.cells = cells

    def error(self, column: str, allowed: str) -> InputError:
        found = f"{self.cells[column]!r} in column {column}"
        return InputError.at(self.path, self.line, found, allowed)

    def word(self, column: str = "lemma") -> str:
        if not re.fullmatch(r"[a-z]+", self.cells[column]):
            raise self.error(column, "a word of lower-case letters")
        return self.cells[column]

    def choice(self, column: str, allowed: Collection[str]) -> str:
        if self.cells[column] not in allowed:
            raise self.error(column, ", ".join(choice or "nothing" for choice in allowed))
        return self.cells[column]

    def choices(self, column: str, allowed: Collection[str]) -> tuple[str, ...]:
        values = tuple(filter(None, self.cells[column].split(",")))
        if not set(values) <= set(allowed):
            raise self.error(column, "comma-separated " + ", ".join(allowed))
        return values

    def domain(self) -> str:
        return self.choice("domain", (CORE, *DOMAINS))

    def test_only(self) -> bool:
        return self.choice("test", ("", TEST_MARK)) == TEST_MARK


def _read(path: Path, make: Callable[[_Row], Word]) -> list[tuple[int, Word]]:
    """Read a table whose first line that is not a comment names the columns."""
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    rows = [(number, text.split("\t")) for number, text in lines if not text.startswith("#")]
    if not rows:
        raise InputError.at(path, None, "no line", "a line of column names, then one word a line")
    columns = rows[0][1]
    words = []
    for number, cells in rows[1:]:
        if len(cells) != len(columns):
            allowed = f"{len(columns)}: {', '.join(columns)}"
            raise InputError.at(path, number, f"{len(cells)} columns", allowed)
        words.append((number, make(_Row(path, number, dict(zip(columns, cells, strict=True))))))
    return words


def _noun(row: _Row) -> Noun:
    lemma = row.word()
    uncountable = row.cells["plural"] == UNCOUNTABLE_MARK
    regular = lemma if uncountable else with_s(lemma)
    return Noun(
        lemma=lemma,
        plural=regular if uncountable else row.cells["plural"] or regular,
        domain=row.domain(),
        kind=row.choice("kind", NOUN_KINDS),
        hypernym=row.cells["hypernym"] or None,
        uncountable=uncountable,
        test_only=row.test_only(),
        preposition=row.cells["preposition"] or "in",
        parts=tuple(filter(None, row.cells["parts"].split(","))),
        gender=row.choice("gender", ("", *GENDERS)) or None,
    )


def _verb(row: _Row) -> Verb:
    lemma = row.word()
    past = row.cells["past"] or past_of(lemma)
    flags = row.choices("flags", FLAGS)
    return Verb(
        lemma=lemma,
        third_person=row.cells["third_person"] or with_s(lemma),
        past=past,
        participle=row.cells["participle"] or past,
        gerund=row.cells["gerund"] or gerund_of(lemma),
        domain=row.domain(),
        frame=row.choice("frame", ARGUMENTS),
        subject_kinds=row.choices("subject_kinds", NOUN_KINDS),
        object_kinds=row.choices("object_kinds", NOUN_KINDS),
        recipient_kinds=row.choices("recipient_kinds", NOUN_KINDS),
        preposition=row.cells["preposition"] or None,
        antonym=row.cells["antonym"] or None,
        hypernym=row.cells["hypernym"] or None,
        test_only=row.test_only(),
        roles=row.choices("roles", ROLES),
        stative="stative" in flags,
        instrument="instrument" in flags,
        effect=row.choice("effect", ("", *EFFECTS)) or None,
    )


def _adjective(row: _Row) -> Adjective:
    kinds = row.choices("kinds", NOUN_KINDS)
    antonym = row.cells["antonym"] or None
    return Adjective(row.word(), row.domain(), kinds, antonym, row.test_only())


def _adverb(row: _Row) -> Adverb:
    return Adverb(row.word(), row.domain(), row.choice("type", ADVERB_TYPES), row.test_only())


def _name(row: _Row) -> Name:
    words = tuple(row.cells["name"].split())
    if not words or not all(re.fullmatch(r"[A-Z][a-z]+", word) for word in words):
        raise row.error("name", "one or more capitalised words")
    kind = row.choice("kind", NAME_KINDS)
    gender = row.choice("gender", GENDERS if kind == "person" else ("",)) or None
    return Name(words, kind, gender, row.domain(), row.test_only())


def _check_distinct(path: Path, lines: Iterable[tuple[int, str]]) -> None:
    seen: dict[str, int] = {}
    for line, text in lines:
        if text in seen:
            raise InputError.at(path, line, f"{text!r} again", f"once, as in line {seen[text]}")
        seen[text] = line


def _check_nouns(path: Path, nouns: list[tuple[int, Noun]]) -> None:
    """Refuse a hypernym or part that a split or domain with the noun would not have."""
    _check_distinct(path, [(line, noun.lemma) for line, noun in nouns])
    by_lemma = {noun.lemma: noun for _, noun in nouns}
    for line, noun in nouns:
        for related in filter(None, (noun.hypernym, *noun.parts)):
            _check_available(path, line, noun, related, by_lemma)
        _check_chain(path, line, noun, by_lemma)
        general = by_lemma.get(noun.hypernym or "")
        if general and not _same_kind(noun, general):
            allowed = f"a {noun.kind}, countable as {noun.lemma!r} is"
            raise InputError.at(path, line, f"hypernym {general.lemma!r}", allowed)


def _same_kind(noun: Noun, general: Noun) -> bool:
    kinds = ("artifact", "tool") if noun.kind == "tool" else (noun.kind,)
    return general.kind in kinds and general.uncountable == noun.uncountable


def _check_available(
    path: Path, line: int, word: Noun | Verb, related: str, by_lemma: dict[str, Word]
) -> None:
    other = by_lemma.get(related)
    if other is None:
        raise InputError.at(path, line, f"unknown word {related!r}", "a lemma of the same file")
    if other.domain not in (word.domain, CORE):
        allowed = f"a word of {word.domain} or {CORE}"
        raise InputError.at(path, line, f"{related!r} of domain {other.domain}", allowed)
    if other.test_only and not word.test_only:
        raise InputError.at(path, line, f"{related!r}, a word for the test only", "a word for all")


def _check_chain(path: Path, line: int, word: Noun | Verb, by_lemma: dict[str, Word]) -> None:
    """Refuse a word that is more general than itself."""
    chain = [word.lemma]
    while (general := getattr(by_lemma.get(chain[-1]), "hypernym", None)) is not None:
        if general in chain:
            raise InputError.at(path, line, f"hypernyms in a circle: {general!r}", "a hierarchy")
        chain.append(general)


def _check_verbs(path: Path, verbs: list[tuple[int, Verb]]) -> None:
    """Refuse a missing role or preposition, and a hypernym that fits fewer arguments."""
    _check_antonyms(path, verbs)
    by_lemma = {verb.lemma: verb for _, verb in verbs}
    for line, verb in verbs:
        if len(verb.roles) != _argument_count(verb):
            found, allowed = f"{len(verb.roles)} roles", f"one for each argument of a {verb.frame}"
            raise InputError.at(path, line, found, allowed)
        if (verb.preposition is None) != (not verb.recipient_kinds):
            raise InputError.at(path, line, f"{verb.lemma!r}", "preposition and kinds, or neither")
        if verb.hypernym:
            _check_available(path, line, verb, verb.hypernym, by_lemma)
            _check_chain(path, line, verb, by_lemma)
            _check_fits(path, line, verb, by_lemma[verb.hypernym])


def _argument_count(verb: Verb) -> int:
    governed = verb.frame != "ditransitive" and verb.preposition is not None
    return ARGUMENTS[verb.frame] + governed


def _check_fits(path: Path, line: int, verb: Verb, general: Verb) -> None:
    fits = set(verb.subject_kinds) <= set(general.subject_kinds) and set(verb.object_kinds) <= set(
        general.object_kinds
    )
    if verb.frame != general.frame or not fits:
        allowed = f"a {verb.frame} verb that fits all arguments of {verb.lemma!r}"
        raise InputError.at(path, line, f"hypernym {general.lemma!r}", allowed)


def _check_antonyms(
    path: Path, words: list[tuple[int, Verb]] | list[tuple[int, Adjective]]
) -> None:
    """Refuse an antonym that is not mutual, or not of the same split and arguments."""
    _check_distinct(path, [(line, word.lemma) for line, word in words])
    by_lemma = {word.lemma: word for _, word in words}
    for line, word in words:
        if word.antonym is None:
            continue
        other = by_lemma.get(word.antonym)
        # Apart from lemma and forms the two must be alike, so that one can replace the other.
        if other is None or other.antonym != word.lemma or _use(word) != _use(other):
            allowed = f"a word that names {word.lemma!r} as its antonym and is used alike"
            raise InputError.at(path, line, f"antonym {word.antonym!r}", allowed)


def _use(word: Verb | Adjective) -> tuple[object, ...]:
    if isinstance(word, Adjective):
        return (word.domain, word.test_only, word.kinds)
    kinds = (word.subject_kinds, word.object_kinds, word.recipient_kinds)
    return (word.domain, word.test_only, word.frame, word.preposition, kinds)


def with_s(word: str) -> str:
    """Add the s of a plural or third person: "boxes", "ferries", "potatoes", "boats"."""
    if re.search(r"(s|x|z|ch|sh|[^aeiou]o)$", word):
        return word + "es"
    return re.sub(r"(?<=[^aeiou])y$", "ie", word) + "s"


def past_of(lemma: str) -> str:
    """Give the regular past of a verb: "moved", "carried", "wrapped", "loaded"."""
    if lemma.endswith("e"):
        return lemma + "d"
    return re.sub(r"(?<=[^aeiou])y$", "i", _doubled(lemma)) + "ed"


def gerund_of(lemma: str) -> str:
    """Give the regular present participle of a verb: "moving", "wrapping", "loading"."""
    if lemma.endswith("e") and not lemma.endswith("ee"):
        return lemma[:-1] + "ing"
    return _doubled(lemma) + "ing"


def _doubled(lemma: str) -> str:
    """Double the last consonant of a word of one syllable with one short vowel."""
    return lemma + lemma[-1] if re.fullmatch(r"[^aeiou]*[aeiou][bdgklmnprtvz]", lemma) else lemma

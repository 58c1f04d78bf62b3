"""What a sentence says, apart from how it is said: clauses, noun phrases and what modifies them.

All classes are frozen, so a changed meaning is a `dataclasses.replace` of another: dropping an
adjunct, negating, turning active into passive, asking for an argument. `realise.realise` turns a
`Clause` into an annotated sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bertology.corpora.grammar.lexicon import Adjective, Adverb, Name, Noun, Verb

Determiner = Literal[
    "the",
    "a",
    "this",
    "that",
    "all",
    "some",
    "no",
    "every",
    "each",
    "most",
    "few",
    "many",
    "several",
]
"""`a` is written "an" where needed; `this` and `that` are written "these" and "those" in plural."""

Gender = Literal["f", "m"]
Tense = Literal["past", "present", "future"]
Aspect = Literal["simple", "progressive"]
Voice = Literal["active", "passive"]
Mood = Literal["statement", "polar", "wh"]
Position = Literal["end", "front", "middle"]
AdjunctKind = Literal[
    "time", "place", "manner", "instrument", "frequency", "companion", "cause", "circumstance"
]


@dataclass(frozen=True, slots=True)
class Quality:
    """An adjective, and an adverb of degree before it ("very old")."""

    adjective: Adjective
    degree: Adverb | None = None


@dataclass(frozen=True, slots=True)
class Date:
    """A point in time: a weekday, a day of a month, a month, a year, or month and year.

    `month` and `weekday` are English names with a capital. Written "Monday", "5 March",
    "5 March 1987", "March 1987", "1987"; `Adjunct` supplies "on" or "in".
    """

    weekday: str | None = None
    day: int | None = None
    month: str | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Preposed:
    """A preposition and its noun phrase, as a modifier of a noun ("the key of the cabin")."""

    preposition: str
    phrase: NounPhrase


@dataclass(frozen=True, slots=True)
class Relative:
    """A relative clause: `clause` is complete, and its argument `role` is the noun it modifies.

    The argument in `clause` is a plain copy of the modified noun phrase (without this relative
    clause), so that `clause` alone is what the relative clause asserts.
    """

    clause: Clause
    role: Literal["subject", "object"]
    pronoun: Literal["who", "which", "that"] | None = "that"
    """None leaves it out, which English allows for objects only."""


@dataclass(frozen=True, slots=True)
class NounPhrase:
    """A noun or a name with all that belongs to it.

    `head` stays when `pronoun` is set: then "he", "she", "it", "they" (or "his", ... where it is a
    possessor) stands for the whole phrase, chosen by `plural` and the gender of `head` or else
    `gender`, and nothing else of the phrase is written. `number` is the cardinal ("three boats"),
    after the determiner if there are both.
    A phrase with `conjuncts` is "head-part, conjunct ... and conjunct"; everything else in it
    belongs to the first part. `referent` is the same for all mentions of a thing in a passage;
    of a coordination, `referent` is that of the first part.
    """

    head: Noun | Name
    plural: bool = False
    determiner: Determiner | None = None
    number: int | None = None
    adjectives: tuple[Quality, ...] = ()
    modifiers: tuple[Preposed, ...] = ()
    relative: Relative | None = None
    possessor: NounPhrase | None = None
    conjuncts: tuple[NounPhrase, ...] = ()
    pronoun: bool = False
    gender: Gender | None = None
    referent: int | None = None


@dataclass(frozen=True, slots=True)
class Adjunct:
    """A modifier of the clause; a clause has at most one of each kind.

    `phrase` is a noun phrase or a date (after `preposition`; None lets a date choose "on" or
    "in"), an adverb (no preposition), or a clause (`preposition` is then the subordinating
    conjunction: "because", "while", "after"). Position "middle" (before the verb) is for adverbs.
    """

    kind: AdjunctKind
    phrase: NounPhrase | Date | Adverb | Clause
    preposition: str | None = None
    position: Position = "end"


@dataclass(frozen=True, slots=True)
class Clause:
    """Somebody does something, is something, or is there.

    `subject` is the verb's first argument whatever the voice: in the passive it is the by-phrase,
    or left out if `agent_expressed` is False. Which others a clause has depends on `verb.frame`:
    `object` (transitive, ditransitive), `recipient` (ditransitive; `recipient_first` is "gave X the
    rope", which not every such verb allows), `oblique` (after `verb.preposition`), `complement`
    (clausal, "said that ...").
    `verb` is None for "X is `predicate`" and for `existential` ("there is `subject` ...").
    `coordinated` holds clauses with the same subject, tense and voice active, written as
    further verb phrases ("X sold the boat and bought a house").
    `mood` and `focus` matter for the main clause only. `focus` (mood "wh") is what is asked for:
    "subject", "object", "recipient", "oblique", an adjunct's kind (time, place, manner,
    instrument), or "subject.number" or "object.number" ("how many boats").
    """

    verb: Verb | None
    subject: NounPhrase
    object: NounPhrase | None = None
    recipient: NounPhrase | None = None
    oblique: NounPhrase | None = None
    complement: Clause | None = None
    predicate: Quality | NounPhrase | None = None
    existential: bool = False
    tense: Tense = "past"
    aspect: Aspect = "simple"
    voice: Voice = "active"
    agent_expressed: bool = True
    recipient_first: bool = False
    negative: bool = False
    adjuncts: tuple[Adjunct, ...] = ()
    coordinated: tuple[Clause, ...] = ()
    mood: Mood = "statement"
    focus: str | None = None

"""Sample noun phrases, dates and adjuncts of a passage."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from bertology.corpora.grammar.choose import Chooser
from bertology.corpora.grammar.discourse import Discourse, Referent
from bertology.corpora.grammar.lexicon import NAME_KINDS, Adverb, Name, Noun, Verb
from bertology.corpora.grammar.meaning import (
    Adjunct,
    Date,
    Determiner,
    Gender,
    NounPhrase,
    Position,
    Preposed,
    Quality,
    Tense,
)

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FIRST_YEAR, LAST_YEAR = 1900, 2019
DATE_FORMS = {"weekday": 0.3, "day": 0.25, "day and year": 0.1, "month": 0.15, "year": 0.2}

SINGULAR_DETERMINERS: dict[Determiner | None, float] = {
    "the": 0.44,
    "a": 0.42,
    "every": 0.04,
    "no": 0.03,
    "this": 0.03,
    "that": 0.03,
    "each": 0.01,
}
PLURAL_DETERMINERS: dict[Determiner | None, float] = {
    "the": 0.36,
    None: 0.22,
    "some": 0.1,
    "several": 0.07,
    "many": 0.07,
    "all": 0.06,
    "few": 0.05,
    "most": 0.04,
    "this": 0.03,
}
UNCOUNTABLE_DETERMINERS: dict[Determiner | None, float] = {"the": 0.6, "some": 0.25, None: 0.15}
NEW_SINGULAR: dict[Determiner | None, float] = {"a": 0.85, "no": 0.15}
NEW_PLURAL: dict[Determiner | None, float] = {
    None: 0.35,
    "some": 0.2,
    "several": 0.15,
    "many": 0.15,
    "few": 0.1,
    "no": 0.05,
}
NEW_UNCOUNTABLE: dict[Determiner | None, float] = {"some": 0.8, "no": 0.2}
PLAIN_DETERMINERS = ("the", "a", "this", "that", None)
"""Those that read well beside a negated verb."""
SPECIFIC_DETERMINERS = ("the", "a", "this", "that", "some", "several", None)
"""Those whose phrase stands for something that can be mentioned again."""

OWNED_KINDS = ("artifact", "tool", "vehicle", "document", "food", "animal")
NEAR_KINDS = ("animal", "vehicle", "artifact", "plant", "place")
END_ADVERBS = ("daily", "nightly", "yearly", "again", "early", "late", "overnight", "soon")
"""Adverbs of time and frequency that English does not put before the verb."""
DURING = "during"

LARGEST_NUMBER = 20


@dataclass(slots=True)
class Setting:
    """What is fixed before a clause is sampled.

    `asked` is the argument or adjunct that a question asks for. `taken` are the referents that the
    clause already has as arguments: a second mention would have to be a reflexive pronoun. `verb`
    is the clause's own, which no relative clause on its arguments repeats.
    """

    tense: Tense
    embedded: bool = False
    negative: bool = False
    asked: str | None = None
    verb: Verb | None = None
    taken: list[int] = field(default_factory=list)


class PhraseSampler:
    """Samples phrases for one passage, and keeps count of what the passage has mentioned."""

    def __init__(self, chooser: Chooser) -> None:
        self.chooser = chooser
        self.discourse = Discourse()

    def argument(
        self, kinds: Collection[str], setting: Setting, named: Collection[str] = NAME_KINDS
    ) -> NounPhrase:
        """Give an argument of one of `kinds`: something known, something new, or several things.

        `named` are the kinds that may have a name instead of a noun. The referents that it mentions
        are added to `setting.taken`.
        """
        known = [
            each
            for each in self._known(kinds, setting)
            if isinstance(each.phrase.head, Noun) or each.kind in named
        ]
        if known and self.chooser.chance(0.5):
            phrase = self._again(self.chooser.pick(known))
        else:
            phrase = self._new(kinds, setting, named)
            if self.chooser.chance(0.09) and phrase.determiner in PLAIN_DETERMINERS:
                others = self._new((phrase.head.kind,), replace(setting, negative=True), named)
                setting.taken += [each for each in (others.referent,) if each is not None]
                phrase = replace(phrase, conjuncts=(others,))
        if phrase.referent is not None:
            setting.taken.append(phrase.referent)
        return phrase

    def unspoken(self, kinds: Collection[str], named: Collection[str] = NAME_KINDS) -> NounPhrase:
        """Give an argument that the sentence asks for or leaves out, so that it has no referent."""
        return replace(self._head(kinds, named), determiner="the")

    def countable(self, kinds: Collection[str]) -> NounPhrase | None:
        """Several things of one kind, to ask for their number; None where nothing is countable."""
        noun = self.chooser.countable_noun(kinds)
        return None if noun is None else NounPhrase(noun, plural=True, number=2)

    def profession(self, person: NounPhrase) -> NounPhrase | None:
        """Give what a person is said to be ("a brave diver"); it refers to nothing by itself."""
        noun = self.chooser.noun(("person",), self.discourse.heads)
        gender = person.head.gender or person.gender
        if noun is None or noun.gender not in (None, gender):
            return None
        return NounPhrase(noun, determiner="a", adjectives=self.adjectives("person", 1))

    def copy(self, phrase: NounPhrase) -> NounPhrase:
        """Give a phrase bare of its modifiers, for the clause that modifies it."""
        return NounPhrase(
            phrase.head, phrase.plural, "the", gender=phrase.gender, referent=phrase.referent
        )

    def new_thing(self, kinds: Collection[str]) -> NounPhrase:
        """Give an indefinite phrase, for "there is ..."."""
        phrase = self._head(kinds)
        noun = phrase.head
        plural, uncountable = phrase.plural, isinstance(noun, Noun) and noun.uncountable
        if plural and self.chooser.chance(0.4):
            phrase = replace(phrase, number=self._number())
        else:
            weights = NEW_UNCOUNTABLE if uncountable else NEW_PLURAL if plural else NEW_SINGULAR
            phrase = replace(phrase, determiner=self.chooser.weighted(weights))
        return self._introduced(self._described(phrase))

    def adjectives(self, kind: str, most: int) -> tuple[Quality, ...]:
        """Up to `most` different adjectives for a noun of this kind, the first perhaps graded."""
        qualities: list[Quality] = []
        while len(qualities) < most and self.chooser.chance(0.37 if not qualities else 0.25):
            adjective = self.chooser.adjective(kind, [each.adjective for each in qualities])
            if adjective is None:
                break
            degree = self.chooser.adverb("degree") if self.chooser.chance(0.1) else None
            qualities.append(Quality(adjective, None if qualities else degree))
        return tuple(qualities)

    def time(self, setting: Setting) -> Adjunct | None:
        """When something happens: a date or an adverb in the past, a date in the future."""
        if setting.tense == "present":
            return None
        position: Position = "end"
        if not setting.embedded and setting.asked is None and self.chooser.chance(0.3):
            position = "front"
        adverb = self.chooser.adverb("time")
        if adverb is None or setting.tense == "future" or self.chooser.chance(0.7):
            return Adjunct("time", self._date(setting.tense), position=position)
        return Adjunct("time", adverb, position=self._adverb_position(adverb, position))

    def frequency(self) -> Adjunct | None:
        """How often something happens."""
        adverb = self.chooser.adverb("frequency")
        if adverb is None:
            return None
        position: Position = "end" if adverb.lemma in END_ADVERBS else "middle"
        return Adjunct("frequency", adverb, position=position)

    def manner(self, setting: Setting) -> Adjunct | None:
        """How something is done."""
        adverb = self.chooser.adverb("manner")
        if adverb is None:
            return None
        middle = not setting.negative and setting.asked is None and self.chooser.chance(0.4)
        return Adjunct("manner", adverb, position="middle" if middle else "end")

    def place(self, setting: Setting) -> Adjunct | None:
        """Where something happens: a place, an occasion, or an adverb of place."""
        position: Position = "end"
        if not setting.embedded and setting.asked is None and self.chooser.chance(0.12):
            position = "front"
        if self.chooser.chance(0.08) and setting.asked != "place":
            adverb = self.chooser.adverb("place")
            return Adjunct("place", adverb) if adverb is not None else None
        if setting.asked == "place":
            phrase = self.unspoken(("place",))
        else:
            phrase = self._definite(("place", "event"))
        preposition = phrase.head.preposition if isinstance(phrase.head, Noun) else "in"
        if preposition == DURING:
            return None if setting.asked else Adjunct("time", phrase, preposition, position)
        return Adjunct("place", phrase, preposition, position)

    def instrument(self, verb: Verb, setting: Setting) -> Adjunct | None:
        """Give the tool that something is done with."""
        if not verb.instrument:
            return None
        phrase = self._head(("tool",))
        if setting.asked == "instrument":
            return Adjunct("instrument", replace(phrase, determiner="the"), "with")
        determiner: Determiner | None = None if phrase.plural else "a"
        phrase = replace(phrase, determiner=determiner, adjectives=self.adjectives("tool", 1))
        return Adjunct("instrument", self._introduced(phrase), "with")

    def companion(self, setting: Setting) -> Adjunct:
        """Give the person that something is done with."""
        if setting.asked == "companion":
            return Adjunct("companion", self.unspoken(("person",)), "with")
        return Adjunct("companion", self.argument(("person",), setting), "with")

    def _known(self, kinds: Collection[str], setting: Setting) -> list[Referent]:
        """Give what can be mentioned again; in the sentence that mentions it, as a pronoun only."""
        return [
            each
            for each in self.discourse.referents
            if each.kind in kinds
            and each.number not in setting.taken
            and (not self.discourse.is_in_sentence(each) or self.discourse.allows_pronoun(each))
        ]

    def _again(self, referent: Referent) -> NounPhrase:
        clear = self.discourse.allows_pronoun(referent)
        likely = 1.0 if self.discourse.is_in_sentence(referent) else 0.65
        return self.discourse.mention(referent, clear and self.chooser.chance(likely))

    def _new(self, kinds: Collection[str], setting: Setting, named: Collection[str]) -> NounPhrase:
        phrase = self._head(kinds, named)
        if isinstance(phrase.head, Name):
            return self._introduced(phrase)
        phrase = self._determined(phrase, phrase.head, setting)
        return self._introduced(self._described(phrase))

    def _head(self, kinds: Collection[str], named: Collection[str] = ()) -> NounPhrase:
        """Give a bare phrase with a noun, or a name of the kinds `named`, new to the passage."""
        used = self.discourse.heads
        namable = [kind for kind in kinds if kind in named]
        name = self.chooser.name(namable, used) if self.chooser.chance(0.35) else None
        noun = self.chooser.noun(kinds, used) or self.chooser.noun(kinds)
        if name is None and noun is None:
            raise ValueError(f"the lexicon has no noun of these kinds: {', '.join(kinds)}")
        head = name or noun
        assert head is not None
        self.discourse.heads.append(head)
        if isinstance(head, Name):
            return NounPhrase(head)
        plural = not head.uncountable and self.chooser.chance(0.3)
        # Whoever is spoken of is one or the other; nouns that say which keep their own gender.
        gender: Gender = "f" if self.chooser.chance(0.5) else "m"
        return NounPhrase(head, plural, gender=gender if head.kind == "person" else None)

    def _determined(self, phrase: NounPhrase, noun: Noun, setting: Setting) -> NounPhrase:
        if noun.kind in OWNED_KINDS and self.chooser.chance(0.2):
            return replace(phrase, possessor=self._possessor(setting))
        if phrase.plural and self.chooser.chance(0.2):
            determiner: Determiner | None = "the" if self.chooser.chance(0.2) else None
            return replace(phrase, number=self._number(), determiner=determiner)
        weights = PLURAL_DETERMINERS if phrase.plural else SINGULAR_DETERMINERS
        if noun.uncountable:
            weights = UNCOUNTABLE_DETERMINERS
        if setting.embedded:
            # Not "said that that boat ...".
            weights = {key: each for key, each in weights.items() if key != "that"}
        if setting.negative or setting.asked is not None:
            weights = {key: each for key, each in weights.items() if key in PLAIN_DETERMINERS}
        return replace(phrase, determiner=self.chooser.weighted(weights))

    def _number(self) -> int:
        return int(self.chooser.generator.integers(2, LARGEST_NUMBER + 1))

    def _possessor(self, setting: Setting) -> NounPhrase:
        """Give a person, preferably one that the passage knows."""
        known = self._known(("person",), replace(setting, taken=[]))
        if known and self.chooser.chance(0.8):
            return self._again(self.chooser.pick(known))
        phrase = self._head(("person",), NAME_KINDS)
        determiner: Determiner | None = "the" if isinstance(phrase.head, Noun) else None
        return self._introduced(replace(phrase, determiner=determiner))

    def _described(self, phrase: NounPhrase) -> NounPhrase:
        """Give the phrase with adjectives and perhaps a prepositional phrase."""
        phrase = replace(phrase, adjectives=self.adjectives(phrase.head.kind, 2))
        if not self.chooser.chance(0.2):
            return phrase
        modifier = self._modifier(phrase.head)
        return phrase if modifier is None else replace(phrase, modifiers=(modifier,))

    def _modifier(self, head: Noun | Name) -> Preposed | None:
        """Give a prepositional phrase that, by the kinds of the nouns, belongs to the noun."""
        if isinstance(head, Noun) and head.parts and self.chooser.chance(0.7):
            return self._part(head)
        if head.kind == "document":
            return Preposed("about", self._definite(("idea", "event")))
        if head.kind in ("idea", "institution"):
            return Preposed("of", self._definite(("institution", "person", "place")))
        if head.kind == "person":
            if self.chooser.chance(0.5):
                return Preposed("with", self._indefinite(("artifact", "document")))
            return Preposed("from", self._definite(("place",)))
        if head.kind in NEAR_KINDS:
            return Preposed("near", self._definite(("place",)))
        return None

    def _part(self, noun: Noun) -> Preposed | None:
        nouns = self.chooser.lexicon.nouns
        parts = [each for each in nouns if each.lemma in noun.parts]
        if not parts:
            return None
        head = self.chooser.pick(parts)
        self.discourse.heads.append(head)
        determiner: Determiner | None = None if head.uncountable else "a"
        phrase = NounPhrase(head, determiner=determiner, adjectives=self.adjectives(head.kind, 1))
        return Preposed("with", self._introduced(phrase))

    def _definite(self, kinds: Collection[str]) -> NounPhrase:
        """Give a simple phrase inside another: "the pier", "London", "the old market"."""
        phrase = self._head(kinds, NAME_KINDS)
        if isinstance(phrase.head, Name):
            return self._introduced(phrase)
        adjectives = self.adjectives(phrase.head.kind, 1)
        return self._introduced(replace(phrase, determiner="the", adjectives=adjectives))

    def _indefinite(self, kinds: Collection[str]) -> NounPhrase:
        phrase = self._head(kinds)
        singular = isinstance(phrase.head, Noun) and not (phrase.plural or phrase.head.uncountable)
        determiner: Determiner | None = "a" if singular else None
        adjectives = self.adjectives(phrase.head.kind, 1)
        return self._introduced(replace(phrase, determiner=determiner, adjectives=adjectives))

    def _introduced(self, phrase: NounPhrase) -> NounPhrase:
        """Give the phrase with a referent, if it stands for something in particular."""
        if phrase.determiner not in SPECIFIC_DETERMINERS:
            return phrase
        return self.discourse.introduce(phrase)

    def _date(self, tense: Tense) -> Date:
        forms = dict(DATE_FORMS)
        if tense == "future":
            forms = {form: forms[form] for form in ("weekday", "day", "month")}
        form = self.chooser.weighted(forms)
        if form == "weekday":
            return Date(weekday=self.chooser.pick(WEEKDAYS))
        month = None if form == "year" else self.chooser.pick(MONTHS)
        day = int(self.chooser.generator.integers(1, 29)) if "day" in form else None
        year = None
        if form in ("year", "day and year"):
            year = int(self.chooser.generator.integers(FIRST_YEAR, LAST_YEAR + 1))
        return Date(day=day, month=month, year=year)

    def _adverb_position(self, adverb: Adverb, position: Position) -> Position:
        if adverb.lemma in END_ADVERBS:
            return "end"
        return position if position == "front" else self.chooser.pick(("end", "middle"))

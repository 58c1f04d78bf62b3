"""Small changes of a meaning, each with a known effect on what is said.

An edit takes a clause and gives a changed one, or None where it does not apply. Conventions that
fix the effects: "the N" is the one N of the situation, and its adjectives and number are asserted
of it even in a negated clause; a verb and its participants make one event, so that two dates or two
towns exclude each other; an indefinite object ("a boat") lies within the scope of the negation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from bertology.corpora.grammar.choose import Chooser
from bertology.corpora.grammar.lexicon import Adjective, Name, Noun, Verb
from bertology.corpora.grammar.meaning import (
    Adjunct,
    Clause,
    Date,
    Determiner,
    NounPhrase,
    Quality,
    Relative,
)
from bertology.corpora.grammar.sample_phrases import FIRST_YEAR, LAST_YEAR, MONTHS, WEEKDAYS

Edit = Callable[[Clause, Chooser], Clause | None]
Value = TypeVar("Value")

YEARS = range(FIRST_YEAR, LAST_YEAR + 1)
DAYS = range(1, 29)
NUMBERS = range(2, 13)
SLOTS = ("subject", "object", "recipient")


# What a clause has


def expressed(clause: Clause) -> dict[str, NounPhrase]:
    """Give the arguments that are written, by slot: all but the agent of a short passive."""
    hidden = ("subject",) if clause.voice == "passive" and not clause.agent_expressed else ()
    arguments = {slot: getattr(clause, slot) for slot in SLOTS if slot not in hidden}
    return {slot: phrase for slot, phrase in arguments.items() if phrase is not None}


def is_definite(phrase: NounPhrase) -> bool:
    """Say whether the phrase stands for one known thing or group."""
    return isinstance(phrase.head, Name) or phrase.determiner == "the"


def participants_are_definite(clause: Clause) -> bool:
    """Say whether all participants are written and known, so that there is just one event."""
    arguments = expressed(clause)
    return "subject" in arguments and all(
        is_definite(phrase) and not phrase.conjuncts for phrase in arguments.values()
    )


def adjunct_of(clause: Clause, kind: str) -> Adjunct | None:
    """Give the adjunct of a kind, None if there is none."""
    return next((adjunct for adjunct in clause.adjuncts if adjunct.kind == kind), None)


def heads_of(clause: Clause) -> list[Noun | Name]:
    """Give all nouns and names of a clause, those of its adjuncts too."""
    phrases = [getattr(clause, slot) for slot in SLOTS]
    phrases += [adjunct.phrase for adjunct in clause.adjuncts]
    nouns = [phrase for phrase in phrases if isinstance(phrase, NounPhrase)]
    return [part.head for phrase in nouns for part in (phrase, *phrase.conjuncts)]


def new_noun(kinds: tuple[str, ...], clause: Clause, chooser: Chooser) -> Noun | None:
    """Choose a countable noun that is neither in the clause nor more or less general than one."""
    return unrelated_noun(kinds, heads_of(clause), chooser)


def unrelated_noun(
    kinds: tuple[str, ...], used: list[Noun | Name], chooser: Chooser
) -> Noun | None:
    """Choose a countable noun that is neither used nor more or less general than a used one."""
    nouns = [head for head in used if isinstance(head, Noun)]
    taken = {lemma for noun in nouns for lemma in (noun.lemma, *noun.hypernyms)}
    lemmas = {noun.lemma for noun in nouns}
    choices = [
        noun
        for noun in chooser.lexicon.nouns
        if noun.kind in kinds
        and not noun.uncountable
        and noun.lemma not in taken
        and lemmas.isdisjoint(noun.hypernyms)
    ]
    return chooser.pick(choices) if choices else None


def _noun(chooser: Chooser, lemma: str) -> Noun:
    return next(noun for noun in chooser.lexicon.nouns if noun.lemma == lemma)


def _verb(chooser: Chooser, lemma: str | None) -> Verb:
    return next(verb for verb in chooser.lexicon.verbs if verb.lemma == lemma)


def _adjective(chooser: Chooser, lemma: str | None) -> Adjective:
    return next(word for word in chooser.lexicon.adjectives if word.lemma == lemma)


def _with(clause: Clause, slot: str, phrase: NounPhrase) -> Clause:
    arguments = {slot: phrase}
    return replace(clause, **arguments)  # type: ignore[arg-type]


def _slot_where(
    clause: Clause, chooser: Chooser, fits: Callable[[NounPhrase], bool]
) -> tuple[str, NounPhrase] | None:
    choices = [(slot, phrase) for slot, phrase in expressed(clause).items() if fits(phrase)]
    return chooser.pick(choices) if choices else None


# Adjectives and numbers


def _takes_adjective(phrase: NounPhrase, determiner: Determiner) -> bool:
    return (
        isinstance(phrase.head, Noun)
        and phrase.determiner == determiner
        and not phrase.adjectives
        and not phrase.conjuncts
    )


def with_new_adjective(phrase: NounPhrase, chooser: Chooser) -> NounPhrase | None:
    """Give the phrase with an adjective that fits, None if the lexicon has none."""
    adjective = chooser.adjective(phrase.head.kind)
    return replace(phrase, adjectives=(Quality(adjective),)) if adjective else None


def _add_adjective(clause: Clause, chooser: Chooser, determiner: Determiner) -> Clause | None:
    found = _slot_where(clause, chooser, lambda phrase: _takes_adjective(phrase, determiner))
    if found is None:
        return None
    changed = with_new_adjective(found[1], chooser)
    return _with(clause, found[0], changed) if changed else None


def _drop_adjective(clause: Clause, chooser: Chooser, determiner: Determiner) -> Clause | None:
    found = _slot_where(
        clause, chooser, lambda phrase: bool(phrase.adjectives) and phrase.determiner == determiner
    )
    return _with(clause, found[0], replace(found[1], adjectives=())) if found else None


def add_adjective(clause: Clause, chooser: Chooser) -> Clause | None:
    """Add an attribute: "the sailor" -> "the old sailor"."""
    return _add_adjective(clause, chooser, "the")


def drop_adjective(clause: Clause, chooser: Chooser) -> Clause | None:
    """Drop an attribute: "the old sailor" -> "the sailor"."""
    return _drop_adjective(clause, chooser, "the")


def change_adjective(clause: Clause, chooser: Chooser) -> Clause | None:
    """Turn an attribute into its opposite: "the old boat" -> "the new boat"."""
    found = _slot_where(
        clause,
        chooser,
        lambda phrase: (
            phrase.determiner == "the"
            and any(quality.adjective.antonym for quality in phrase.adjectives)
        ),
    )
    if found is None:
        return None
    antonym = found[1].adjectives[0].adjective.antonym
    opposite = _adjective(chooser, antonym)
    return _with(clause, found[0], replace(found[1], adjectives=(Quality(opposite),)))


def add_number(clause: Clause, chooser: Chooser) -> Clause | None:
    """Add a number: "the boats" -> "the three boats"."""
    found = _slot_where(
        clause,
        chooser,
        lambda phrase: phrase.plural and phrase.determiner == "the" and not phrase.number,
    )
    return (
        _with(clause, found[0], replace(found[1], number=chooser.pick(NUMBERS))) if found else None
    )


def drop_number(clause: Clause, chooser: Chooser) -> Clause | None:
    """Drop a number: "the three boats" -> "the boats"."""
    found = _slot_where(
        clause, chooser, lambda phrase: phrase.determiner == "the" and phrase.number is not None
    )
    return _with(clause, found[0], replace(found[1], number=None)) if found else None


def change_number(clause: Clause, chooser: Chooser) -> Clause | None:
    """Change a number: "the three boats" -> "the five boats"."""
    found = _slot_where(
        clause, chooser, lambda phrase: phrase.determiner == "the" and phrase.number is not None
    )
    if found is None:
        return None
    number = chooser.pick([number for number in NUMBERS if number != found[1].number])
    return _with(clause, found[0], replace(found[1], number=number))


def add_indefinite_adjective(clause: Clause, chooser: Chooser) -> Clause | None:
    """Narrow an indefinite noun: "a boat" -> "an old boat"."""
    return _add_adjective(clause, chooser, "a")


def drop_indefinite_adjective(clause: Clause, chooser: Chooser) -> Clause | None:
    """Widen an indefinite noun: "an old boat" -> "a boat"."""
    return _drop_adjective(clause, chooser, "a")


# More and less general nouns and verbs


def generalise_noun(clause: Clause, chooser: Chooser) -> Clause | None:
    """Take a more general noun: "the ship" or "a ship" -> "a vessel"."""
    found = _slot_where(
        clause,
        chooser,
        lambda phrase: (
            isinstance(phrase.head, Noun)
            and phrase.head.hypernym is not None
            and phrase.determiner in ("the", "a")
            and not (phrase.plural or phrase.conjuncts or phrase.head.uncountable)
            and not (phrase.adjectives and phrase.determiner == "the")
        ),
    )
    if found is None or not _may_be_indefinite(clause, found[0]):
        return None
    slot, phrase = found
    head = more_general(phrase, chooser)
    return _with(clause, slot, replace(phrase, head=head, determiner="a")) if head else None


def more_general(phrase: NounPhrase, chooser: Chooser) -> Noun | None:
    """Choose a noun that is more general than that of the phrase; None if there is none."""
    if isinstance(phrase.head, Name) or not phrase.head.hypernyms:
        return None
    return _noun(chooser, chooser.pick(phrase.head.hypernyms))


def _less_general(phrase: NounPhrase, chooser: Chooser) -> list[Noun]:
    if isinstance(phrase.head, Name):
        return []
    return [noun for noun in chooser.lexicon.nouns if phrase.head.lemma in noun.hypernyms]


def _may_be_indefinite(clause: Clause, slot: str) -> bool:
    """Say whether "a" in this slot would lie within the scope of the negation, if there is one."""
    surface_subject = "object" if clause.voice == "passive" else "subject"
    return not clause.negative or (slot != surface_subject and clause.voice == "active")


def specialise_noun(clause: Clause, chooser: Chooser) -> Clause | None:
    """Take a less general noun: "a vessel" -> "a ship" or "the ship"."""
    found = _slot_where(
        clause, chooser, lambda phrase: phrase.determiner == "a" and not phrase.conjuncts
    )
    if found is None:
        return None
    slot, phrase = found
    used = heads_of(clause)
    below = [noun for noun in _less_general(phrase, chooser) if noun not in used]
    if not below:
        return None
    # An adjective must stay with "a": of "the" it would be an attribute.
    determiner: Determiner = "a" if phrase.adjectives or chooser.chance(0.5) else "the"
    return _with(clause, slot, replace(phrase, head=chooser.pick(below), determiner=determiner))


def generalise_verb(clause: Clause, chooser: Chooser) -> Clause | None:
    """Take a more general verb: "towed" -> "moved"."""
    if clause.verb is None or clause.verb.hypernym is None:
        return None
    return replace(clause, verb=_verb(chooser, clause.verb.hypernym))


def specialise_verb(clause: Clause, chooser: Chooser) -> Clause | None:
    """Take a less general verb: "moved" -> "towed", where it fits the arguments."""
    below = [
        verb
        for verb in chooser.lexicon.verbs
        if clause.verb is not None and verb.hypernym == clause.verb.lemma and fits(verb, clause)
    ]
    return replace(clause, verb=chooser.pick(below)) if below else None


def fits(verb: Verb, clause: Clause) -> bool:
    """Say whether the clause has arguments of kinds that the verb takes."""
    kinds = {
        "subject": verb.subject_kinds,
        "object": verb.object_kinds,
        "recipient": verb.recipient_kinds,
    }
    phrases = {slot: getattr(clause, slot) for slot in SLOTS}
    return all(
        phrase is None or part.head.kind in kinds[slot]
        for slot, phrase in phrases.items()
        if phrase is not None
        for part in (phrase, *phrase.conjuncts)
    )


# Adjuncts


def new_date(chooser: Chooser) -> Date:
    """Choose a weekday, a day of a month, a month of a year, or a year."""
    form = chooser.pick(("weekday", "day", "month", "year"))
    if form == "weekday":
        return Date(weekday=chooser.pick(WEEKDAYS))
    if form == "year":
        return Date(year=chooser.pick(YEARS))
    month = chooser.pick(MONTHS)
    if form == "day":
        return Date(day=chooser.pick(DAYS), month=month)
    return Date(month=month, year=chooser.pick(YEARS))


def new_adjunct(clause: Clause, chooser: Chooser) -> Adjunct | None:
    """Choose a time, place or manner that the clause does not have yet."""
    free = [kind for kind in ("time", "place", "manner") if adjunct_of(clause, kind) is None]
    if not free:
        return None
    kind = chooser.pick(free)
    if kind == "time":
        return Adjunct("time", new_date(chooser))
    if kind == "manner":
        adverb = chooser.adverb("manner")
        return Adjunct("manner", adverb) if adverb else None
    return new_place(heads_of(clause), chooser)


def new_place(used: list[Noun | Name], chooser: Chooser) -> Adjunct | None:
    """Choose a town or a place such as "at the pier"."""
    if chooser.chance(0.6):
        return Adjunct("place", NounPhrase(chooser.pick(_towns(used, chooser))), "in")
    noun = unrelated_noun(("place",), used, chooser)
    # The most general noun tells nobody where: "in the place".
    if noun is None or noun.hypernym is None:
        return None
    return Adjunct("place", NounPhrase(noun, determiner="the"), noun.preposition)


def add_adjunct(clause: Clause, chooser: Chooser) -> Clause | None:
    """Say when, where or how; the time stands last."""
    added = new_adjunct(clause, chooser)
    if added is None:
        return None
    order = ("manner", "place", "time")
    adjuncts = sorted((*clause.adjuncts, added), key=lambda adjunct: order.index(adjunct.kind))
    return replace(clause, adjuncts=tuple(adjuncts))


def drop_adjunct(clause: Clause, chooser: Chooser) -> Clause | None:
    """Say no longer when, where or how."""
    if not clause.adjuncts:
        return None
    dropped = chooser.pick(clause.adjuncts)
    return replace(clause, adjuncts=tuple(a for a in clause.adjuncts if a is not dropped))


def _with_adjunct(clause: Clause, new: Adjunct) -> Clause:
    return replace(
        clause, adjuncts=tuple(new if a.kind == new.kind else a for a in clause.adjuncts)
    )


def change_date(clause: Clause, chooser: Chooser) -> Clause | None:
    """Say another weekday, day, month or year: one that excludes the first."""
    time = adjunct_of(clause, "time")
    if time is None or not isinstance(time.phrase, Date) or not participants_are_definite(clause):
        return None
    date = time.phrase
    if date.weekday:
        changed = replace(date, weekday=_other(chooser, WEEKDAYS, date.weekday))
    elif date.day:
        changed = replace(date, day=_other(chooser, DAYS, date.day))
    elif date.month and chooser.chance(0.5):
        changed = replace(date, month=_other(chooser, MONTHS, date.month))
    else:
        changed = replace(date, year=_other(chooser, YEARS, date.year))
    return _with_adjunct(clause, replace(time, phrase=changed))


def _other(chooser: Chooser, values: Sequence[Value], known: Value | None) -> Value:
    return chooser.pick([value for value in values if value != known])


def coarsen_date(clause: Clause, chooser: Chooser) -> Clause | None:
    """Say less of the date: "in March 1987" -> "in 1987", "on 5 March" -> "in March"."""
    time = adjunct_of(clause, "time")
    if time is None or not isinstance(time.phrase, Date) or not time.phrase.month:
        return None
    date = time.phrase
    if date.day:
        return _with_adjunct(clause, replace(time, phrase=replace(date, day=None)))
    if not date.year:
        return None
    coarse = replace(date, month=None) if chooser.chance(0.5) else replace(date, year=None)
    return _with_adjunct(clause, replace(time, phrase=coarse))


def narrow_date(clause: Clause, chooser: Chooser) -> Clause | None:
    """Say more of the date: "in 1987" -> "in March 1987"."""
    time = adjunct_of(clause, "time")
    if (
        time is None
        or not isinstance(time.phrase, Date)
        or not time.phrase.year
        or time.phrase.month
    ):
        return None
    narrow = replace(time.phrase, month=chooser.pick(MONTHS))
    return _with_adjunct(clause, replace(time, phrase=narrow))


def is_town(phrase: object) -> bool:
    """Say whether a place is a name of one word; those lie apart from each other."""
    return (
        isinstance(phrase, NounPhrase)
        and isinstance(phrase.head, Name)
        and phrase.head.kind == "place"
        and len(phrase.head.words) == 1
    )


def change_place(clause: Clause, chooser: Chooser) -> Clause | None:
    """Change the town: "in Bergen" -> "in Genoa"."""
    place = adjunct_of(clause, "place")
    if place is None or not is_town(place.phrase) or not participants_are_definite(clause):
        return None
    town = chooser.pick(_towns(heads_of(clause), chooser))
    return _with_adjunct(clause, replace(place, phrase=NounPhrase(town)))


def _towns(used: list[Noun | Name], chooser: Chooser) -> list[Name]:
    return [n for n in chooser.lexicon.names if is_town(NounPhrase(n)) and n not in used]


# Participants


def add_agent(clause: Clause, chooser: Chooser) -> Clause | None:
    """Say who: "was sold" -> "was sold by the sailor"."""
    short = clause.voice == "passive" and not clause.agent_expressed
    return replace(clause, agent_expressed=True) if short else None


def drop_agent(clause: Clause, chooser: Chooser) -> Clause | None:
    """Leave out who: "the sailor sold the boat" -> "the boat was sold"."""
    # An attribute of the agent would be lost, and with it what a negated clause still asserts.
    subject = clause.subject
    plain = not (subject.adjectives or subject.number or subject.conjuncts)
    if clause.object is None or not plain or "subject" not in expressed(clause):
        return None
    if clause.negative and not is_definite(clause.object):
        return None
    return replace(clause, voice="passive", agent_expressed=False)


def add_conjunct(clause: Clause, chooser: Chooser) -> Clause | None:
    """Add a conjunct: "the sailor" -> "the sailor and the captain", not under negation."""
    found = _slot_where(
        clause, chooser, lambda phrase: is_definite(phrase) and not phrase.conjuncts
    )
    if found is None or clause.negative:
        return None
    noun = new_noun((found[1].head.kind,), clause, chooser)
    if noun is None:
        return None
    conjunct = NounPhrase(noun, determiner="the")
    return _with(clause, found[0], replace(found[1], conjuncts=(conjunct,)))


def drop_conjunct(clause: Clause, chooser: Chooser) -> Clause | None:
    """Drop a conjunct: "the sailor and the captain" -> "the sailor" or "the captain"."""
    found = _slot_where(clause, chooser, lambda phrase: bool(phrase.conjuncts))
    if found is None:
        return None
    slot, phrase = found
    first = replace(phrase, conjuncts=())
    attributes = phrase.adjectives or phrase.number
    left = first if attributes or chooser.chance(0.5) else phrase.conjuncts[0]
    return _with(clause, slot, left)


def change_argument(clause: Clause, chooser: Chooser) -> Clause | None:
    """Replace a noun or name by an unrelated one of the same kind."""
    found = _slot_where(clause, chooser, lambda phrase: not phrase.conjuncts)
    if found is None:
        return None
    slot, phrase = found
    head: Noun | Name | None
    if isinstance(phrase.head, Name):
        head = chooser.name((phrase.head.kind,), heads_of(clause))
    else:
        head = new_noun((phrase.head.kind,), clause, chooser)
    return _with(clause, slot, replace(phrase, head=head)) if head else None


def swap_arguments(clause: Clause, chooser: Chooser) -> Clause | None:
    """Swap subject and object: "the cat saw the dog" -> "the dog saw the cat"."""
    if clause.object is None or clause.verb is None or "subject" not in expressed(clause):
        return None
    swapped = replace(clause, subject=clause.object, object=clause.subject)
    definite = is_definite(clause.subject) and is_definite(clause.object)
    return swapped if definite and fits(clause.verb, swapped) else None


# Verbs


def antonym_verb(clause: Clause, chooser: Chooser) -> Clause | None:
    """Take the opposite verb: "loaded the ship" -> "unloaded the ship"."""
    if clause.verb is None or clause.verb.antonym is None or not participants_are_definite(clause):
        return None
    return replace(clause, verb=_verb(chooser, clause.verb.antonym))


def change_verb(clause: Clause, chooser: Chooser) -> Clause | None:
    """Replace the verb by one that says nothing about the truth of the first."""
    if clause.verb is None:
        return None
    verb = _unrelated_verb(clause, chooser, clause.verb.frame)
    return replace(clause, verb=verb) if verb else None


def _unrelated_verb(clause: Clause, chooser: Chooser, frame: str) -> Verb | None:
    """Choose a verb that neither entails nor excludes that of the clause, nor the reverse."""
    assert clause.verb is not None
    choices = [
        verb
        for verb in chooser.lexicon.verbs
        if verb.frame == frame
        and is_plain(verb)
        and fits(verb, clause)
        and verbs_are_apart(verb, clause.verb, chooser)
    ]
    return chooser.pick(choices) if choices else None


def verbs_are_apart(first: Verb, second: Verb, chooser: Chooser) -> bool:
    """Say whether neither verb says anything on whether the other is true."""
    return _near(first, chooser).isdisjoint(_near(second, chooser))


def _near(verb: Verb, chooser: Chooser) -> set[str]:
    """Give the verb, what it entails, and the antonyms of all these."""
    chain = [verb, *(_verb(chooser, lemma) for lemma in verb.hypernyms)]
    return {word for each in chain for word in (each.lemma, each.antonym) if word}


def is_plain(verb: Verb) -> bool:
    """Say whether a verb can say what happened once, with a subject and at most two objects."""
    governs = verb.frame == "intransitive" and verb.preposition is not None
    return verb.frame != "clausal" and not governs and not verb.stative


# Quantities


def narrow_restrictor(clause: Clause, chooser: Chooser) -> Clause | None:
    """Speak of fewer things: "all workers" -> "all old workers" or "all sailors"."""
    subject = clause.subject
    if not subject.adjectives and chooser.chance(0.5):
        changed = with_new_adjective(subject, chooser)
        return replace(clause, subject=changed) if changed else None
    below = _less_general(subject, chooser)
    return replace(clause, subject=replace(subject, head=chooser.pick(below))) if below else None


def widen_restrictor(clause: Clause, chooser: Chooser) -> Clause | None:
    """Speak of more things: "all old sailors" -> "all sailors", "all sailors" -> "all workers"."""
    subject = clause.subject
    if subject.adjectives:
        return replace(clause, subject=replace(subject, adjectives=()))
    head = more_general(subject, chooser)
    return replace(clause, subject=replace(subject, head=head)) if head else None


# Wording and wrapping


def toggle_voice(clause: Clause, chooser: Chooser) -> Clause | None:
    """Turn active into passive and back, where no scope changes by it."""
    if clause.object is None or clause.coordinated or "subject" not in expressed(clause):
        return None
    scopeless = is_definite(clause.object) or not (clause.negative or is_quantified(clause.subject))
    if not scopeless or clause.subject.determiner == "no":
        return None
    return replace(clause, voice="passive" if clause.voice == "active" else "active")


def is_quantified(phrase: NounPhrase) -> bool:
    """Say whether the phrase speaks of a quantity of things and not of one known thing."""
    return not is_definite(phrase) and phrase.determiner != "a"


def add_verb_phrase(clause: Clause, chooser: Chooser) -> Clause | None:
    """Add a verb phrase: "sold the boat" -> "sold the boat and slept"."""
    if clause.voice == "passive" or clause.negative or not is_definite(clause.subject):
        return None
    other = another_clause(clause, chooser)
    return replace(clause, coordinated=(other,)) if other else None


def make_relative(clause: Clause, chooser: Chooser) -> Clause | None:
    """Move the clause aside: "the sailor dived" -> "the sailor who dived slept"."""
    subject = clause.subject
    common = isinstance(subject.head, Noun) and subject.determiner == "the"
    if clause.voice == "passive" or clause.negative or not common or subject.conjuncts:
        return None
    other = another_clause(clause, chooser)
    if other is None:
        return None
    pronoun = chooser.pick(("who", "that") if subject.head.kind == "person" else ("which", "that"))
    relative = Relative(clause, "subject", pronoun)  # type: ignore[arg-type]
    return replace(other, subject=replace(subject, relative=relative))


def wrapping_says_apart(premise: Clause, hypothesis: Clause, chooser: Chooser) -> bool:
    """Say whether what is said beside the premise proper bears not at all on the hypothesis."""
    beside = [*premise.coordinated, *([premise] if premise.subject.relative else [])]
    verbs = [clause.verb for clause in beside if clause.verb is not None]
    assert hypothesis.verb is not None
    return all(verbs_are_apart(hypothesis.verb, verb, chooser) for verb in verbs)


def another_clause(clause: Clause, chooser: Chooser) -> Clause | None:
    """Say something else of the same subject, with an intransitive or a transitive verb."""
    frame = chooser.pick(("intransitive", "transitive"))
    bare = Clause(clause.verb, clause.subject)
    verb = _unrelated_verb(bare, chooser, frame)
    if verb is None:
        return None
    if frame == "intransitive":
        return Clause(verb, clause.subject)
    noun = new_noun(verb.object_kinds, clause, chooser)
    return Clause(verb, clause.subject, NounPhrase(noun, determiner="the")) if noun else None

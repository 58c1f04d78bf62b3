"""Sample passages of the embedded corpus: what is said, and its wording."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from bertology.corpora.grammar.annotations import Sentence
from bertology.corpora.grammar.choose import Chooser
from bertology.corpora.grammar.lexicon import DOMAINS, NAME_KINDS, Name, Noun, Verb, load_lexicon
from bertology.corpora.grammar.meaning import (
    Adjunct,
    AdjunctKind,
    Clause,
    NounPhrase,
    Quality,
    Relative,
    Tense,
)
from bertology.corpora.grammar.realise import realise
from bertology.corpora.grammar.sample_phrases import PhraseSampler, Setting
from bertology.corpora.shapes import SPLITS

Passage = tuple[Sentence, ...]

SHORTEST_PASSAGE, LONGEST_PASSAGE = 2, 5
LONGEST_SENTENCE = 30
"""In tokens; a passage with a longer sentence is sampled anew."""

TENSES: dict[Tense, float] = {"past": 0.75, "present": 0.15, "future": 0.1}
SENTENCE_TYPES = {"verbal": 0.77, "copular": 0.07, "existential": 0.07, "question": 0.09}
FRAMES = {"transitive": 0.47, "intransitive": 0.24, "ditransitive": 0.15, "clausal": 0.14}
EXISTING_KINDS = ("person", "animal", "vehicle", "artifact", "tool", "food", "plant", "document")
DESCRIBED_KINDS = ("person", "animal", "vehicle", "artifact", "place", "food", "event")
DOUBLE_OBJECT_VERBS = (
    "give",
    "send",
    "show",
    "hand",
    "throw",
    "ship",
    "sell",
    "rent",
    "lend",
    "bring",
    "teach",
    "read",
)
"""Ditransitive verbs with "gave X the rope" beside "gave the rope to X"."""
ASKED_ADJUNCTS = ("time", "place", "instrument")
CONJUNCTIONS: dict[str, AdjunctKind] = {
    "because": "cause",
    "while": "circumstance",
    "before": "circumstance",
}
RELATIVE_DETERMINERS = ("a", "the", "some", None)


class ClauseSampler:
    """Samples the clauses of one passage."""

    def __init__(self, chooser: Chooser) -> None:
        self.chooser = chooser
        self.phrases = PhraseSampler(chooser)
        self.tense: Tense = chooser.weighted(TENSES)

    def sentence(self) -> Clause:
        """Give the next sentence of the passage, as a meaning."""
        kind = self.chooser.weighted(SENTENCE_TYPES)
        setting = Setting(self.tense, negative=self.chooser.chance(0.1))
        if kind == "question" and self.phrases.discourse.sentence > 0:
            clause = self._question()
        elif kind == "copular":
            clause = self._copular(setting)
        elif kind == "existential":
            clause = self._existential(setting)
        else:
            clause = self._verbal(setting)
        self.phrases.discourse.sentence += 1
        return clause

    def _verbal(self, setting: Setting) -> Clause:
        """Give a statement with a verb, perhaps with a dependent clause or a second verb phrase."""
        frames = dict(FRAMES)
        if setting.embedded:
            frames.pop("clausal")
        verb = self.chooser.pick(self.chooser.verbs(self.chooser.weighted(frames)))
        clause = self._with_adjuncts(self._with_arguments(verb, setting), setting)
        if verb.frame == "clausal":
            return replace(clause, complement=self._embedded_clause(self.chooser.chance(0.1)))
        if setting.embedded:
            return clause
        if self._can_coordinate(clause) and self.chooser.chance(0.12):
            return replace(clause, coordinated=(self._further(clause, setting),))
        if self.chooser.chance(0.07):
            return self._with_dependent_clause(clause)
        return clause

    def _embedded_clause(self, negative: bool) -> Clause:
        setting = Setting(self.tense, embedded=True, negative=negative)
        return self._copular(setting) if self.chooser.chance(0.12) else self._verbal(setting)

    def _with_dependent_clause(self, clause: Clause) -> Clause:
        conjunction = self.chooser.pick(tuple(CONJUNCTIONS))
        # Nothing happens while or before something else does not.
        negative = conjunction == "because" and self.chooser.chance(0.1)
        inner = self._embedded_clause(negative)
        if conjunction != "because" and inner.tense == "future":
            # English puts the present after "while" and "before" in the future.
            inner = replace(inner, tense="present")
        adjunct = Adjunct(CONJUNCTIONS[conjunction], inner, conjunction)
        return replace(clause, adjuncts=(*clause.adjuncts, adjunct))

    def _can_coordinate(self, clause: Clause) -> bool:
        plain = clause.voice == "active" and clause.aspect == "simple" and not clause.negative
        return plain and clause.tense != "future" and bool(self._verbs_beside(clause))

    def _further(self, clause: Clause, setting: Setting) -> Clause:
        """Another verb phrase with the subject of `clause`."""
        verb = self.chooser.pick(self._verbs_beside(clause))
        inner = replace(setting, embedded=True)
        other = Clause(verb, clause.subject, tense=clause.tense)
        return self._with_adjuncts(self._with_objects(other, verb, inner), inner, most=1)

    def _verbs_beside(self, clause: Clause) -> list[Verb]:
        """Other verbs for the subject of the clause, without the opposite of its own."""
        verbs = self._verbs_of_subject(clause.subject.head.kind)
        if clause.verb is None:
            return verbs
        used = (clause.verb.lemma, clause.verb.antonym)
        return [verb for verb in verbs if verb.lemma not in used]

    def _verbs_of_subject(self, kind: str) -> list[Verb]:
        verbs = [*self.chooser.verbs("transitive"), *self.chooser.verbs("intransitive")]
        return [verb for verb in verbs if kind in verb.subject_kinds]

    # Arguments

    def _with_arguments(self, verb: Verb, setting: Setting) -> Clause:
        """Sample arguments in the order in which they are written, so that pronouns look back."""
        setting = replace(setting, verb=verb)
        passive = verb.frame == "transitive" and not verb.stative and self.chooser.chance(0.2)
        if passive and setting.asked not in ("subject", "subject.number"):
            return self._passive(verb, setting)
        subject = self._argument("subject", verb.subject_kinds, setting)
        clause = Clause(verb, subject, tense=setting.tense, negative=setting.negative)
        clause = self._with_objects(clause, verb, setting)
        if not verb.stative and setting.tense != "future" and self.chooser.chance(0.08):
            return replace(clause, aspect="progressive")
        return clause

    def _passive(self, verb: Verb, setting: Setting) -> Clause:
        patient = self._argument("object", verb.object_kinds, setting, _names_of_objects(verb))
        expressed = self.chooser.chance(0.6)
        if expressed:
            agent = self._argument("subject", verb.subject_kinds, setting)
        else:
            agent = self.phrases.unspoken(verb.subject_kinds)
        return Clause(
            verb,
            agent,
            object=patient,
            voice="passive",
            agent_expressed=expressed,
            tense=setting.tense,
            negative=setting.negative,
        )

    def _with_objects(self, clause: Clause, verb: Verb, setting: Setting) -> Clause:
        """Object, recipient and governed noun phrase, as the frame of the verb has them."""
        named = _names_of_objects(verb)
        if verb.frame == "ditransitive":
            return self._with_recipient(clause, verb, setting)
        if verb.frame == "transitive":
            argument = self._argument("object", verb.object_kinds, setting, named)
            clause = replace(clause, object=argument)
        if verb.preposition is not None:
            argument = self._argument("oblique", verb.recipient_kinds, setting, named)
            clause = replace(clause, oblique=argument)
        return clause

    def _with_recipient(self, clause: Clause, verb: Verb, setting: Setting) -> Clause:
        first = (
            verb.lemma in DOUBLE_OBJECT_VERBS and setting.asked is None and self.chooser.chance(0.5)
        )
        if first:
            recipient = self._argument("recipient", verb.recipient_kinds, setting)
            # Not "gave the captain it".
            thing = replace(self._argument("object", verb.object_kinds, setting), pronoun=False)
            # Nor "gave her her boat".
            first = not (recipient.pronoun and thing.possessor is not None)
        else:
            thing = self._argument("object", verb.object_kinds, setting)
            recipient = self._argument("recipient", verb.recipient_kinds, setting)
        return replace(clause, object=thing, recipient=recipient, recipient_first=first)

    def _argument(
        self, role: str, kinds: Sequence[str], setting: Setting, named: Collection[str] = NAME_KINDS
    ) -> NounPhrase:
        """Give an argument, with a relative clause now and then; bare where it is asked for."""
        if setting.asked == role:
            return self.phrases.unspoken(kinds, named)
        if setting.asked == f"{role}.number":
            return self.phrases.countable(kinds) or self.phrases.unspoken(kinds)
        phrase = self.phrases.argument(kinds, setting, named)
        if setting.embedded or not _takes_relative(phrase) or not self.chooser.chance(0.15):
            return phrase
        # After an object, an adjunct of the relative clause could as well be the main clause's.
        return replace(phrase, relative=self._relative(phrase, setting.verb, role == "subject"))

    def _relative(self, phrase: NounPhrase, used: Verb | None, adjuncts: bool) -> Relative | None:
        """Give a relative clause on the phrase, its subject or object, with a verb not `used`."""
        taken = [] if phrase.referent is None else [phrase.referent]
        negative = self.chooser.chance(0.06)
        setting = Setting(self.tense, embedded=True, negative=negative, taken=taken)
        kind = phrase.head.kind
        verbs = [verb for verb in self.chooser.verbs("transitive") if kind in verb.object_kinds]
        as_object = [verb for verb in verbs if verb is not used]
        as_subject = [verb for verb in self._verbs_of_subject(kind) if verb is not used]
        if as_subject and (not as_object or self.chooser.chance(0.5)):
            relative = self._subject_relative(phrase, self.chooser.pick(as_subject), setting)
        elif as_object:
            relative = self._object_relative(phrase, self.chooser.pick(as_object), setting)
        else:
            return None
        if not adjuncts or relative.clause.voice == "passive":
            return relative
        return replace(relative, clause=self._with_adjuncts(relative.clause, setting, most=1))

    def _subject_relative(self, phrase: NounPhrase, verb: Verb, setting: Setting) -> Relative:
        subject = self.phrases.copy(phrase)
        clause = Clause(verb, subject, tense=setting.tense, negative=setting.negative)
        clause = self._with_objects(clause, verb, setting)
        return Relative(clause, "subject", "who" if phrase.head.kind == "person" else "that")

    def _object_relative(self, phrase: NounPhrase, verb: Verb, setting: Setting) -> Relative:
        patient = self.phrases.copy(phrase)
        agent = self.phrases.argument(verb.subject_kinds, setting)
        clause = Clause(verb, agent, object=patient, tense=setting.tense, negative=setting.negative)
        personal = phrase.head.kind == "person"
        if not verb.stative and self.chooser.chance(0.3):
            clause = replace(clause, voice="passive")
            return Relative(clause, "object", "who" if personal else "which")
        # "The boat women sold" is hard to read; "the boat she sold" is not.
        short = agent.pronoun or isinstance(agent.head, Name)
        return Relative(clause, "object", self.chooser.pick((None, "that")) if short else "that")

    # Adjuncts

    def _with_adjuncts(self, clause: Clause, setting: Setting, most: int = 2) -> Clause:
        """Give the clause with up to `most` adjuncts that fit it, and the one that is asked for."""
        verb = clause.verb
        assert verb is not None
        chances = self._adjunct_chances(clause, verb)
        kinds = [kind for kind, chance in chances.items() if self.chooser.chance(chance)]
        if len(kinds) > most:
            kinds = [kind for kind in kinds if self.chooser.chance(most / len(kinds))]
        if setting.asked in ASKED_ADJUNCTS and setting.asked not in kinds:
            kinds.append(setting.asked)
        adjuncts: dict[str, Adjunct] = {}
        for kind in kinds:
            adjunct = self._adjunct(kind, verb, setting)
            if adjunct is not None:
                adjuncts.setdefault(adjunct.kind, adjunct)
        return replace(clause, adjuncts=_one_in_the_middle(list(adjuncts.values())))

    def _adjunct_chances(self, clause: Clause, verb: Verb) -> dict[str, float]:
        """How often a clause with this verb has each adjunct, in the order of writing."""
        if verb.stative:
            return {}
        chances: dict[str, float] = {}
        if not clause.negative:
            chances["frequency"] = 0.3 if clause.tense == "present" else 0.05
        personal = clause.subject.head.kind == "person"
        if personal and verb.frame != "clausal":
            chances["manner"] = 0.14
        if verb.instrument:
            chances["instrument"] = 0.35
        if personal and verb.frame == "intransitive" and clause.oblique is None:
            chances["companion"] = 0.2
        if not _speaks_of_place(clause):
            chances["place"] = 0.36
        if clause.tense != "present":
            chances["time"] = 0.32
        return chances

    def _adjunct(self, kind: str, verb: Verb, setting: Setting) -> Adjunct | None:
        if kind == "instrument":
            return self.phrases.instrument(verb, setting)
        if kind == "companion":
            return self.phrases.companion(setting)
        if kind == "frequency":
            return self.phrases.frequency()
        if kind == "manner":
            return self.phrases.manner(setting)
        return self.phrases.place(setting) if kind == "place" else self.phrases.time(setting)

    # Clauses without a verb of their own

    def _copular(self, setting: Setting) -> Clause:
        """Something is of some quality, or someone is something."""
        subject = self.phrases.argument(DESCRIBED_KINDS, setting, ("person",))
        predicate = self._predicate(subject)
        time = self.phrases.time(setting) if self.chooser.chance(0.15) else None
        return Clause(
            None,
            subject,
            predicate=predicate,
            tense=setting.tense,
            negative=setting.negative,
            adjuncts=() if time is None else (time,),
        )

    def _predicate(self, subject: NounPhrase) -> Quality | NounPhrase:
        if isinstance(subject.head, Name) and self.chooser.chance(0.5):
            profession = self.phrases.profession(subject)
            if profession is not None:
                return profession
        beside = [quality.adjective for quality in subject.adjectives]
        adjective = self.chooser.adjective(subject.head.kind, beside)
        if adjective is None:
            raise ValueError(f"the lexicon has too few adjectives for a {subject.head.kind}")
        degree = self.chooser.adverb("degree") if self.chooser.chance(0.3) else None
        return Quality(adjective, degree)

    def _existential(self, setting: Setting) -> Clause:
        thing = self.phrases.new_thing(EXISTING_KINDS)
        if thing.modifiers == () and self.chooser.chance(0.15):
            thing = replace(thing, relative=self._relative(thing, None, adjuncts=False))
        place = self.phrases.place(setting)
        adjuncts = () if place is None else (place,)
        return Clause(None, thing, existential=True, tense=setting.tense, adjuncts=adjuncts)

    # Questions

    def _question(self) -> Clause:
        if self.chooser.chance(0.35):
            setting = Setting(self.tense, embedded=True, asked="whether")
            copular = self.chooser.chance(0.25)
            clause = self._copular(setting) if copular else self._asking(setting)
            return replace(clause, mood="polar")
        verb = self._verb_to_ask_with()
        focus = self.chooser.pick(self._foci(verb))
        clause = self._asking(Setting(self.tense, embedded=True, asked=focus), verb)
        return replace(clause, mood="wh", focus=focus)

    def _asking(self, setting: Setting, verb: Verb | None = None) -> Clause:
        verb = verb or self._verb_to_ask_with()
        return self._with_adjuncts(self._with_arguments(verb, setting), setting, most=1)

    def _verb_to_ask_with(self) -> Verb:
        frames = {frame: weight for frame, weight in FRAMES.items() if frame != "clausal"}
        return self.chooser.pick(self.chooser.verbs(self.chooser.weighted(frames)))

    def _foci(self, verb: Verb) -> list[str]:
        """Give what can be asked for in a clause with this verb."""
        foci = ["subject", "subject"]
        foci += ["subject.number"] if self.chooser.countable_noun(verb.subject_kinds) else []
        if verb.frame in ("transitive", "ditransitive"):
            foci += ["object", "object"]
            foci += ["object.number"] if self.chooser.countable_noun(verb.object_kinds) else []
        if verb.frame == "ditransitive":
            foci.append("recipient")
        elif verb.preposition is not None:
            foci.append("oblique")
        if not verb.stative:
            foci += [] if self.tense == "present" else ["time"]
            foci += [] if "place" in verb.object_kinds + verb.recipient_kinds else ["place"]
            foci += ["instrument"] if verb.instrument else []
        return foci


def _names_of_objects(verb: Verb) -> Collection[str]:
    """Kinds of names that the object may be: one reaches London, but locks or owns no city."""
    of_place = verb.effect is None and not verb.instrument and not verb.stative
    return NAME_KINDS if of_place else ("person", "institution")


def _one_in_the_middle(adjuncts: list[Adjunct]) -> tuple[Adjunct, ...]:
    """Leave the first adverb before the verb there and put the others at the end."""
    middle = [each for each in adjuncts if each.position == "middle"][1:]
    return tuple(replace(each, position="end") if each in middle else each for each in adjuncts)


def _takes_relative(phrase: NounPhrase) -> bool:
    plain = phrase.determiner in RELATIVE_DETERMINERS and phrase.possessor is None
    written_out = not phrase.pronoun and not phrase.conjuncts
    return plain and written_out and isinstance(phrase.head, Noun)


def _speaks_of_place(clause: Clause) -> bool:
    arguments = (clause.object, clause.oblique)
    return any(each is not None and each.head.kind in ("place", "event") for each in arguments)


def sample_passage(chooser: Chooser) -> Passage:
    """Two to five sentences that speak of some of the same people and things."""
    length = int(chooser.generator.integers(SHORTEST_PASSAGE, LONGEST_PASSAGE + 1))
    while True:
        sampler = ClauseSampler(chooser)
        passage = tuple(realise(sampler.sentence()) for _ in range(length))
        if all(len(sentence.tokens) <= LONGEST_SENTENCE for sentence in passage):
            return passage


def sample_splits(domain: str, sizes: dict[str, int], seed: int) -> dict[str, list[Passage]]:
    """Passages of each split, `sizes` sentences in all in each; no sentence occurs twice.

    Words marked for the test only occur in the split "test". The same domain, sizes and seed give
    the same passages. Raises InputError for an unknown domain.
    """
    lexicon = load_lexicon(domain)
    seen: set[str] = set()
    passages = {}
    for split, size in sizes.items():
        entropy = (seed, DOMAINS.index(domain), SPLITS.index(split))
        chooser = Chooser(lexicon.for_split(split), np.random.default_rng(entropy))
        passages[split] = _sample_split(chooser, size, seen)
    return passages


def documents(split: str, passages: Iterable[Passage]) -> Iterator[tuple[str, Passage]]:
    """Name the passages of a split as the documents that they are."""
    for number, passage in enumerate(passages, start=1):
        yield f"{split}-{number:05d}", passage


def _sample_split(chooser: Chooser, size: int, seen: set[str]) -> list[Passage]:
    """Passages with `size` sentences in all, none of them among `seen`, to which they are added."""
    passages: list[Passage] = []
    missing = size
    while missing > 0:
        passage = sample_passage(chooser)[:missing]
        texts = [sentence.text for sentence in passage]
        if len(set(texts)) == len(texts) and seen.isdisjoint(texts):
            seen.update(texts)
            passages.append(passage)
            missing -= len(passage)
    return passages

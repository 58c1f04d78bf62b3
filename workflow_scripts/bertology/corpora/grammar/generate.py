"""Sample passages of the embedded corpus: what is said, sentence after sentence, and its wording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bertology.corpora.grammar.annotations import Sentence
from bertology.corpora.grammar.choose import Chooser
from bertology.corpora.grammar.lexicon import DOMAINS, Name, Noun, Verb, load_lexicon
from bertology.corpora.grammar.meaning import (
    Adjunct,
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
ANIMATE_KINDS = ("person", "animal")
EXISTING_KINDS = ("person", "animal", "vehicle", "artifact", "tool", "food", "plant", "document")
DESCRIBED_KINDS = ("person", "animal", "vehicle", "artifact", "place", "food", "event")
CONJUNCTIONS = {"because": "cause", "while": "circumstance", "before": "circumstance"}
RELATIVE_DETERMINERS = ("a", "the", "some", None)


class ClauseSampler:
    """Samples the clauses of one passage."""

    def __init__(self, chooser: Chooser) -> None:
        self.chooser = chooser
        self.phrases = PhraseSampler(chooser)
        self.tense: Tense = chooser.weighted(TENSES)

    def sentence(self) -> Clause:
        """The next sentence of the passage, as a meaning."""
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
        """A statement with a verb, perhaps with a dependent clause or a second verb phrase."""
        frames = dict(FRAMES)
        if setting.embedded:
            frames.pop("clausal")
        verb = self.chooser.pick(self.chooser.verbs(self.chooser.weighted(frames)))
        clause = self._with_adjuncts(self._with_arguments(verb, setting), setting)
        if verb.frame == "clausal":
            return replace(clause, complement=self._embedded_clause())
        if setting.embedded:
            return clause
        if self._can_coordinate(clause) and self.chooser.chance(0.12):
            return replace(clause, coordinated=(self._further(clause, setting),))
        if self.chooser.chance(0.07):
            return self._with_dependent_clause(clause)
        return clause

    def _embedded_clause(self) -> Clause:
        setting = Setting(self.tense, embedded=True, negative=self.chooser.chance(0.1))
        return self._copular(setting) if self.chooser.chance(0.12) else self._verbal(setting)

    def _with_dependent_clause(self, clause: Clause) -> Clause:
        conjunction = self.chooser.pick(tuple(CONJUNCTIONS))
        inner = self._embedded_clause()
        if conjunction == "cause":
            adjunct = Adjunct("cause", inner, conjunction)
        else:
            adjunct = Adjunct("circumstance", inner, conjunction)
        return replace(clause, adjuncts=(*clause.adjuncts, adjunct))

    def _can_coordinate(self, clause: Clause) -> bool:
        plain = clause.voice == "active" and clause.aspect == "simple" and not clause.negative
        return plain and clause.tense != "future"

    def _further(self, clause: Clause, setting: Setting) -> Clause:
        """Another verb phrase with the subject of `clause`."""
        kind = clause.subject.head.kind
        verb = self.chooser.pick(self._verbs_of_subject(kind))
        inner = replace(setting, embedded=True)
        other = Clause(verb, clause.subject, tense=clause.tense)
        return self._with_adjuncts(self._with_objects(other, verb, inner), inner, most=1)

    def _verbs_of_subject(self, kind: str) -> list[Verb]:
        verbs = [*self.chooser.verbs("transitive"), *self.chooser.verbs("intransitive")]
        return [verb for verb in verbs if kind in verb.subject_kinds]

    # Arguments

    def _with_arguments(self, verb: Verb, setting: Setting) -> Clause:
        """Sample arguments in the order in which they are written, so that pronouns look back."""
        passive = verb.frame == "transitive" and not verb.stative and self.chooser.chance(0.2)
        if passive and setting.asked != "subject":
            return self._passive(verb, setting)
        subject = self._argument("subject", verb.subject_kinds, setting)
        clause = Clause(verb, subject, tense=setting.tense, negative=setting.negative)
        clause = self._with_objects(clause, verb, setting)
        if not verb.stative and setting.tense != "future" and self.chooser.chance(0.08):
            return replace(clause, aspect="progressive")
        return clause

    def _passive(self, verb: Verb, setting: Setting) -> Clause:
        patient = self._argument("object", verb.object_kinds, setting, named=_names_places(verb))
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
        named = _names_places(verb)
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
        first = verb.double_object and setting.asked is None and self.chooser.chance(0.5)
        if first:
            recipient = self._argument("recipient", verb.recipient_kinds, setting)
            thing = self._argument("object", verb.object_kinds, setting)
            if thing.pronoun:
                # "Gave the captain it" is no English.
                return replace(clause, object=thing, recipient=recipient)
        else:
            thing = self._argument("object", verb.object_kinds, setting)
            recipient = self._argument("recipient", verb.recipient_kinds, setting)
        return replace(clause, object=thing, recipient=recipient, recipient_first=first)

    def _argument(
        self, role: str, kinds: Sequence[str], setting: Setting, named: bool = True
    ) -> NounPhrase:
        """An argument, with a relative clause now and then; bare where it is asked for."""
        if setting.asked == role:
            return self.phrases.unspoken(kinds, named)
        if setting.asked == f"{role}.number":
            return replace(self.phrases.countable(kinds), number=2)
        phrase = self.phrases.argument(kinds, setting, named)
        if setting.embedded or not _takes_relative(phrase) or not self.chooser.chance(0.13):
            return phrase
        return replace(phrase, relative=self._relative(phrase))

    def _relative(self, phrase: NounPhrase) -> Relative | None:
        """A relative clause on the phrase, which is its subject or its object."""
        taken = [] if phrase.referent is None else [phrase.referent]
        negative = self.chooser.chance(0.06)
        setting = Setting(self.tense, embedded=True, negative=negative, taken=taken)
        kind = phrase.head.kind
        as_object = [verb for verb in self.chooser.verbs("transitive") if kind in verb.object_kinds]
        as_subject = self._verbs_of_subject(kind)
        if as_subject and (not as_object or self.chooser.chance(0.5)):
            return self._subject_relative(phrase, self.chooser.pick(as_subject), setting)
        return self._object_relative(phrase, self.chooser.pick(as_object), setting)

    def _subject_relative(self, phrase: NounPhrase, verb: Verb, setting: Setting) -> Relative:
        subject = self.phrases.copy(phrase)
        clause = Clause(verb, subject, tense=setting.tense, negative=setting.negative)
        clause = self._with_objects(clause, verb, setting)
        clause = self._with_adjuncts(clause, setting, most=1)
        return Relative(clause, "subject", "who" if phrase.head.kind == "person" else "that")

    def _object_relative(self, phrase: NounPhrase, verb: Verb, setting: Setting) -> Relative:
        patient = self.phrases.copy(phrase)
        agent = self.phrases.argument(verb.subject_kinds, setting)
        clause = Clause(
            verb, agent, object=patient, tense=setting.tense, negative=setting.negative
        )
        personal = phrase.head.kind == "person"
        if not verb.stative and self.chooser.chance(0.3):
            clause = replace(clause, voice="passive")
            return Relative(clause, "object", "who" if personal else "which")
        clause = self._with_adjuncts(clause, setting, most=1)
        return Relative(clause, "object", self.chooser.pick((None, "that", "that")))

    # Adjuncts

    def _with_adjuncts(self, clause: Clause, setting: Setting, most: int = 2) -> Clause:
        """The clause with up to `most` adjuncts that fit it, and the one that is asked for."""
        verb = clause.verb
        assert verb is not None
        kinds = [kind for kind, chance in self._adjunct_chances(clause, verb, setting).items()
                 if kind == setting.asked or self.chooser.chance(chance)]
        if setting.asked in kinds:
            kinds.sort(key=lambda kind: kind != setting.asked)
        adjuncts: dict[str, Adjunct] = {}
        for kind in kinds[:most]:
            adjunct = self._adjunct(kind, verb, setting)
            if adjunct is not None:
                adjuncts.setdefault(adjunct.kind, adjunct)
        return replace(clause, adjuncts=tuple(adjuncts.values()))

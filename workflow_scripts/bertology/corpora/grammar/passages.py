"""Short passages with questions on who, what, where, when and how many, as in SQuAD 1.1.

A passage has a small cast and few verbs, so that its sentences resemble each other and the words of
a question recur in several of them. A question is kept only where exactly one sentence answers it
and where other sentences hold phrases of the answer's own type.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bertology.corpora.grammar import edits
from bertology.corpora.grammar.annotations import Sentence
from bertology.corpora.grammar.choose import Chooser
from bertology.corpora.grammar.lexicon import DOMAINS, Name, Noun, Verb, load_lexicon
from bertology.corpora.grammar.meaning import Adjunct, Clause, NounPhrase
from bertology.corpora.grammar.realise import realise
from bertology.corpora.questions import write_questions
from bertology.corpora.shapes import SPLITS, Answer, Question

FRAMES = {"transitive": 0.6, "ditransitive": 0.25, "intransitive": 0.15}
ADJUNCTS = {"time": 0.45, "place": 0.35, "none": 0.2}
CAST_SIZE, VERB_COUNT, DISTRACTOR_COUNT = 4, 4, 2
NAMED, PLURAL, MENTIONED_AGAIN, PASSIVE = 0.6, 0.45, 0.25, 0.2
OTHER_VOICE, OTHER_NOUN, OTHER_VERB, SHORT_QUESTION = 0.3, 0.2, 0.2, 0.7
SENTENCE_WORDS = range(4, 9)
PASSAGE_SENTENCES = range(5, 9)
ENOUGH_WORDS = 42
QUESTION_COUNTS = (3, 4, 5)
FOCUSES = ("subject", "object", "recipient", "time", "place", "object.number")
ATTEMPTS, SENTENCE_ATTEMPTS = 10_000, 60


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question, the position of the sentence that answers it, and the answer in that sentence.

    `answer` is the first and end character within the sentence.
    """

    clause: Clause
    text: str
    sentence: int
    answer: tuple[int, int]


@dataclass(frozen=True, slots=True)
class AskedPassage:
    """What the sentences of a passage say, their wording, and questions on them."""

    clauses: tuple[Clause, ...]
    sentences: tuple[Sentence, ...]
    questions: tuple[AskedQuestion, ...]

    @property
    def context(self) -> str:
        """The passage as one text."""
        return " ".join(sentence.text for sentence in self.sentences)

    def answer_start(self, question: AskedQuestion) -> int:
        """Give the first character of the answer in `context`."""
        before = self.sentences[: question.sentence]
        return sum(len(sentence.text) + 1 for sentence in before) + question.answer[0]

    def answer_text(self, question: AskedQuestion) -> str:
        """Give the answer as it stands in the passage."""
        start, end = question.answer
        return self.sentences[question.sentence].text[start:end]


def write_passages(domain: str, sizes: dict[str, int], seed: int, folder: Path) -> None:
    """Write `{train,dev,test}.json` in the format of SQuAD 1.1: so many questions for each split.

    No sentence stands in two splits. The files depend on nothing but the arguments.

    Raises:
        InputError: there is no such domain.

    """
    seen: dict[str, str] = {}
    for split in [split for split in SPLITS if split in sizes]:
        passages = draw_passages(domain, split, sizes[split], seed, seen)
        write_questions(
            Path(folder) / f"{split}.json",
            (
                question
                for index, passage in enumerate(passages)
                for question in _as_written(f"{domain}-{split}-{index}", passage)
            ),
        )


def _as_written(title: str, passage: AskedPassage) -> list[Question]:
    context = passage.context
    return [
        Question(
            identifier=f"{title}-{index}",
            title=title,
            passage=context,
            question=asked.text,
            answers=(Answer(passage.answer_text(asked), passage.answer_start(asked)),),
        )
        for index, asked in enumerate(passage.questions)
    ]


def draw_passages(
    domain: str, split: str, question_count: int, seed: int, seen: dict[str, str]
) -> list[AskedPassage]:
    """Draw passages until they hold `question_count` questions.

    `seen` maps each sentence used so far to its split and is added to: a sentence of another split
    is not used again.
    """
    lexicon = load_lexicon(domain).for_split(split)
    generator = np.random.default_rng((seed, DOMAINS.index(domain), SPLITS.index(split)))
    chooser = Chooser(lexicon, generator)
    passages: list[AskedPassage] = []
    missing = question_count
    while missing > 0:
        passage = _unseen_passage(_next_count(missing, chooser), chooser, split, seen)
        passages.append(passage)
        missing -= len(passage.questions)
    return passages


def _next_count(missing: int, chooser: Chooser) -> int:
    """Choose how many questions to ask, so that the last passage has no fewer than any other."""
    least = min(QUESTION_COUNTS)
    fitting = [n for n in QUESTION_COUNTS if n == missing or missing - n >= least]
    return chooser.pick(fitting) if fitting else missing


def _unseen_passage(count: int, chooser: Chooser, split: str, seen: dict[str, str]) -> AskedPassage:
    for _ in range(ATTEMPTS):
        passage = sample_passage(count, chooser)
        if passage is None:
            continue
        texts = [sentence.text for sentence in passage.sentences]
        if all(seen.get(text, split) == split for text in texts):
            seen.update(dict.fromkeys(texts, split))
            return passage
    raise RuntimeError(f"no new passage in {ATTEMPTS} attempts: the grammar is exhausted")


def sample_passage(question_count: int, chooser: Chooser) -> AskedPassage | None:
    """Sample a passage and so many questions; None where it does not allow so many."""
    clauses = _sample_clauses(chooser)
    sentences = tuple(realise(clause) for clause in clauses)
    if len(clauses) < min(PASSAGE_SENTENCES):
        return None
    questions = _ask(clauses, sentences, question_count, chooser)
    if len(questions) < question_count:
        return None
    return AskedPassage(clauses, sentences, questions)


# Sentences


@dataclass(slots=True)
class _Scene:
    """What a passage is about, and what it has told so far."""

    cast: list[NounPhrase]
    verbs: list[Verb]
    clauses: list[Clause]

    def used(self) -> list[Noun | Name]:
        """Give all nouns and names so far; a new thing takes none of them."""
        told = [head for clause in self.clauses for head in edits.heads_of(clause)]
        return [*(person.head for person in self.cast), *told]

    def least_mentioned(self, but: list[Noun | Name]) -> list[NounPhrase]:
        """Give the two others of the cast that were mentioned least, so that nobody stands out."""
        told = [head for clause in self.clauses for head in edits.heads_of(clause)]
        others = [person for person in self.cast if person.head not in but]
        return sorted(others, key=lambda person: told.count(person.head))[:2]


def _sample_clauses(chooser: Chooser) -> tuple[Clause, ...]:
    """Sample sentences until there are enough words; fewer than asked if that takes too long."""
    scene = _Scene(_sample_cast(chooser), _sample_verbs(chooser), [])
    words = 0
    for _ in range(SENTENCE_ATTEMPTS):
        count = len(scene.clauses)
        if count == max(PASSAGE_SENTENCES) or (
            count in PASSAGE_SENTENCES and words >= ENOUGH_WORDS
        ):
            break
        clause = _sample_clause(scene, chooser)
        length = len(realise(clause).text.split()) if clause else 0
        if clause and length in SENTENCE_WORDS and _is_new(clause, scene.clauses):
            scene.clauses.append(clause)
            words += length
    return tuple(scene.clauses)


def _sample_cast(chooser: Chooser) -> list[NounPhrase]:
    cast: list[NounPhrase] = []
    while len(cast) < CAST_SIZE:
        used = [person.head for person in cast]
        named = chooser.chance(NAMED)
        head = (
            chooser.name(("person",), used)
            if named
            else edits.unrelated_noun(("person",), used, chooser)
        )
        if head is not None:
            cast.append(NounPhrase(head, determiner=None if named else "the"))
    return cast


def _sample_verbs(chooser: Chooser) -> list[Verb]:
    """Choose verbs for a person's doings, none of which says what another says or denies."""
    verbs: list[Verb] = []
    while len(verbs) < VERB_COUNT:
        frame = chooser.weighted(FRAMES)
        verb = chooser.pick([v for v in chooser.verbs(frame) if edits.is_plain(v)])
        apart = all(edits.verbs_are_apart(verb, other, chooser) for other in verbs)
        if apart and "person" in verb.subject_kinds:
            verbs.append(verb)
    return verbs


def _sample_clause(scene: _Scene, chooser: Chooser) -> Clause | None:
    """Sample a sentence; None if no noun is left for its object."""
    verb, subject = chooser.pick(scene.verbs), chooser.pick(scene.least_mentioned([]))
    clause = Clause(verb, subject)
    if verb.frame != "intransitive":
        thing = _sample_object(verb, subject, scene, chooser)
        if thing is None:
            return None
        clause = replace(clause, object=thing)
    if verb.frame == "ditransitive":
        clause = replace(clause, recipient=_another(clause, scene, chooser))
    kind = chooser.weighted(ADJUNCTS)
    if kind == "time":
        clause = replace(clause, adjuncts=(Adjunct("time", edits.new_date(chooser)),))
    if kind == "place":
        place = edits.new_place([*scene.used(), *edits.heads_of(clause)], chooser)
        clause = replace(clause, adjuncts=(place,) if place else ())
    if clause.object is not None and chooser.chance(PASSIVE):
        return replace(clause, voice="passive")
    return clause


def _another(clause: Clause, scene: _Scene, chooser: Chooser) -> NounPhrase:
    """Choose one of the cast who is not in the clause yet."""
    return chooser.pick(scene.least_mentioned(edits.heads_of(clause)))


def _sample_object(
    verb: Verb, subject: NounPhrase, scene: _Scene, chooser: Chooser
) -> NounPhrase | None:
    """Choose one of the cast, a thing spoken of before, or a new thing; None if there is none."""
    if "person" in verb.object_kinds:
        return _another(Clause(verb, subject), scene, chooser)
    objects = [clause.object for clause in scene.clauses if clause.object is not None]
    known = [thing for thing in objects if thing.head.kind in verb.object_kinds]
    if known and chooser.chance(MENTIONED_AGAIN):
        return replace(chooser.pick(known), determiner="the", number=None)
    noun = edits.unrelated_noun(verb.object_kinds, scene.used(), chooser)
    if noun is None:
        return None
    if chooser.chance(PLURAL):
        return NounPhrase(noun, plural=True, number=chooser.pick(edits.NUMBERS))
    return NounPhrase(noun, determiner=chooser.pick(("a", "the")))


def _is_new(clause: Clause, clauses: list[Clause]) -> bool:
    """Say whether no sentence yet tells of the same verb and participants."""
    return all(
        clause.verb != other.verb or _participants(clause) != _participants(other)
        for other in clauses
    )


def _participants(clause: Clause) -> list[Noun | Name]:
    return edits.heads_of(replace(clause, adjuncts=()))


# Questions


def _ask(
    clauses: tuple[Clause, ...],
    sentences: tuple[Sentence, ...],
    count: int,
    chooser: Chooser,
) -> tuple[AskedQuestion, ...]:
    """Ask up to `count` questions, no two for the same answer in the same sentence."""
    options = _options(clauses)
    questions: list[AskedQuestion] = []
    while len(questions) < count and any(options.values()):
        focus = chooser.pick([focus for focus in FOCUSES if options[focus]])
        index = chooser.pick(options[focus])
        options[focus].remove(index)
        asked = _question(clauses, index, focus, chooser)
        if asked is not None:
            answer = _answer(sentences[index], focus)
            questions.append(AskedQuestion(asked, realise(asked).text, index, answer))
    return tuple(questions)


def _answer(sentence: Sentence, focus: str) -> tuple[int, int]:
    """Give the characters of the answer, without a preposition before it."""
    span = sentence.phrases.get(f"{focus}.phrase") or sentence.phrases[focus]
    return sentence.character_span(span)


def asked_phrase(clause: Clause, focus: str) -> object | None:
    """Give what a question with this focus asks for, None if the clause does not say it."""
    if focus == "object.number":
        return clause.object.number if clause.object else None
    if focus in edits.SLOTS:
        return edits.expressed(clause).get(focus)
    adjunct = edits.adjunct_of(clause, focus)
    return adjunct.phrase if adjunct else None


def answer_type(clause: Clause, focus: str) -> str | None:
    """Give "time", "place", "number", "person" or "thing"; None if the clause does not say it."""
    phrase = asked_phrase(clause, focus)
    if isinstance(phrase, NounPhrase) and focus != "place":
        return "person" if phrase.head.kind == "person" else "thing"
    return None if phrase is None else focus.split(".")[-1]


def _options(clauses: tuple[Clause, ...]) -> dict[str, list[int]]:
    """Give for each focus the sentences whose answer has enough distractors in other sentences."""
    told = [
        (answer_type(clause, focus), index, focus, asked_phrase(clause, focus))
        for index, clause in enumerate(clauses)
        for focus in FOCUSES
        if asked_phrase(clause, focus) is not None
    ]
    options: dict[str, list[int]] = {focus: [] for focus in FOCUSES}
    for kind, index, focus, answer in told:
        others = [
            phrase
            for other, at, _, phrase in told
            if other == kind and at != index and phrase != answer
        ]
        if len(others) >= DISTRACTOR_COUNT:
            options[focus].append(index)
    return options


def _question(
    clauses: tuple[Clause, ...], index: int, focus: str, chooser: Chooser
) -> Clause | None:
    """Put a question that one sentence alone answers, worded freely if that stays clear."""
    plain = replace(_as_known(clauses[index], focus), mood="wh", focus=focus)
    for asked in (_reworded(plain, focus, chooser), plain):
        if [answers(clause, asked) for clause in clauses].count(True) == 1:
            return asked
    return None


def _as_known(clause: Clause, focus: str) -> Clause:
    """Refer to all that is not asked for as already known: "a boat" or "two boats" by "the"."""
    thing = clause.object
    if thing is None or isinstance(thing.head, Name) or focus in ("object", "object.number"):
        return clause
    return replace(clause, object=replace(thing, determiner="the", number=None))


def _reworded(clause: Clause, focus: str, chooser: Chooser) -> Clause:
    if chooser.chance(SHORT_QUESTION):
        adjuncts = tuple(adjunct for adjunct in clause.adjuncts if adjunct.kind == focus)
        clause = replace(clause, adjuncts=adjuncts)
    if clause.object is not None and chooser.chance(OTHER_VOICE):
        clause = replace(clause, voice="active" if clause.voice == "passive" else "passive")
    if chooser.chance(OTHER_VERB):
        clause = edits.generalise_verb(clause, chooser) or clause
    thing = clause.object
    if thing is None or (not focus.startswith("object") and not chooser.chance(OTHER_NOUN)):
        return clause
    general = None if focus.startswith("object") else edits.more_general(thing, chooser)
    return replace(clause, object=replace(thing, head=general)) if general else clause


def answers(statement: Clause, question: Clause) -> bool:
    """Say whether a statement has the verb and all participants and adjuncts that a question names.

    A statement that does not say what is asked counts as well: it would make the question unclear.
    """
    if statement.verb is None or question.verb is None:
        return False
    if question.verb.lemma not in (statement.verb.lemma, *statement.verb.hypernyms):
        return False
    named = {s: p for s, p in edits.expressed(question).items() if s != question.focus}
    adjuncts = [a for a in question.adjuncts if a.kind != question.focus]
    return all(_covers(p, getattr(statement, slot)) for slot, p in named.items()) and all(
        adjunct in statement.adjuncts for adjunct in adjuncts
    )


def _covers(asked: NounPhrase, said: NounPhrase | None) -> bool:
    """Say whether a noun in a question is that of the statement or a more general one."""
    if said is None:
        return False
    if isinstance(asked.head, Name) or isinstance(said.head, Name):
        return asked.head == said.head
    return asked.head.lemma in (said.head.lemma, *said.head.hypernyms)

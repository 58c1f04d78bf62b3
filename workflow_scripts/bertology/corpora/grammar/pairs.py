"""Pairs of sentences for natural language inference, labelled by the meaning of their derivation.

The hypothesis is sampled first, without regard to the label; the premise is then made from it by
edits that fix the label. A hypothesis for which any label would fail is dropped. So all hypotheses
come from one distribution, and nothing in them tells the label (Gururangan et al. 2018 found such
traces in SNLI and MNLI). Which edits yield which label follows natural logic (MacCartney & Manning
2009): a stronger premise entails, negation and "no" turn the direction round.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bertology.corpora.grammar import edits
from bertology.corpora.grammar.choose import Chooser
from bertology.corpora.grammar.edits import Edit
from bertology.corpora.grammar.lexicon import DOMAINS, Noun, Verb, load_lexicon
from bertology.corpora.grammar.meaning import Clause, Determiner, NounPhrase
from bertology.corpora.grammar.realise import realise
from bertology.corpora.reading import write_json_lines
from bertology.corpora.shapes import INFERENCE_LABELS, SPLITS

Group = tuple[Edit, ...]
"""Edits with the same effect; one that applies is drawn."""

MORE_ABOUT_THINGS: Group = (edits.add_adjective, edits.add_number)
LESS_ABOUT_THINGS: Group = (edits.drop_adjective, edits.drop_number)
OTHER_ABOUT_THINGS: Group = (edits.change_adjective, edits.change_number)
STRONGER_EVENT: Group = (
    edits.add_adjunct,
    edits.add_indefinite_adjective,
    edits.specialise_noun,
    edits.specialise_verb,
    edits.narrow_date,
)
WEAKER_EVENT: Group = (
    edits.drop_adjunct,
    edits.drop_indefinite_adjective,
    edits.generalise_noun,
    edits.generalise_verb,
    edits.coarsen_date,
)
STRONGER: Group = (*STRONGER_EVENT, edits.add_agent, edits.add_conjunct)
WEAKER: Group = (*WEAKER_EVENT, edits.drop_agent, edits.drop_conjunct)
EXCLUDED: Group = (edits.antonym_verb, edits.change_date, edits.change_place)
UNRELATED: Group = (edits.change_argument, edits.change_verb, edits.swap_arguments)
WRAPPED: Group = (edits.add_verb_phrase, edits.make_relative)
ADJUNCT: Group = (edits.add_adjunct,)
NARROWER: Group = (edits.narrow_restrictor,)
WIDER: Group = (edits.widen_restrictor,)

SAME_NUMBER, OTHER_NUMBER, ANY_NUMBER = "same number", "other number", "any number"
QUANTIFIERS = ("all", "every", "some", "no", "most", ANY_NUMBER)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to make a premise from a hypothesis: one edit of each group, in turn.

    `weight` is relative to the other recipes for the same label. `negative` is the premise's
    polarity; `quantifier` is that of its subject where the hypothesis has a quantified subject.
    """

    weight: float
    groups: tuple[Group, ...] = ()
    negative: bool = False
    quantifier: str | None = None


RECIPES: dict[tuple[str, bool], tuple[Recipe, ...]] = {
    ("entailment", False): (
        Recipe(3, (STRONGER,)),
        Recipe(2, (MORE_ABOUT_THINGS,)),
        Recipe(2, (STRONGER, (*MORE_ABOUT_THINGS, *ADJUNCT))),
        Recipe(2, (WRAPPED,)),
        Recipe(1, (STRONGER, WRAPPED)),
        Recipe(1),
    ),
    ("entailment", True): (
        Recipe(2, (WEAKER,), negative=True),
        Recipe(1, (MORE_ABOUT_THINGS,), negative=True),
        Recipe(1, (WEAKER, MORE_ABOUT_THINGS), negative=True),
        Recipe(3, (EXCLUDED,)),
        Recipe(1, (EXCLUDED, ADJUNCT)),
    ),
    ("contradiction", False): (
        Recipe(3, (EXCLUDED,)),
        Recipe(2, (EXCLUDED, ADJUNCT)),
        Recipe(1, (EXCLUDED, WRAPPED)),
        Recipe(2, (OTHER_ABOUT_THINGS,)),
        Recipe(1, (OTHER_ABOUT_THINGS, ADJUNCT)),
        Recipe(2, negative=True),
        Recipe(2, (WEAKER,), negative=True),
        Recipe(1, (MORE_ABOUT_THINGS,), negative=True),
    ),
    ("contradiction", True): (
        Recipe(3),
        Recipe(3, (STRONGER,)),
        Recipe(1, (MORE_ABOUT_THINGS,)),
        Recipe(1, (WRAPPED,)),
    ),
    ("neutral", False): (
        Recipe(3, (WEAKER,)),
        Recipe(1, (LESS_ABOUT_THINGS,)),
        Recipe(3, (UNRELATED,)),
        Recipe(1, (UNRELATED, ADJUNCT)),
        Recipe(1, (WEAKER, WRAPPED)),
        Recipe(1, (UNRELATED, WRAPPED)),
        Recipe(1, (STRONGER_EVENT,), negative=True),
        Recipe(1, (UNRELATED,), negative=True),
        Recipe(1, (EXCLUDED,), negative=True),
    ),
    ("neutral", True): (
        Recipe(2, (STRONGER_EVENT,), negative=True),
        Recipe(2, (UNRELATED,), negative=True),
        Recipe(1, (EXCLUDED,), negative=True),
        Recipe(1, (LESS_ABOUT_THINGS,), negative=True),
        Recipe(2, (WEAKER,)),
        Recipe(2, (UNRELATED,)),
    ),
}
"""By label and polarity of the hypothesis; the subject is one known thing or group."""


def _recipes(*rows: tuple[str, tuple[Group, ...]]) -> tuple[Recipe, ...]:
    return tuple(Recipe(1, groups, quantifier=quantifier) for quantifier, groups in rows)


_MORE = (STRONGER_EVENT,)
_LESS = (WEAKER_EVENT,)
_DENIALS = (("no", ()), ("no", _LESS), ("no", (WIDER,)))
_UNIVERSAL = {
    "entailment": _recipes(
        ("all", _MORE), ("every", _MORE), ("all", (WIDER,)), ("every", (WIDER,))
    ),
    "contradiction": _recipes(*_DENIALS),
    "neutral": _recipes(
        ("some", ()), ("most", ()), ("some", _MORE), ("all", _LESS), ("every", (NARROWER,))
    ),
}
QUANTIFIED_RECIPES: dict[str, dict[str, tuple[Recipe, ...]]] = {
    "all": _UNIVERSAL,
    "every": _UNIVERSAL,
    "some": {
        "entailment": _recipes(
            ("all", ()), ("every", _MORE), ("most", ()), (ANY_NUMBER, ()), ("some", (NARROWER,))
        ),
        "contradiction": _recipes(*_DENIALS),
        "neutral": _recipes(("all", _LESS), ("some", _LESS), ("some", (WIDER,)), ("no", _MORE)),
    },
    "no": {
        "entailment": _recipes(("no", _LESS), ("no", (WIDER,))),
        "contradiction": _recipes(
            ("all", ()), ("some", ()), ("most", _MORE), (ANY_NUMBER, ()), ("some", (NARROWER,))
        ),
        "neutral": _recipes(("no", _MORE), ("no", (NARROWER,)), ("some", _LESS)),
    },
    "most": {
        "entailment": _recipes(("most", _MORE), ("all", ()), ("every", _MORE)),
        "contradiction": _recipes(("no", ()), ("no", _LESS)),
        "neutral": _recipes(("some", ()), ("some", _MORE), ("most", _LESS), ("all", _LESS)),
    },
    ANY_NUMBER: {
        "entailment": _recipes((SAME_NUMBER, ())),
        "contradiction": _recipes((OTHER_NUMBER, ()), ("no", ()), ("no", _LESS)),
        "neutral": _recipes(("some", ()), ("all", ()), ("most", ())),
    },
}
"""By quantifier of the hypothesis and label. Numbers mean exactly so many."""

FRAMES = {"transitive": 0.7, "intransitive": 0.18, "ditransitive": 0.12}
ADJUNCT_COUNTS = {0: 0.45, 1: 0.45, 2: 0.1}
QUANTIFIED, NEGATIVE, PASSIVE, SHORT_PASSIVE, COORDINATED = 0.25, 0.3, 0.25, 0.4, 0.12
TOGGLED_VOICE = 0.3
ATTEMPTS = 10_000


@dataclass(frozen=True, slots=True)
class Pair:
    """Two meanings and one of INFERENCE_LABELS."""

    premise: Clause
    hypothesis: Clause
    label: str


def write_pairs(domain: str, sizes: dict[str, int], seed: int, folder: Path) -> None:
    """Write `{train,dev,test}.jsonl` with MultiNLI's keys: so many pairs for each split.

    Labels are balanced in each split to within one pair. No sentence stands in two splits. The
    files depend on nothing but the arguments.

    Raises:
        InputError: there is no such domain.

    """
    seen: dict[str, str] = {}
    for split in [split for split in SPLITS if split in sizes]:
        drawn = draw_pairs(domain, split, sizes[split], seed, seen)
        records = (
            _record(f"{domain}-{split}-{index}", domain, premise, hypothesis, pair.label)
            for index, (pair, premise, hypothesis) in enumerate(drawn)
        )
        write_json_lines(Path(folder) / f"{split}.jsonl", records)


def _record(
    identifier: str, domain: str, premise: str, hypothesis: str, label: str
) -> dict[str, str]:
    return {
        "pairID": identifier,
        "gold_label": label,
        "sentence1": premise,
        "sentence2": hypothesis,
        "genre": domain,
    }


def draw_pairs(
    domain: str, split: str, count: int, seed: int, seen: dict[str, str]
) -> list[tuple[Pair, str, str]]:
    """Draw pairs with the texts of premise and hypothesis.

    `seen` maps each sentence used so far to its split and is added to: a sentence of another split
    is not used again, and no premise at all is used twice.
    """
    lexicon = load_lexicon(domain).for_split(split)
    generator = np.random.default_rng((seed, DOMAINS.index(domain), SPLITS.index(split)))
    chooser = Chooser(lexicon, generator)
    labels = [INFERENCE_LABELS[index % len(INFERENCE_LABELS)] for index in range(count)]
    generator.shuffle(labels)
    return [_unseen_pair(label, chooser, split, seen) for label in labels]


def _unseen_pair(
    label: str, chooser: Chooser, split: str, seen: dict[str, str]
) -> tuple[Pair, str, str]:
    for _ in range(ATTEMPTS):
        pair = sample_pair(label, chooser)
        premise, hypothesis = realise(pair.premise).text, realise(pair.hypothesis).text
        if premise not in seen and seen.get(hypothesis, split) == split:
            seen.update({premise: split, hypothesis: split})
            return pair, premise, hypothesis
    raise RuntimeError(f"no new pair in {ATTEMPTS} attempts: the grammar is exhausted")


def sample_pair(label: str, chooser: Chooser) -> Pair:
    """Sample a hypothesis that any label could have, and a premise that gives it this one."""
    for _ in range(ATTEMPTS):
        hypothesis = sample_hypothesis(chooser)
        if hypothesis is None:
            continue
        premises = {each: make_premise(hypothesis, each, chooser) for each in INFERENCE_LABELS}
        premise = premises[label]
        if premise is not None and all(premises.values()):
            return Pair(premise, hypothesis, label)
    raise RuntimeError(f"no pair in {ATTEMPTS} attempts: the lexicon is too small")


# Hypotheses


def sample_hypothesis(chooser: Chooser) -> Clause | None:
    """Sample a simple clause in the past; None where the words drawn do not go together."""
    frame = chooser.weighted(FRAMES)
    verb = chooser.pick([verb for verb in chooser.verbs(frame) if edits.is_plain(verb)])
    quantified = chooser.chance(QUANTIFIED) and frame != "ditransitive"
    subject = _quantified_subject(verb, chooser) if quantified else _subject(verb, chooser)
    clause = None if subject is None else _with_objects(Clause(verb, subject), verb, chooser)
    if clause is None:
        return None
    for _ in range(chooser.weighted(ADJUNCT_COUNTS)):
        clause = edits.add_adjunct(clause, chooser) or clause
    if quantified:
        return clause
    clause = replace(clause, negative=chooser.chance(NEGATIVE))
    if chooser.chance(COORDINATED):
        clause = edits.add_conjunct(clause, chooser) or clause
    return _in_some_voice(clause, chooser)


def _in_some_voice(clause: Clause, chooser: Chooser) -> Clause:
    if not chooser.chance(PASSIVE):
        return clause
    passive = edits.toggle_voice(clause, chooser)
    if passive and chooser.chance(SHORT_PASSIVE):
        return edits.drop_agent(clause, chooser) or passive
    return passive or clause


def _countable_noun(kinds: tuple[str, ...], chooser: Chooser) -> Noun:
    nouns = [n for n in chooser.lexicon.nouns if n.kind in kinds and not n.uncountable]
    return chooser.pick(nouns)


def _quantified_subject(verb: Verb, chooser: Chooser) -> NounPhrase | None:
    noun = _countable_noun(verb.subject_kinds, chooser)
    phrase = quantify(NounPhrase(noun), chooser.pick(QUANTIFIERS), chooser)
    return edits.with_new_adjective(phrase, chooser) if chooser.chance(0.3) else phrase


def _subject(verb: Verb, chooser: Chooser) -> NounPhrase | None:
    if chooser.chance(0.3):
        name = chooser.name([kind for kind in verb.subject_kinds if kind != "place"])
        if name is not None:
            return NounPhrase(name, gender=name.gender)  # type: ignore[arg-type]
    return _definite(_countable_noun(verb.subject_kinds, chooser), chooser)


def _definite(noun: Noun, chooser: Chooser) -> NounPhrase | None:
    phrase = NounPhrase(noun, determiner="the", plural=chooser.chance(0.3))
    if phrase.plural and chooser.chance(0.6):
        return replace(phrase, number=chooser.pick(edits.NUMBERS))
    return edits.with_new_adjective(phrase, chooser) if chooser.chance(0.3) else phrase


def _with_objects(clause: Clause, verb: Verb, chooser: Chooser) -> Clause | None:
    """Add the object and recipient that the verb takes."""
    if verb.frame == "intransitive":
        return clause
    noun = edits.new_noun(verb.object_kinds, clause, chooser)
    if noun is None:
        return None
    phrase = _indefinite(noun, chooser) if chooser.chance(0.35) else _definite(noun, chooser)
    clause = replace(clause, object=phrase)
    if verb.frame == "transitive":
        return clause
    recipient = edits.new_noun(verb.recipient_kinds, clause, chooser)
    return replace(clause, recipient=NounPhrase(recipient, determiner="the")) if recipient else None


def _indefinite(noun: Noun, chooser: Chooser) -> NounPhrase | None:
    phrase = NounPhrase(noun, determiner="a")
    return edits.with_new_adjective(phrase, chooser) if chooser.chance(0.4) else phrase


# Premises


def make_premise(hypothesis: Clause, label: str, chooser: Chooser) -> Clause | None:
    """Make a premise that gives the hypothesis this label; None if none can be made."""
    if edits.is_quantified(hypothesis.subject):
        recipes = QUANTIFIED_RECIPES[quantifier_of(hypothesis.subject)][label]
    else:
        recipes = RECIPES[label, hypothesis.negative]
    left = dict.fromkeys(recipes, 0.0) | {recipe: recipe.weight for recipe in recipes}
    while left:
        recipe = chooser.weighted(left)
        del left[recipe]
        premise = _followed(recipe, hypothesis, chooser)
        if premise is not None and premise != hypothesis:
            return premise
    return None


def _followed(recipe: Recipe, hypothesis: Clause, chooser: Chooser) -> Clause | None:
    """Follow a recipe; None where one of its edits does not apply."""
    clause: Clause | None = _start(recipe, hypothesis, chooser)
    must_toggle = clause == hypothesis and not recipe.groups
    if clause is not None and (must_toggle or chooser.chance(TOGGLED_VOICE)):
        clause = edits.toggle_voice(clause, chooser) or clause
    for group in recipe.groups:
        clause = None if clause is None else _one_of(group, clause, chooser)
    apart = clause is not None and edits.wrapping_says_apart(clause, hypothesis, chooser)
    return clause if apart else None


def _start(recipe: Recipe, hypothesis: Clause, chooser: Chooser) -> Clause | None:
    """Give the hypothesis with the premise's polarity and quantifier, None if scopes would move."""
    clause = replace(hypothesis, negative=recipe.negative)
    arguments = edits.expressed(clause)
    coordinated = any(phrase.conjuncts for phrase in arguments.values())
    wide = clause.voice == "passive" and not edits.is_definite(arguments["object"])
    if recipe.negative and (coordinated or wide):
        return None
    if recipe.quantifier is None:
        return clause
    if recipe.quantifier == "no" and clause.voice == "passive":
        return None
    return replace(clause, subject=quantify(clause.subject, recipe.quantifier, chooser))


def _one_of(group: Group, clause: Clause, chooser: Chooser) -> Clause | None:
    for index in chooser.generator.permutation(len(group)):
        changed = group[index](clause, chooser)
        if changed is not None:
            return changed
    return None


def quantifier_of(phrase: NounPhrase) -> str:
    """Give which of QUANTIFIERS the phrase has."""
    return ANY_NUMBER if phrase.number else str(phrase.determiner)


def quantify(phrase: NounPhrase, quantifier: str, chooser: Chooser) -> NounPhrase:
    """Give the phrase with another quantifier, or with a number that is the same or another."""
    if quantifier == SAME_NUMBER:
        return phrase
    if quantifier in (OTHER_NUMBER, ANY_NUMBER):
        number = chooser.pick([number for number in edits.NUMBERS if number != phrase.number])
        return replace(phrase, determiner=None, number=number, plural=True)
    determiner: Determiner = quantifier  # type: ignore[assignment]
    return replace(phrase, determiner=determiner, number=None, plural=quantifier != "every")

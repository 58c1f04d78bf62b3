"""Turn a meaning into an annotated English sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from bertology.corpora.grammar import morphology
from bertology.corpora.grammar.annotations import Sentence
from bertology.corpora.grammar.lexicon import Adverb, Name, Noun
from bertology.corpora.grammar.meaning import (
    Adjunct,
    Clause,
    Date,
    NounPhrase,
    Preposed,
    Quality,
    Relative,
)
from bertology.corpora.grammar.morphology import Case, Word
from bertology.corpora.grammar.proto_roles import proto_role_properties
from bertology.corpora.grammar.tree import (
    HEAD,
    Argument,
    Frame,
    Node,
    Part,
    leaf,
    part,
    phrase,
    read_sentence,
)

ENTITY_OF_NAME = {"person": "PERSON", "place": "GPE", "institution": "ORG"}
ROLE_OF_ADJUNCT = {
    "time": "ARGM-TMP",
    "place": "ARGM-LOC",
    "manner": "ARGM-MNR",
    "instrument": "ARGM-MNR",
    "frequency": "ARGM-TMP",
    "companion": "ARGM-COM",
    "cause": "ARGM-CAU",
    "circumstance": "ARGM-TMP",
}
"""PropBank's modifier roles."""

QUESTION_ADVERBS = {"time": "when", "place": "where", "manner": "how", "cause": "why"}
NUMBER_FOCUS = {"subject.number": "subject", "object.number": "object"}

Layers = list[list[Part]]
"""A verb group from its first auxiliary to its main word, one inner list per nested verb phrase."""

Moved = tuple[str, Part | None]
"""An argument or adjunct, by its key, that stands before its clause; None if it is not written."""


def realise(clause: Clause) -> Sentence:
    """Give the sentence that states or asks `clause`.

    Raises ValueError if the clause says what the grammar cannot put: a passive without an object,
    a question on a phrase that the clause does not have.
    """
    if clause.mood == "statement":
        return read_sentence(_with_stop(_clause(clause), "."))
    if clause.mood == "polar":
        return read_sentence(_with_stop(_clause(clause, "SQ", inverted=True), "?"))
    return read_sentence(_with_stop(_wh_question(clause), "?"))


def _with_stop(node: Node, stop: str) -> Node:
    node.children = (*node.children, part("punct", morphology.punctuation(stop)))
    return node


# Noun phrases


def is_plural(np: NounPhrase) -> bool:
    """Say whether a verb with this subject is plural."""
    if np.pronoun:
        return pronoun_key(np) == "plural"
    return np.plural or bool(np.conjuncts)


def pronoun_key(np: NounPhrase) -> str:
    """Which of morphology.PRONOUNS stands for the phrase; a person of unknown gender is "they"."""
    if np.plural:
        return "plural"
    if np.head.kind != "person":
        return "thing"
    return np.head.gender or np.gender or "plural"


def _noun_phrase(np: NounPhrase, name: str, case: Case = "Acc") -> Node:
    """Give a noun phrase; nominative or accusative shows in pronouns only."""
    if np.pronoun:
        pronoun = morphology.personal_pronoun(pronoun_key(np), case)
        node = phrase("NP", part(HEAD, pronoun), name=name)
    elif np.conjuncts:
        return _coordination(np, name, case)
    else:
        node = _modified_noun_phrase(np, name)
    node.referent = np.referent
    return node


def _coordination(np: NounPhrase, name: str, case: Case) -> Node:
    parts = [Part(HEAD, _noun_phrase(replace(np, conjuncts=()), "first", case))]
    for index, conjunct in enumerate(np.conjuncts):
        last = index == len(np.conjuncts) - 1
        word = morphology.coordinator() if last else morphology.punctuation(",")
        link = part("cc" if last else "punct", word)
        node = _noun_phrase(conjunct, f"conjuncts.{index}", case)
        parts.append(Part("conj", phrase(None, link, Part(HEAD, node))))
    return phrase("NP", *parts, name=name)


def _modified_noun_phrase(np: NounPhrase, name: str) -> Node:
    """Give the base noun phrase, and around it prepositional phrases and a relative clause."""
    base = _name(np.head) if isinstance(np.head, Name) else _base_noun_phrase(np, np.head)
    if not np.modifiers and np.relative is None:
        base.name = name
        return base
    parts = [Part(HEAD, base)]
    for index, modifier in enumerate(np.modifiers):
        parts.append(Part("nmod", _preposed(modifier, f"modifiers.{index}")))
    if np.relative is not None:
        parts.append(Part("acl:relcl", _relative_clause(np.relative, base)))
    return phrase("NP", *parts, name=name)


def _name(name: Name) -> Node:
    first, *others = [morphology.proper_noun(form) for form in name.words]
    node = phrase("NP", part(HEAD, first), *[part("flat", word) for word in others])
    node.entity = ENTITY_OF_NAME[name.kind]
    return node


def _base_noun_phrase(np: NounPhrase, noun: Noun) -> Node:
    parts: list[Part] = []
    if np.possessor is not None:
        parts.append(Part("nmod:poss", _possessor(np.possessor)))
    elif np.determiner is not None:
        word = morphology.determiner(np.determiner, np.plural)
        parts.append(part("det" if word.universal_tag == "DET" else "amod", word))
    if np.number is not None:
        number = leaf(morphology.cardinal(np.number), entity="CARDINAL", name="number")
        parts.append(Part("nummod", number))
    parts += [_attribute(quality) for quality in np.adjectives]
    return phrase("NP", *parts, part(HEAD, morphology.noun(noun, np.plural)))


def _possessor(np: NounPhrase) -> Node:
    if np.pronoun:
        return _noun_phrase(np, "possessor", "Gen")
    owner = _noun_phrase(np, "possessor")
    ending = morphology.possessive_ending(owner.last_word())
    return phrase("NP", Part(HEAD, owner), part("case", ending))


def _attribute(quality: Quality) -> Part:
    if quality.degree is None:
        return part("amod", morphology.adjective(quality.adjective.lemma))
    return Part("amod", _adjective_phrase(quality, None))


def _adjective_phrase(quality: Quality, name: str | None) -> Node:
    parts = [part(HEAD, morphology.adjective(quality.adjective.lemma))]
    if quality.degree is not None:
        parts.insert(0, part("advmod", morphology.adverb(quality.degree.lemma)))
    return phrase("ADJP", *parts, name=name)


def _preposed(preposed: Preposed, name: str) -> Node:
    return _prepositional(preposed.preposition, _noun_phrase(preposed.phrase, "phrase"), name)


def _prepositional(preposition: str, complement: Node, name: str) -> Node:
    case = part("case", morphology.preposition(preposition))
    return phrase("PP", case, Part(HEAD, complement), name=name)


def _date(date: Date, name: str) -> Node:
    numbers = [
        part("nummod", morphology.cardinal(number, digits=True)) if number is not None else None
        for number in (date.day, date.year)
    ]
    named = date.weekday or date.month
    if named is None:
        if date.year is None:
            raise ValueError("a date without weekday, month and year")
        node = phrase("NP", part(HEAD, morphology.cardinal(date.year, digits=True)), name=name)
    else:
        parts = [numbers[0], part(HEAD, morphology.proper_noun(named)), numbers[1]]
        node = phrase("NP", *[each for each in parts if each is not None], name=name)
    node.entity = "DATE"
    return node


def _relative_clause(relative: Relative, antecedent: Node) -> Node:
    """Give the relative clause; its missing argument means the `antecedent`."""
    clause, role = relative.clause, relative.role
    relation = _surface_relation(clause, role)
    pronoun = None
    if relative.pronoun is not None:
        word = morphology.wh_pronoun(relative.pronoun, "Rel")
        pronoun = Part(relation, phrase("WHNP", part(HEAD, word), name=role))
    inner = _clause(clause, moved=(role, pronoun), antecedent=antecedent)
    before = [pronoun] if pronoun is not None else []
    return phrase("SBAR", *before, Part(HEAD, inner), name="relative")


# Clauses


def _clause(
    clause: Clause,
    label: str = "S",
    inverted: bool = False,
    moved: Moved | None = None,
    antecedent: Node | None = None,
) -> Node:
    """Give a clause with its subject, its verb phrase and phrases put in front.

    `inverted` puts the finite auxiliary before the subject, `moved` is what the caller writes
    before the clause, `antecedent` the noun phrase that a relative clause modifies.
    """
    parts = _parts(clause)
    if moved is not None:
        parts = {**parts, moved[0]: moved[1]}
    layers = _verb_group(clause, inverted)
    _annotate(clause, layers, parts, moved[0] if antecedent and moved else None, antecedent)
    placed = {key: each for key, each in parts.items() if each and not (moved and key == moved[0])}
    subject = _subject(clause, placed)
    if inverted:
        _complete(clause, layers[-1], placed)
        return phrase(label, *_inverted(clause, layers, subject))
    front = _front(clause, placed)
    _complete(clause, layers[-1], placed)
    return phrase(label, *front, *subject, Part(HEAD, _coordinated(clause, _folded(layers), parts)))


def _surface_subject(clause: Clause) -> Literal["subject", "object"]:
    return "object" if clause.voice == "passive" else "subject"


def _surface_relation(clause: Clause, role: str) -> str:
    """UD relation of subject or object, as it is written in active or passive."""
    if clause.voice == "active":
        return "nsubj" if role == "subject" else "obj"
    return "nsubj:pass" if role == "object" else "obl:agent"


def _parts(clause: Clause) -> dict[str, Part | None]:
    """Arguments and adjuncts by their keys, as they stand where nothing is moved."""
    parts: dict[str, Part | None] = {}
    for key in ("subject", "object"):
        np: NounPhrase | None = getattr(clause, key)
        if np is not None:
            parts[key] = _subject_or_object(clause, key, np)
    if clause.recipient is not None:
        parts["recipient"] = _recipient(clause, clause.recipient)
    if clause.oblique is not None:
        parts["oblique"] = Part(
            "obl", _preposed(Preposed(_preposition(clause), clause.oblique), "oblique")
        )
    if clause.complement is not None:
        parts["complement"] = Part("ccomp", _subordinate("that", clause.complement, "complement"))
    for adjunct in clause.adjuncts:
        parts[adjunct.kind] = _adjunct(adjunct)
    return parts


def _preposition(clause: Clause) -> str:
    if clause.verb is None or clause.verb.preposition is None:
        raise ValueError("an oblique or recipient of a verb that governs no preposition")
    return clause.verb.preposition


def _subject_or_object(clause: Clause, key: str, np: NounPhrase) -> Part | None:
    relation = _surface_relation(clause, key)
    if relation == "obl:agent":
        agent = _preposed(Preposed("by", np), key)
        return Part(relation, agent) if clause.agent_expressed else None
    return Part(
        relation, _noun_phrase(np, key, "Nom" if key == _surface_subject(clause) else "Acc")
    )


def _recipient(clause: Clause, np: NounPhrase) -> Part:
    if clause.recipient_first and clause.voice == "active":
        return Part("iobj", _noun_phrase(np, "recipient"))
    return Part("obl", _preposed(Preposed(_preposition(clause), np), "recipient"))


def _subordinate(conjunction: str, clause: Clause, name: str) -> Node:
    mark = part("mark", morphology.subordinator(conjunction))
    return phrase("SBAR", mark, Part(HEAD, _clause(clause)), name=name)


def _adjunct(adjunct: Adjunct) -> Part:
    inside, preposition, kind = adjunct.phrase, adjunct.preposition, adjunct.kind
    if isinstance(inside, Adverb):
        return Part(
            "advmod", phrase("ADVP", part(HEAD, morphology.adverb(inside.lemma)), name=kind)
        )
    if isinstance(inside, Date):
        on_a_day = inside.weekday is not None or inside.day is not None
        node = _date(inside, "phrase")
        return Part("obl", _prepositional(preposition or ("on" if on_a_day else "in"), node, kind))
    if preposition is None:
        raise ValueError(f"a {kind} adjunct without preposition or conjunction")
    if isinstance(inside, Clause):
        return Part("advcl", _subordinate(preposition, inside, kind))
    return Part("obl", _preposed(Preposed(preposition, inside), kind))


def _subject(clause: Clause, placed: dict[str, Part]) -> list[Part]:
    """Take out of `placed` what stands in the subject's place; nothing where it was moved."""
    if clause.existential:
        return [Part("expl", phrase("NP", part(HEAD, morphology.existential_there())))]
    subject = placed.pop(_surface_subject(clause), None)
    return [] if subject is None else [subject]


def _front(clause: Clause, placed: dict[str, Part]) -> list[Part]:
    """Adjuncts before the subject, each with its comma, taken out of `placed`."""
    keys = [each.kind for each in clause.adjuncts if each.position == "front"]
    comma = morphology.punctuation(",")
    return [
        each for key in keys if key in placed for each in (placed.pop(key), part("punct", comma))
    ]


def _complete(clause: Clause, layer: list[Part], placed: dict[str, Part]) -> None:
    """Add to the innermost verb phrase what stands before and after the main verb."""
    middle = [each.kind for each in clause.adjuncts if each.position == "middle"]
    if not clause.existential:
        place = next(index for index, each in enumerate(layer) if each.relation == HEAD)
        layer[place:place] = [placed.pop(key) for key in middle if key in placed]
    objects = ["recipient", "object"] if clause.recipient_first else ["object", "recipient"]
    adjuncts = [each.kind for each in clause.adjuncts]
    order = [*objects, "subject", "oblique", *adjuncts, "complement"]
    layer += [placed[key] for key in order if key in placed]


def _folded(layers: Layers) -> Node:
    """Nested verb phrases: each auxiliary's holds the next."""
    node = phrase("VP", *layers[-1])
    for layer in reversed(layers[:-1]):
        node = phrase("VP", *layer, Part(HEAD, node))
    return node


def _inverted(clause: Clause, layers: Layers, subject: list[Part]) -> list[Part]:
    """Give the finite verb, the subject, the rest."""
    if clause.coordinated:
        raise ValueError("an inverted question with coordinated verb phrases")
    finite, *others = layers[0]
    rest = [Part(HEAD, _folded(layers[1:]))] if layers[1:] else []
    return [finite, *subject, *others, *rest]


def _coordinated(clause: Clause, first: Node, parts: dict[str, Part | None]) -> Node:
    """Give the verb phrase and those coordinated with it, which share its subject."""
    if not clause.coordinated:
        return first
    subject = parts["subject"]
    if clause.voice == "passive" or subject is None:
        raise ValueError("coordinated verb phrases without a common subject in the active voice")
    verb_phrases = [Part(HEAD, first)]
    for index, other in enumerate(clause.coordinated):
        last = index == len(clause.coordinated) - 1
        link = part("cc", morphology.coordinator())
        if not last:
            link = part("punct", morphology.punctuation(","))
        node = _further_verb_phrase(other, subject)
        node.name = f"coordinated.{index}"
        verb_phrases.append(Part("conj", phrase(None, link, Part(HEAD, node))))
    return phrase("VP", *verb_phrases)


def _further_verb_phrase(clause: Clause, subject: Part) -> Node:
    parts = {**_parts(clause), "subject": subject}
    layers = _verb_group(clause, False)
    _annotate(clause, layers, parts, None, None)
    placed = {key: each for key, each in parts.items() if each is not None and key != "subject"}
    _complete(clause, layers[-1], placed)
    return _folded(layers)


# Verb groups


def _verb_group(clause: Clause, inverted: bool) -> Layers:
    """Give the auxiliaries and the main verb, copula with predicate, or existential "be"."""
    words = _verb_words(clause, inverted)
    layers = [[part(relation, word)] for relation, word in words]
    if clause.negative:
        layers[0].append(part("advmod", morphology.negation()))
    if clause.verb is None and not clause.existential:
        layers[-1].append(Part(HEAD, _predicate(clause)))
    return layers


def _predicate(clause: Clause) -> Node:
    if isinstance(clause.predicate, Quality):
        return _adjective_phrase(clause.predicate, "predicate")
    if clause.predicate is None:
        raise ValueError("a clause without verb and without predicate")
    return _noun_phrase(clause.predicate, "predicate")


def _verb_words(clause: Clause, inverted: bool) -> list[tuple[str, Word]]:
    """Each word of the verb group with its relation, from the finite one to the main one."""
    relations = _auxiliary_relations(clause, inverted)
    words: list[tuple[str, Word]] = []
    form = "finite"
    for relation, lemma in relations:
        words.append((relation, _auxiliary(clause, lemma, form)))
        form = "infinitive" if lemma in ("will", "do") else relation
    words.append(_main_verb(clause, form))
    return words


def _auxiliary_relations(clause: Clause, inverted: bool) -> list[tuple[str, str]]:
    """Relation and lemma of each auxiliary; "do" where English needs one and there is no other."""
    auxiliaries = []
    if clause.tense == "future":
        auxiliaries.append(("aux", "will"))
    if clause.aspect == "progressive":
        auxiliaries.append(("aux", "be"))
    if clause.voice == "passive":
        auxiliaries.append(("aux:pass", "be"))
    if not auxiliaries and clause.verb is not None and (clause.negative or inverted):
        auxiliaries.append(("aux", "do"))
    return auxiliaries


def _has_plural_subject(clause: Clause) -> bool:
    subject = clause.object if clause.voice == "passive" else clause.subject
    if subject is None:
        raise ValueError("a passive clause without an object")
    return is_plural(subject)


def _auxiliary(clause: Clause, lemma: str, form: str) -> Word:
    if lemma == "will":
        return morphology.modal_will()
    if form == "infinitive":
        return morphology.infinitive(lemma, "AUX")
    if form == "aux":
        return morphology.present_participle("being", "be", "AUX")
    return morphology.finite_auxiliary(lemma, clause.tense, _has_plural_subject(clause))


def _main_verb(clause: Clause, form: str) -> tuple[str, Word]:
    """Give the main verb in the form that the word before it asks for."""
    verb = clause.verb
    if verb is None:
        word = _auxiliary(clause, "be", form)
        if clause.existential:
            return HEAD, replace(word, universal_tag="VERB")
        return "cop", word
    if form == "infinitive":
        return HEAD, morphology.infinitive(verb.lemma)
    if form == "aux":
        return HEAD, morphology.present_participle(verb.gerund, verb.lemma)
    if form == "aux:pass":
        return HEAD, morphology.passive_participle(verb)
    return HEAD, morphology.finite_verb(verb, clause.tense, _has_plural_subject(clause))


# Semantic roles


def _annotate(
    clause: Clause,
    layers: Layers,
    parts: dict[str, Part | None],
    relative_role: str | None,
    antecedent: Node | None,
) -> None:
    """Put the predicate's frame on the main verb; existentials and copulas have none."""
    if clause.verb is None:
        return
    arguments = [*_arguments(clause, parts, relative_role, antecedent), *_modifiers(layers)]
    arguments += [
        Argument(ROLE_OF_ADJUNCT[adjunct.kind], written.node)
        for adjunct in clause.adjuncts
        if (written := parts[adjunct.kind]) is not None
    ]
    verb = layers[-1][0].node
    verb.frame = Frame(verb, tuple(arguments))


def _arguments(
    clause: Clause,
    parts: dict[str, Part | None],
    relative_role: str | None,
    antecedent: Node | None,
) -> list[Argument]:
    """Numbered arguments; a relative pronoun is the reference "R-" to its antecedent's role."""
    assert clause.verb is not None
    keys = ("subject", "object", "complement", "recipient", "oblique")
    present = [key for key in keys if getattr(clause, key) is not None]
    arguments = []
    for key, label in zip(present, clause.verb.roles, strict=False):
        written, said = parts[key], getattr(clause, key)
        properties = None
        if isinstance(said, NounPhrase):
            properties = proto_role_properties(clause.verb, label, key, said)
        if key == relative_role and antecedent is not None:
            arguments.append(Argument(label, antecedent, properties))
            label, properties = f"R-{label}", None
        if written is not None:
            arguments.append(Argument(label, written.node, properties))
    return arguments


def _modifiers(layers: Layers) -> list[Argument]:
    """Negation and modal verb."""
    labels = {"RB": "ARGM-NEG", "MD": "ARGM-MOD"}
    words = [(each.node, each.node.word) for layer in layers for each in layer]
    return [
        Argument(labels[word.treebank_tag], node)
        for node, word in words
        if word is not None and word.treebank_tag in labels
    ]


# Questions


def _wh_question(clause: Clause) -> Node:
    """Give the wh-phrase, then the clause without it."""
    focus = clause.focus or ""
    key = NUMBER_FOCUS.get(focus, focus)
    asked = getattr(clause, key, None)
    if isinstance(asked, NounPhrase) and focus not in NUMBER_FOCUS:
        # Who and what are singular, whatever the answer.
        singular = replace(asked, plural=False, conjuncts=(), pronoun=False)
        changes: dict[str, Any] = {key: singular}
        clause = replace(clause, **changes)
    written = _parts(clause).get(key)
    if written is None:
        raise ValueError(f"a question on {focus!r}, which the clause does not express")
    moved = _wh_part(clause, focus, key, written)
    subject_asked = key == _surface_subject(clause) and not clause.existential
    inner = _clause(clause, "SQ", inverted=not subject_asked, moved=(key, moved))
    return phrase("SBARQ", moved, Part(HEAD, inner))


def _wh_part(clause: Clause, focus: str, key: str, written: Part) -> Part:
    """Give what stands for the phrase that is asked for, in its relation to the verb."""
    if key in QUESTION_ADVERBS:
        adverb = part(HEAD, morphology.wh_adverb(QUESTION_ADVERBS[key]))
        return Part("advmod", phrase("WHADVP", adverb, name=key))
    said = getattr(clause, key, None) or _adjunct_phrase(clause, key)
    if not isinstance(said, NounPhrase):
        raise ValueError(f"a question on {focus!r}, which is no noun phrase")
    if focus in NUMBER_FOCUS:
        return Part(written.relation, _how_many(said, key))
    personal = said.head.kind == "person"
    if written.node.label == "PP":
        preposition = written.node.children[0]
        word = morphology.wh_pronoun("whom" if personal else "what", "Int")
        inner = phrase("WHNP", part(HEAD, word), name="phrase")
        return Part(written.relation, phrase("WHPP", preposition, Part(HEAD, inner), name=key))
    word = morphology.wh_pronoun("who" if personal else "what", "Int")
    return Part(written.relation, phrase("WHNP", part(HEAD, word), name=key))


def _adjunct_phrase(clause: Clause, kind: str) -> NounPhrase | Date | Adverb | Clause | None:
    return next((each.phrase for each in clause.adjuncts if each.kind == kind), None)


def _how_many(np: NounPhrase, name: str) -> Node:
    """Ask for a number: "how many boats", with the modifiers that the phrase has."""
    bare = replace(np, plural=True, determiner=None, number=None, possessor=None)
    node = _noun_phrase(bare, name)
    base = node
    while base.children[0].relation == HEAD and base.children[0].node.word is None:
        base = base.children[0].node
    how, many = morphology.wh_adverb("how"), morphology.adjective("many")
    degree = phrase("WHADJP", part("advmod", how), part(HEAD, many), name="number")
    base.children = (Part("amod", degree), *base.children)
    base.label = node.label = "WHNP"
    return node

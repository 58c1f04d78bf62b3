"""Phrase trees with marked heads: one structure from which all annotation is read off."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bertology.corpora.grammar.annotations import (
    LabelledSpan,
    Mention,
    PredicateFrame,
    ProtoRoles,
    Sentence,
    Span,
    Token,
)
from bertology.corpora.grammar.morphology import Word, with_article_form

HEAD = "head"
"""The relation of the child that heads its phrase; each phrase has exactly one."""


@dataclass(frozen=True, slots=True)
class Part:
    """A child of a phrase: HEAD, or its UD relation to the head of that phrase."""

    relation: str
    node: Node


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument or adjunct of a predicate; `properties` is None for what is no argument."""

    label: str
    node: Node
    properties: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """A predicate's word and what fills its semantic roles."""

    predicate: Node
    arguments: tuple[Argument, ...]


@dataclass(eq=False, slots=True)
class Node:
    """A word (`word` set, no children) or a phrase, and what is annotated on it.

    `label` is its Penn Treebank label, None for words and groups the treebank does not mark.
    `name` is its step in the dotted addresses of `Sentence.phrases`.
    """

    label: str | None = None
    children: tuple[Part, ...] = ()
    word: Word | None = None
    name: str | None = None
    entity: str | None = None
    referent: int | None = None
    frame: Frame | None = None

    def head_word(self) -> Node:
        """Give the word that heads this phrase."""
        node = self
        while node.word is None:
            node = next(part.node for part in node.children if part.relation == HEAD)
        return node

    def last_word(self) -> Word:
        """Its last word."""
        return self.word if self.word is not None else self.children[-1].node.last_word()


def leaf(word: Word, entity: str | None = None, name: str | None = None) -> Node:
    """Give a node for one word."""
    return Node(word=word, entity=entity, name=name)


def part(relation: str, word: Word) -> Part:
    """Give a word as a child of a phrase."""
    return Part(relation, leaf(word))


def phrase(label: str | None, *children: Part, name: str | None = None) -> Node:
    """Give a phrase of some children in their order."""
    return Node(label=label, children=children, name=name)


@dataclass(slots=True)
class _Reading:
    """What has been read off a tree so far; nodes are keyed by identity."""

    words: list[Word] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    positions: dict[Node, int] = field(default_factory=dict)
    spans: dict[Node, Span] = field(default_factory=dict)
    governors: dict[Node, tuple[Node | None, str]] = field(default_factory=dict)
    phrases: dict[str, Span] = field(default_factory=dict)


def read_sentence(root: Node) -> Sentence:
    """Give the annotated sentence of a tree."""
    reading = _Reading()
    _visit(root, "", reading)
    _govern(root, None, "root", reading)
    tokens = _tokens(reading)
    nodes, spans = reading.nodes, reading.spans
    return Sentence(
        tokens=tokens,
        constituents=tuple(LabelledSpan(n.label, spans[n]) for n in nodes if n.label),
        entities=tuple(LabelledSpan(n.entity, spans[n]) for n in nodes if n.entity),
        frames=tuple(_frame(n.frame, spans) for n in nodes if n.frame),
        mentions=tuple(Mention(spans[n], n.referent) for n in nodes if n.referent is not None),
        proto_roles=tuple(role for n in nodes if n.frame for role in _proto_roles(n.frame, spans)),
        phrases=reading.phrases,
    )


def _visit(node: Node, address: str, reading: _Reading) -> None:
    """Lay out words from left to right; note spans and addresses."""
    reading.nodes.append(node)
    if node.name:
        address = f"{address}.{node.name}" if address else node.name
    start = len(reading.words)
    if node.word is not None:
        reading.positions[node] = start
        reading.words.append(node.word)
    for child in node.children:
        _visit(child.node, address, reading)
    reading.spans[node] = (start, len(reading.words))
    if node.name:
        reading.phrases[address] = reading.spans[node]


def _govern(node: Node, governor: Node | None, relation: str, reading: _Reading) -> None:
    """Pass heads down: the head child keeps the phrase's governor, the others hang on the head."""
    if node.word is not None:
        reading.governors[node] = (governor, relation)
        return
    head = node.head_word()
    for child in node.children:
        if child.relation == HEAD:
            _govern(child.node, governor, relation, reading)
        else:
            _govern(child.node, head, child.relation, reading)


def _tokens(reading: _Reading) -> tuple[Token, ...]:
    words = [
        with_article_form(word, following)
        for word, following in zip(
            reading.words, [*reading.words[1:], reading.words[-1]], strict=True
        )
    ]
    words[0] = replace(words[0], form=words[0].form[0].upper() + words[0].form[1:])
    joined = [word.joins_previous for word in words[1:]] + [False]
    tokens = []
    for node, position in reading.positions.items():
        word, (governor, relation) = words[position], reading.governors[node]
        head = 0 if governor is None else reading.positions[governor] + 1
        columns = (word.form, word.lemma, word.universal_tag, word.treebank_tag, word.features)
        tokens.append(Token(*columns, head, relation, not joined[position]))
    return tuple(tokens)


def _frame(frame: Frame, spans: dict[Node, Span]) -> PredicateFrame:
    arguments = tuple(LabelledSpan(each.label, spans[each.node]) for each in frame.arguments)
    return PredicateFrame(spans[frame.predicate], arguments)


def _proto_roles(frame: Frame, spans: dict[Node, Span]) -> list[ProtoRoles]:
    return [
        ProtoRoles(spans[frame.predicate], spans[each.node.head_word()], each.properties)
        for each in frame.arguments
        if each.properties is not None
    ]

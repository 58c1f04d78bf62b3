"""What the grammar hands out: a sentence with every layer of its annotation."""

from dataclasses import dataclass, field

Span = tuple[int, int]
"""First token and end token, counted from 0, end exclusive."""


@dataclass(frozen=True, slots=True)
class Token:
    """A syntactic word with the columns of CoNLL-U.

    `head` counts from 1 and is 0 for the root. `features` are sorted "Name=Value" strings joined
    by "|", or "_". `space_after` is False before punctuation and before the possessive ending.
    """

    form: str
    lemma: str
    universal_tag: str
    treebank_tag: str
    features: str
    head: int
    relation: str
    space_after: bool


@dataclass(frozen=True, slots=True)
class LabelledSpan:
    """A label on a stretch of tokens: a constituent, an entity, or an argument of a predicate."""

    label: str
    span: Span


@dataclass(frozen=True, slots=True)
class PredicateFrame:
    """A predicate and its semantic roles (ARG0, ARG1, ARG2, ARGM-TMP, ...)."""

    predicate: Span
    arguments: tuple[LabelledSpan, ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """A stretch of tokens that refers; mentions of one thing in a passage share `referent`."""

    span: Span
    referent: int


@dataclass(frozen=True, slots=True)
class ProtoRoles:
    """Proto-role properties (Dowty 1991; Reisinger et al. 2015) that hold of an argument."""

    predicate: Span
    argument: Span
    properties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A realised sentence.

    `phrases` gives the span of each argument and adjunct by its address: "subject", "object",
    "recipient", "oblique", "complement", "predicate", an adjunct's kind ("time", "place", ...; with
    its preposition), and below them dotted addresses: "complement.subject",
    "coordinated.0.object", "object.relative.subject", "subject.number", "object.possessor",
    "subject.first" and "subject.conjuncts.0". A phrase with a preposition holds the noun phrase or
    date without it as "phrase": "time.phrase", "recipient.phrase.number".
    """

    tokens: tuple[Token, ...]
    constituents: tuple[LabelledSpan, ...] = ()
    entities: tuple[LabelledSpan, ...] = ()
    frames: tuple[PredicateFrame, ...] = ()
    mentions: tuple[Mention, ...] = ()
    proto_roles: tuple[ProtoRoles, ...] = ()
    phrases: dict[str, Span] = field(default_factory=dict)

    @property
    def words(self) -> tuple[str, ...]:
        """The forms of the tokens."""
        return tuple(token.form for token in self.tokens)

    @property
    def text(self) -> str:
        """The sentence as English is written."""
        return self.text_of((0, len(self.tokens)))

    def text_of(self, span: Span) -> str:
        """Give the text of some of its tokens, without space at its end."""
        start, end = self.character_span(span)
        return self._spaced()[start:end]

    def character_span(self, span: Span) -> tuple[int, int]:
        """Where the tokens of `span` stand in `text`: first character and end, end exclusive."""
        start = len(self._spaced(0, span[0]))
        return start, start + len(self._spaced(span[0], span[1]).rstrip())

    def _spaced(self, start: int = 0, end: int | None = None) -> str:
        return "".join(
            token.form + (" " if token.space_after else "") for token in self.tokens[start:end]
        )

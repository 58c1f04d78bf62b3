"""What a passage has spoken of so far, and how it may be mentioned again."""

from dataclasses import dataclass, field, replace

from bertology.corpora.grammar.lexicon import Name, Noun
from bertology.corpora.grammar.meaning import Determiner, NounPhrase
from bertology.corpora.grammar.realise import pronoun_key


@dataclass(slots=True)
class Referent:
    """Something spoken of: its phrase at later mentions and the last sentence that mentions it."""

    phrase: NounPhrase
    last_sentence: int

    @property
    def kind(self) -> str:
        """The kind of its noun or name."""
        return self.phrase.head.kind

    @property
    def number(self) -> int:
        """The identifier that all its mentions carry."""
        if self.phrase.referent is None:
            raise ValueError("a phrase without referent is nothing that was spoken of")
        return self.phrase.referent


@dataclass(slots=True)
class Discourse:
    """The referents of a passage, in the order of their first mention.

    `heads` are all nouns and names used so far; a new thing takes a noun that is not among them, so
    that "the boat" is never ambiguous.
    """

    referents: list[Referent] = field(default_factory=list)
    heads: list[Noun | Name] = field(default_factory=list)
    sentence: int = 0

    def introduce(self, phrase: NounPhrase) -> NounPhrase:
        """Give the first mention of something: `phrase` with a new referent."""
        phrase = replace(phrase, referent=len(self.referents))
        determiner: Determiner | None = None if isinstance(phrase.head, Name) else "the"
        later = NounPhrase(
            head=phrase.head,
            plural=phrase.plural,
            determiner=determiner,
            gender=phrase.gender,
            referent=phrase.referent,
        )
        self.referents.append(Referent(later, self.sentence))
        return phrase

    def mention(self, referent: Referent, pronoun: bool) -> NounPhrase:
        """Give a later mention, as a pronoun or in full."""
        referent.last_sentence = self.sentence
        return replace(referent.phrase, pronoun=pronoun)

    def is_in_sentence(self, referent: Referent) -> bool:
        """Say whether the sentence in the making has already mentioned it."""
        return referent.last_sentence == self.sentence

    def allows_pronoun(self, referent: Referent) -> bool:
        """Say whether a pronoun is clear: mentioned lately, and nothing else of its gender was."""
        key = pronoun_key(referent.phrase)
        recent = [each for each in self.referents if each.last_sentence >= self.sentence - 1]
        rivals = [each for each in recent if pronoun_key(each.phrase) == key]
        return rivals == [referent]

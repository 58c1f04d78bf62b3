"""Random choice of words from a lexicon, by kind and use."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from bertology.corpora.grammar.lexicon import Adjective, Adverb, Lexicon, Name, Noun, Verb

Item = TypeVar("Item")
Word = TypeVar("Word", Noun, Verb, Adjective, Adverb, Name)


class Chooser:
    """Draws words of a lexicon with a generator of random numbers; all choices are reproducible."""

    def __init__(self, lexicon: Lexicon, generator: np.random.Generator) -> None:
        self.lexicon = lexicon
        self.generator = generator
        self._nouns = _grouped((noun.kind, noun) for noun in lexicon.nouns)
        self._names = _grouped((name.kind, name) for name in lexicon.names)
        self._adverbs = _grouped((adverb.type, adverb) for adverb in lexicon.adverbs)
        self._verbs = _grouped((verb.frame, verb) for verb in lexicon.verbs)
        self._adjectives = _grouped(
            (kind, adjective) for adjective in lexicon.adjectives for kind in adjective.kinds
        )

    def chance(self, probability: float) -> bool:
        """Say whether an event of this probability happens."""
        return bool(self.generator.random() < probability)

    def pick(self, items: Sequence[Item]) -> Item:
        """One of some items, all equally likely."""
        return items[int(self.generator.integers(len(items)))]

    def weighted(self, weights: Mapping[Item, float]) -> Item:
        """One of some items, with probability in proportion to its weight."""
        rest = self.generator.random() * sum(weights.values())
        for item, weight in weights.items():
            rest -= weight
            if rest < 0:
                return item
        return next(reversed(list(weights)))

    def noun(self, kinds: Iterable[str], excluded: Iterable[Noun | Name] = ()) -> Noun | None:
        """Give a noun of one of some kinds that is not excluded; None if there is none."""
        return self._allowed(self._nouns, kinds, excluded)

    def name(self, kinds: Iterable[str], excluded: Iterable[Noun | Name] = ()) -> Name | None:
        """Give a name of one of some kinds that is not excluded; None if there is none."""
        return self._allowed(self._names, kinds, excluded)

    def countable_noun(self, kinds: Iterable[str]) -> Noun | None:
        """Give a noun of one of some kinds that has a plural; None if there is none."""
        nouns = [each for kind in kinds for each in self._nouns.get(kind, ())]
        countable = [noun for noun in nouns if not noun.uncountable]
        return self.pick(countable) if countable else None

    def adjective(self, kind: str, beside: Sequence[Adjective] = ()) -> Adjective | None:
        """Give an adjective for nouns of a kind that does not repeat or deny those `beside` it."""
        said = [lemma for each in beside for lemma in (each.lemma, each.antonym)]
        items = [each for each in self._adjectives.get(kind, ()) if each.lemma not in said]
        return self.pick(items) if items else None

    def adverb(self, kind: str) -> Adverb | None:
        """Give an adverb of manner, time, frequency, place or degree; None if there is none."""
        return self._allowed(self._adverbs, (kind,), ())

    def verbs(self, frame: str) -> Sequence[Verb]:
        """All verbs of a frame."""
        return self._verbs[frame]

    def _allowed(
        self, groups: Mapping[str, Sequence[Item]], kinds: Iterable[str], excluded: Iterable[object]
    ) -> Item | None:
        taken = list(excluded)
        items = [each for kind in kinds for each in groups.get(kind, ()) if each not in taken]
        return self.pick(items) if items else None


def _grouped(pairs: Iterable[tuple[str, Word]]) -> dict[str, list[Word]]:
    """Group words by a key; words for the test only count twice, so that tests are full of them."""
    groups: dict[str, list[Word]] = defaultdict(list)
    for key, word in pairs:
        groups[key] += [word, word] if word.test_only else [word]
    return dict(groups)

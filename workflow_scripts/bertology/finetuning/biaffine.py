"""The deep biaffine dependency parser's scorer (Dozat & Manning 2017, Deep Biaffine Attention)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from bertology.finetuning.task import IGNORED, Head


class BiaffineParser(Head):
    """Score every head of every word, and every relation of every such arc.

    `targets` of its methods holds, for sentences of up to n words (position 0 is the root):
    - `word_weights` (batch x n+1 x tokens): the weights with which tokens make up a word's vector;
    - `words` (batch x n+1): whether there is a root or word here, or padding;
    - `heads`, `relations` (batch x n): gold heads (0 is the root) and gold relations.

    of_root, of_others: of each relation, whether the word whose head is 0 may have it, and whether
        any other word may; each is true of at least one.
    """

    of_root: Tensor
    of_others: Tensor

    def __init__(
        self,
        hidden_size: int,
        of_root: Sequence[bool],
        of_others: Sequence[bool],
        arc_size: int,
        relation_size: int,
        dropout: float,
    ) -> None:
        super().__init__()
        # No part of the weights: the relations that the root, and that other words, may have.
        self.register_buffer("of_root", torch.tensor(of_root), persistent=False)
        self.register_buffer("of_others", torch.tensor(of_others), persistent=False)
        self.arc_dependent = _projection(hidden_size, arc_size, dropout)
        self.arc_head = _projection(hidden_size, arc_size, dropout)
        self.relation_dependent = _projection(hidden_size, relation_size, dropout)
        self.relation_head = _projection(hidden_size, relation_size, dropout)
        # The constant 1 that is joined to a vector turns a row of the weights into a bias. From
        # zero, where all arcs are equally likely, the parser learns faster than from chance.
        self.arc = nn.Parameter(torch.zeros(arc_size + 1, arc_size))
        self.relation = nn.Parameter(
            torch.zeros(len(of_root), relation_size + 1, relation_size + 1)
        )

    def loss(self, hidden: Tensor, targets: dict[str, Tensor]) -> Tensor:
        """Return the cross-entropy of gold heads plus that of gold relations, mean over words."""
        words = targets["word_weights"] @ hidden
        arcs = self._arc_scores(words, targets["words"])
        gold = targets["heads"].clamp(min=0).unsqueeze(-1)
        heads = self.relation_head(words)
        heads = heads.gather(1, gold.expand(-1, -1, heads.shape[-1]))
        dependents = self.relation_dependent(words[:, 1:])
        relations = torch.einsum(
            "bdi,rij,bdj->bdr", _with_one(dependents), self.relation, _with_one(heads)
        )
        return _cross_entropy(arcs, targets["heads"]) + _cross_entropy(
            relations, targets["relations"]
        )

    def forward(self, hidden: Tensor, targets: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the log-probability and the best relation of every arc, batch x n x n+1 each.

        The relation of the arc from the root is one of `of_root`, that of any other arc one of
        `of_others`.
        """
        words = targets["word_weights"] @ hidden
        arcs = self._arc_scores(words, targets["words"]).log_softmax(-1)
        relations = torch.einsum(
            "bdi,rij,bhj->bdhr",
            _with_one(self.relation_dependent(words[:, 1:])),
            self.relation,
            _with_one(self.relation_head(words)),
        )
        relations[:, :, :1].masked_fill_(~self.of_root, -torch.inf)
        relations[:, :, 1:].masked_fill_(~self.of_others, -torch.inf)
        return {"arcs": arcs, "relations": relations.argmax(-1)}

    def _arc_scores(self, words: Tensor, present: Tensor) -> Tensor:
        """Score the heads (last axis) of each word; padding and the word itself get -infinity."""
        dependents = _with_one(self.arc_dependent(words[:, 1:]))
        scores = torch.einsum("bdi,ij,bhj->bdh", dependents, self.arc, self.arc_head(words))
        itself = torch.eye(words.shape[1], dtype=torch.bool, device=words.device)[1:]
        return scores.masked_fill(itself | ~present.unsqueeze(1), -torch.inf)


def _projection(hidden_size: int, size: int, dropout: float) -> nn.Sequential:
    linear = nn.Linear(hidden_size, size)
    nn.init.orthogonal_(linear.weight)
    nn.init.zeros_(linear.bias)
    return nn.Sequential(linear, nn.LeakyReLU(0.1), nn.Dropout(dropout))


def _with_one(vectors: Tensor) -> Tensor:
    return functional.pad(vectors, (0, 1), value=1.0)


def _cross_entropy(scores: Tensor, gold: Tensor) -> Tensor:
    return functional.cross_entropy(scores.flatten(0, 1), gold.flatten(), ignore_index=IGNORED)

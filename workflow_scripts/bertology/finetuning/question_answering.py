"""Question answering: start and end of the answer in a passage (SQuAD 1.1, Devlin et al. 2019).

A passage longer than the encoder takes is read in windows that overlap. A window of training data
without the answer points to the first token; predictions lie in the passage always.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Encoding
from torch import Tensor, nn
from torch.nn import functional
from transformers import PretrainedConfig
from transformers import PreTrainedTokenizerBase as Tokenizer

from bertology.corpora.questions import read_questions
from bertology.corpora.shapes import Answer, Question
from bertology.errors import InputError
from bertology.finetuning.squad import exact_match, f1
from bertology.finetuning.task import Feature, Head, Score, encoder_inputs, pad, score_of

LONGEST_QUESTION = 64
"""Tokens of a question that are read, at most half a window (run_squad.py of Devlin et al.)."""

SHORTENED = "question too long: shortened"
DROPPED = "answer of which the tokenizer keeps nothing"
IN_NO_WINDOW = "answer that no window holds whole"


@dataclass(frozen=True, slots=True)
class Window:
    """Where a window's tokens stand in the passage, and its answer.

    offsets: first character and end of each token in the passage, or else in the question.
    passage: whether a token belongs to the passage.
    start, end: tokens of the answer (end inclusive); both 0 where the answer is elsewhere.
    """

    offsets: tuple[tuple[int, int], ...]
    passage: tuple[bool, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Span:
    """The best answer of one window: its logit, and its characters in the passage."""

    logit: float
    start: int
    end: int


class SpanHead(Head):
    """One linear layer that gives each token a logit as start and as end of the answer.

    `targets` holds `tokens` and `passage` (batch x tokens: is there a token, is it of the passage)
    and `starts`, `ends` (batch): numbers of tokens.
    """

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        # No bias: it would raise all tokens alike, which softmax does not see.
        self.linear = nn.Linear(hidden_size, 2, bias=False)

    def loss(self, hidden: Tensor, targets: dict[str, Tensor]) -> Tensor:
        """Return the mean of the cross-entropies of start and end."""
        start, end = self._logits(hidden, targets["tokens"])
        return (
            functional.cross_entropy(start, targets["starts"])
            + functional.cross_entropy(end, targets["ends"])
        ) / 2

    def forward(self, hidden: Tensor, targets: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return logits `start` and `end` (batch x tokens), -infinity outside the passage."""
        start, end = self._logits(hidden, targets["passage"])
        return {"start": start, "end": end}

    def _logits(self, hidden: Tensor, allowed: Tensor) -> tuple[Tensor, Tensor]:
        start, end = self.linear(hidden).unbind(-1)
        return start.masked_fill(~allowed, -torch.inf), end.masked_fill(~allowed, -torch.inf)


class QuestionAnswering:
    """Extractive question answering over passages."""

    extension = "json"
    unit = "question"
    selection_metric = "f1"
    labels = ("start", "end")

    def __init__(
        self, tokenizer: Tokenizer, settings: Mapping[str, Any], training: Sequence[Question]
    ) -> None:
        self.tokenizer = tokenizer
        self.settings = settings
        self.longest_question = min(LONGEST_QUESTION, settings["longest"] // 2)
        _check_stride(settings, self.longest_question, tokenizer)

    @staticmethod
    def read(path: Path) -> list[Question]:
        """Read SQuAD 1.1 JSON."""
        return read_questions(path)

    def head(self, config: PretrainedConfig) -> SpanHead:
        """Build a span head for an encoder of this configuration."""
        return SpanHead(config.hidden_size)

    def features(
        self, examples: Sequence[Question], training: bool
    ) -> tuple[list[Feature], Counter[str]]:
        """Cut questions with their passages into windows of tokens; see Window."""
        features: list[Feature] = []
        counts: Counter[str] = Counter()
        for index, example in enumerate(examples):
            question, answer = self._shortened(example.question), example.answers[0]
            encodings = self._windows(question, example.passage)
            tokens = len(answer_tokens(self._whole(question, example.passage, encodings), answer))
            windows = [passage_window(encoding, answer, tokens) for encoding in encodings]
            for encoding, window in zip(encodings, windows, strict=True):
                features.append(Feature(encoder_inputs(encoding, self.tokenizer), index, window))
            counts[SHORTENED] += question != example.question
            counts[DROPPED] += not tokens
            counts[IN_NO_WINDOW] += tokens > 0 and not any(window.end for window in windows)
        return features, counts

    def _shortened(self, question: str) -> str:
        """Cut a question after the last token that is read."""
        offsets = self.tokenizer(question, add_special_tokens=False).encodings[0].offsets
        if len(offsets) <= self.longest_question:
            return question
        return question[: offsets[self.longest_question - 1][1]]

    def _windows(self, question: str, passage: str) -> list[Encoding]:
        return self.tokenizer(
            question,
            passage,
            truncation="only_second",
            max_length=self.settings["longest"],
            stride=self.settings["stride"],
            return_overflowing_tokens=True,
        ).encodings

    def _whole(self, question: str, passage: str, windows: Sequence[Encoding]) -> Encoding:
        """Encode a passage in one piece, which a single window is already."""
        if len(windows) == 1:
            return windows[0]
        return self.tokenizer(question, passage, verbose=False).encodings[0]

    def targets(self, features: Sequence[Feature]) -> dict[str, Tensor]:
        """Collate what SpanHead reads."""
        windows = [feature.details for feature in features]
        return {
            "tokens": pad([[True] * len(feature) for feature in features], False),
            "passage": pad([window.passage for window in windows], False),
            "starts": torch.tensor([window.start for window in windows]),
            "ends": torch.tensor([window.end for window in windows]),
        }

    def decode(self, outputs: dict[str, Tensor], features: Sequence[Feature]) -> list[Span]:
        """Find the best span of each window."""
        best = best_spans(outputs["start"], outputs["end"], self.settings["longest_answer"])
        spans = []
        for feature, logit, first, last in zip(features, *best, strict=True):
            offsets = feature.details.offsets
            spans.append(Span(float(logit), offsets[first][0], offsets[last][1]))
        return spans

    def predictions(
        self, decoded: Sequence[Span], features: Sequence[Feature], examples: Sequence[Question]
    ) -> list[str]:
        """Take the answer of each question's best window, as it stands in the passage."""
        best: dict[int, Span] = {}
        for feature, span in zip(features, decoded, strict=True):
            known = best.get(feature.example)
            if known is None or span.logit > known.logit:
                best[feature.example] = span
        return [
            question.passage[best[index].start : best[index].end]
            for index, question in enumerate(examples)
        ]

    def score(self, predictions: Sequence[str], examples: Sequence[Question]) -> dict[str, Score]:
        """Compute exact match and F1, as the official script of SQuAD 1.1 does."""
        pairs = [
            (prediction, [answer.text for answer in question.answers])
            for prediction, question in zip(predictions, examples, strict=True)
        ]
        return {
            "exact_match": score_of(exact_match(*pair) for pair in pairs),
            "f1": score_of(f1(*pair) for pair in pairs),
        }

    def write(
        self,
        predictions: Sequence[str],
        examples: Sequence[Question],
        source: Path,
        path: Path,
    ) -> None:
        """Write one JSON object from the identifiers of questions to answers."""
        answers = {
            question.identifier: prediction
            for prediction, question in zip(predictions, examples, strict=True)
        }
        path.write_text(json.dumps(answers, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def answer_tokens(encoding: Encoding, answer: Answer) -> list[int]:
    """Give the tokens of the passage that overlap the answer, blanks at its ends aside.

    Characters that the tokenizer drops (accents, vowel signs, joiners) belong to no token, also at
    the answer's ends.
    """
    start = answer.start + len(answer.text) - len(answer.text.lstrip())
    end = start + len(answer.text.strip())
    places = zip(encoding.sequence_ids, encoding.offsets, strict=True)
    return [
        token
        for token, (sequence, (token_start, token_end)) in enumerate(places)
        if sequence == 1 and token_start < end and token_end > start
    ]


def passage_window(encoding: Encoding, answer: Answer, tokens: int) -> Window:
    """Locate a window in its passage, and the answer in the window.

    tokens: of the answer in the whole passage; a window with fewer does not hold it.
    """
    inside = answer_tokens(encoding, answer)
    first, last = (inside[0], inside[-1]) if inside and len(inside) == tokens else (0, 0)
    passage = tuple(sequence == 1 for sequence in encoding.sequence_ids)
    return Window(tuple(encoding.offsets), passage, first, last)


def best_spans(start: Tensor, end: Tensor, longest: int) -> tuple[Tensor, Tensor, Tensor]:
    """Find in each row the span of at most `longest` tokens with the highest sum of logits.

    start, end: batch x tokens. Returns logit, first and last token (batch each). The shorter span
    wins a tie, then the first.
    """
    tokens = start.shape[1]
    logit = torch.full(start.shape[:1], -torch.inf)
    first = torch.zeros(start.shape[:1], dtype=torch.long)
    last = torch.zeros_like(first)
    for distance in range(min(longest, tokens)):
        sums, position = (start[:, : tokens - distance] + end[:, distance:]).max(-1)
        better = sums > logit
        logit = torch.where(better, sums, logit)
        first = torch.where(better, position, first)
        last = torch.where(better, position + distance, last)
    return logit, first, last


def _check_stride(settings: Mapping[str, Any], question: int, tokenizer: Tokenizer) -> None:
    """Raise InputError unless a window has room for more passage than it shares with the next."""
    special = tokenizer.num_special_tokens_to_add(pair=True)
    room = settings["longest"] - question - special
    if not 0 <= settings["stride"] < room:
        raise InputError(
            f"question_answering: found stride {settings['stride']}; allowed: 0 to {room - 1}, as "
            f"longest = {settings['longest']} tokens hold a question of up to {question} tokens, "
            f"{special} special tokens, and more passage than two windows share"
        )


TASK = QuestionAnswering

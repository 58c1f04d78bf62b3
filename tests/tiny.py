"""A tiny random encoder and tiny tasks, for tests of fine-tuning."""

import string
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from bertology.corpora.inference import write_pairs
from bertology.corpora.questions import write_questions
from bertology.corpora.shapes import (
    INFERENCE_LABELS,
    Answer,
    Question,
    SentencePair,
    TreeSentence,
)
from bertology.corpora.treebank import write_treebank

LETTERS = string.ascii_lowercase + string.digits + ".,?'"
LAYERS = 2
LONGEST = 64
SETTINGS = {
    "learning_rate": 3e-3,
    "head_learning_rate_factor": 1,
    "batch_size": 4,
    "epochs": 2,
    "longest": LONGEST,
    "warmup_fraction": 0.1,
    "weight_decay": 0.01,
    "clip": 1.0,
    "arc_size": 16,
    "relation_size": 8,
    "dropout": 0.33,
    "word": "first",
    "stride": 8,
    "longest_answer": 12,
}
TASKS = ("parsing", "inference", "question_answering")


def tokenizer(letters: Iterable[str] = LETTERS) -> PreTrainedTokenizerFast:
    """Cut words into letters, as BERT's tokenizer does with words that it does not know."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = [*special, *letters, *(f"##{letter}" for letter in letters)]
    numbers = {token: number for number, token in enumerate(vocabulary)}
    backend = Tokenizer(models.WordPiece(numbers, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def write_encoder(folder: Path) -> Path:
    """Write a random BERT of 2 layers of 32 units."""
    of_letters = tokenizer()
    config = BertConfig(
        vocab_size=len(of_letters),
        hidden_size=32,
        num_hidden_layers=LAYERS,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=LONGEST + 16,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(config).save_pretrained(folder)
    of_letters.save_pretrained(folder)
    return folder


def word(generator: np.random.Generator, longest: int = 4) -> str:
    letters = generator.choice(list(string.ascii_lowercase), generator.integers(1, longest + 1))
    return "".join(letters)


def tree(generator: np.random.Generator, words: int) -> tuple[int, ...]:
    """Draw heads: each word hangs on one that comes before it in a random order."""
    order = generator.permutation(words) + 1
    heads = [0] * words
    for position in range(1, words):
        heads[order[position] - 1] = int(order[generator.integers(position)])
    return tuple(heads)


def sentences(count: int, seed: int = 0, most_words: int = 8) -> list[TreeSentence]:
    generator = np.random.default_rng(seed)
    result = []
    for number in range(count):
        heads = tree(generator, int(generator.integers(2, most_words + 1)))
        names = generator.choice(["nsubj:pass", "obj", "punct"], len(heads))
        relations = [
            "root" if head == 0 else str(name) for head, name in zip(heads, names, strict=True)
        ]
        tags = ["PUNCT" if relation == "punct" else "NOUN" for relation in relations]
        result.append(
            TreeSentence(
                identifier=f"s{number}",
                words=tuple(word(generator) for _ in heads),
                universal_tags=tuple(tags),
                treebank_tags=tuple(tags),
                heads=heads,
                relations=tuple(relations),
            )
        )
    return result


def pairs(count: int, seed: int = 0) -> list[SentencePair]:
    generator = np.random.default_rng(seed)
    texts = [
        " ".join(word(generator) for _ in range(generator.integers(1, 6))) for _ in range(2 * count)
    ]
    return [
        SentencePair(f"p{i}", texts[2 * i], texts[2 * i + 1], INFERENCE_LABELS[i % 3])
        for i in range(count)
    ]


def questions(count: int, seed: int = 0, passage_words: int = 8) -> list[Question]:
    """Questions whose answer is any part of two words or fewer of the passage."""
    generator = np.random.default_rng(seed)
    result = []
    for number in range(count):
        words = [word(generator) for _ in range(passage_words)]
        first = int(generator.integers(passage_words))
        text = " ".join(words[first : first + 2])
        start = len(" ".join([*words[:first], ""]))
        answer = Answer(text, start)
        asked = " ".join(word(generator) for _ in range(2)) + "?"
        result.append(Question(f"q{number}", "Title", " ".join(words), asked, (answer,)))
    return result


def write_task(task: str, folder: Path, sizes: dict[str, int], seed: int = 0) -> Path:
    """Write train, dev and test; with the same seed, the smaller is a part of the larger."""
    make, write, extension = {
        "parsing": (sentences, write_treebank, "conllu"),
        "inference": (pairs, write_pairs, "jsonl"),
        "question_answering": (questions, write_questions, "json"),
    }[task]
    folder.mkdir(parents=True, exist_ok=True)
    for split, size in sizes.items():
        write(folder / f"{split}.{extension}", make(size, seed))
    return folder

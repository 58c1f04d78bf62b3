"""Encoders of known size, and examples of each task as long as those of the real corpora.

Speed depends on lengths and sizes, not on what words say: weights are random, a word is a letter
and a token. Lengths are drawn from the quantiles of real ones: in tokens of MiniLM's tokenizer
without [CLS] and [SEP], of UD English EWT r2.16 (test), MultiNLI 1.0 (the first 4,000 pairs of dev
matched) and SQuAD 1.1 (dev, two a passage). The one text of 335 tokens in EWT is left out.
"""

import string
import sys
from pathlib import Path

import numpy as np
import torch
from transformers import BertConfig, BertModel

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from bertology.corpora.inference import write_pairs
from bertology.corpora.questions import write_questions
from bertology.corpora.shapes import (
    INFERENCE_LABELS,
    Answer,
    Question,
    SentencePair,
    Stimulus,
    TreeSentence,
)
from bertology.corpora.stimuli import write_stimuli
from bertology.corpora.treebank import write_treebank
from tiny import tokenizer

SMALL, BASE = (6, 384), (12, 768)
"""Layers and width of the packaged MiniLM and of BERT base."""
TOKENS_PER_BATCH = 512
"""Of a cache, as in config.yaml."""
VOCABULARY, POSITIONS, UNITS_PER_HEAD = 30522, 512, 32
LETTERS = np.array(list(string.ascii_lowercase))
RELATIONS = ("nsubj", "obj", "det", "punct", "advmod")
EWT = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 17, 20, 22, 26, 30, 39, 79)
PREMISES = (1, 6, 8, 9, 11, 12, 14, 15, 17, 19, 21, 22, 24, 27, 29, 32, 35, 39, 44, 52, 139)
HYPOTHESES = (1, 5, 6, 7, 8, 9, 9, 10, 10, 11, 11, 12, 13, 13, 14, 15, 16, 17, 18, 21, 54)
PASSAGES = (
    *(30, 72, 96, 105, 111, 117, 122, 127, 133, 139, 147),
    *(154, 160, 168, 177, 186, 199, 216, 242, 278, 789),
)
QUESTIONS = (4, 7, 8, 8, 9, 10, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 16, 17, 20, 37)


def write_encoder(folder: Path, layers: int, width: int) -> Path:
    """Write a random BERT with the tokenizer of letters."""
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=width // UNITS_PER_HEAD,
        intermediate_size=4 * width,
        max_position_embeddings=POSITIONS,
    )
    torch.manual_seed(0)
    BertModel(config).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def drawn_lengths(quantiles: tuple[int, ...], count: int, generator: np.random.Generator) -> list:
    places = np.linspace(0, 1, len(quantiles))
    return np.interp(generator.random(count), places, quantiles).round().astype(int).tolist()


def texts(quantiles: tuple[int, ...], count: int, generator: np.random.Generator) -> list:
    """Draw texts, each a list of words."""
    lengths = drawn_lengths(quantiles, count, generator)
    return [generator.choice(LETTERS, length).tolist() for length in lengths]


def write_texts(path: Path, count: int, seed: int = 0) -> Path:
    """Write stimuli as long as the sentences of EWT."""
    drawn = texts(EWT, count, np.random.default_rng(seed))
    write_stimuli(
        path,
        (
            Stimulus(f"s{number}", (tuple(words),), None, f"s{number}", f"s{number}", ())
            for number, words in enumerate(drawn)
        ),
    )
    return path


def write_parsing(path: Path, count: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    trees = []
    for number, words in enumerate(texts(EWT, count, generator)):
        heads = [0, *(int(generator.integers(1, place)) for place in range(2, len(words) + 1))]
        relations = ["root", *generator.choice(RELATIONS, len(words) - 1).tolist()]
        tags = ("NOUN",) * len(words)
        trees.append(
            TreeSentence(f"t{number}", tuple(words), tags, tags, tuple(heads), tuple(relations))
        )
    write_treebank(path, trees)


def write_inference(path: Path, count: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    parts = [texts(quantiles, count, generator) for quantiles in (PREMISES, HYPOTHESES)]
    labels = generator.choice(INFERENCE_LABELS, count).tolist()
    pairs = zip(*parts, labels, strict=True)
    write_pairs(
        path,
        (
            SentencePair(f"p{number}", " ".join(premise), " ".join(hypothesis), label)
            for number, (premise, hypothesis, label) in enumerate(pairs)
        ),
    )


def write_question_answering(path: Path, count: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    parts = [texts(quantiles, count, generator) for quantiles in (PASSAGES, QUESTIONS)]
    questions = []
    for number, (passage, question) in enumerate(zip(*parts, strict=True)):
        start = int(generator.integers(len(passage)))
        answer = Answer(passage[start], 2 * start)
        named = (f"q{number}", f"title {number}", " ".join(passage), " ".join(question))
        questions.append(Question(*named, (answer,)))
    write_questions(path, questions)


WRITE = {
    "parsing": (write_parsing, "conllu"),
    "inference": (write_inference, "jsonl"),
    "question_answering": (write_question_answering, "json"),
}
"""By task: what writes its examples, and the ending of their file."""


def write_task(folder: Path, task: str, sizes: dict[str, int]) -> Path:
    """Write the splits of a task, `sizes` examples each."""
    folder.mkdir(parents=True)
    write, ending = WRITE[task]
    for seed, (split, size) in enumerate(sizes.items()):
        write(folder / f"{split}.{ending}", size, seed)
    return folder

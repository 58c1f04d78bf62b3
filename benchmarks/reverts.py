"""Time of scoring a tuned model with each part put back, against each variant from scratch.

From scratch the encoder of a variant is run as a whole. Ours begins at the first layer that a
variant changes. A variant is a word over {tuned, pretrained}, a letter a layer; as many layers must
be run as these words have different beginnings, and the bar is a tenth above that share of all
layers (.58 of 6 layers, .54 of 12: it cannot be a third). Sentence pairs as long as MultiNLI's, one
thread. Run by `make bench`, or `python benchmarks/reverts.py`.
"""

import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch
import yaml
from examples import BASE, SMALL, write_encoder, write_inference
from harness import OURS, REPOSITORY, Bar, Report
from torch import Tensor

from bertology.encoder_tokenizers import load_tokenizer
from bertology.encoders import load_encoder
from bertology.finetuning.inference import Inference
from bertology.finetuning.prediction import Predictor, Split
from bertology.finetuning.runs import build_model
from bertology.transplants.parts import transplanted
from bertology.transplants.reverts import RevertedEncoder

PAIRS = {SMALL: 32, BASE: 4}
SCRATCH = "from scratch"
ALLOWED = 1.1


def from_scratch(reverted: RevertedEncoder, inputs: dict[str, Tensor]) -> Iterator[Tensor]:
    for revert in reverted.reverts:
        parts = revert.parts(reverted.depth)
        with transplanted(reverted.model.encoder, reverted.pretrained, parts):
            yield reverted.model.hidden(inputs)


def least_share(reverted: RevertedEncoder) -> float:
    """Give the share of all layers of all variants that must be run."""
    letters = range(reverted.depth + 1)
    words = [
        tuple(letter in revert.parts(reverted.depth) for letter in letters)
        for revert in reverted.reverts
    ]
    beginnings = {word[:end] for word in words for end in range(2, len(word) + 1)}
    return len(beginnings) / (len(words) * reverted.depth)


def measure(report: Report, folder: Path, size: tuple[int, int]) -> None:
    settings = yaml.safe_load((REPOSITORY / "config.yaml").read_text())["tasks"]["inference"]
    encoder, pairs = write_encoder(folder / "encoder", *size), folder / "test.jsonl"
    write_inference(pairs, PAIRS[size], 0)
    tokenizer = load_tokenizer(encoder)
    task = Inference(tokenizer, settings, [])
    model = build_model(task, encoder, "full", "float32", settings["longest"], seed=1).eval()
    predictor = Predictor(model, task, tokenizer, settings["batch_size"])
    examples = task.read(pairs)
    split = Split(pairs, examples, task.features(examples, False)[0])
    reverted = RevertedEncoder(model, load_encoder(encoder))
    ways = {
        OURS: partial(predictor.predict_each, split, reverted.reverts, reverted.last_states),
        SCRATCH: partial(
            predictor.predict_each, split, reverted.reverts, partial(from_scratch, reverted)
        ),
    }
    bar = Bar(SCRATCH, most=ALLOWED * least_share(reverted))
    report.measure("{} x {}".format(*size), ways, [bar])


def main() -> int:
    torch.set_num_threads(1)
    report = Report("reverts")
    for size in (SMALL, BASE):
        with tempfile.TemporaryDirectory() as folder:
            measure(report, Path(folder), size)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())

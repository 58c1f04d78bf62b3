"""Time of training with the first layers frozen: their output stored, against computed each epoch.

The packaged MiniLM (6 layers of 384) on inference over pairs of the grammar, with development data
after each epoch; storing is part of the time. Aim: storing saves time from the second epoch on. Run
by `make bench`, or `python benchmarks/frozen_prefix.py [frozen layers] [pairs] [threads]`.
"""

import logging
import sys
import tempfile
import time
from pathlib import Path

import torch
import yaml
from transformers.utils.logging import disable_progress_bar

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from bertology.corpora.grammar.write import write_grammar_corpus
from bertology.encoder_sources import fetch_encoder
from bertology.encoder_tokenizers import load_tokenizer
from bertology.finetuning import prediction
from bertology.finetuning.inference import Inference
from bertology.finetuning.prediction import Predictor, Split
from bertology.finetuning.trainer import EncoderSaver, TaskTrainer, build_model

REPOSITORY = Path(__file__).resolve().parents[1]
LARGEST_RATIO = 1.0
EPOCHS = (2, 3)
REPETITIONS = 2
DEFAULT_SIZE = [4, 480, 1]
STORED_BYTES = prediction.STORED_BYTES


def train(folder: Path, settings: dict, layers: int, stored_bytes: int) -> float:
    """Train once and return the seconds that it took, loading and testing aside."""
    prediction.STORED_BYTES = stored_bytes
    tokenizer = load_tokenizer(folder / "encoder")
    paths = [folder / "data" / f"{name}.jsonl" for name in ("train", "dev")]
    task = Inference(tokenizer, settings, [])
    model = build_model(
        task, folder / "encoder", f"freeze-{layers}", "float32", settings["longest"], seed=1
    )
    splits = [Split(path, read := task.read(path), task.features(read, True)[0]) for path in paths]
    predictor = Predictor(model, task, tokenizer, settings["batch_size"])
    saver = EncoderSaver(folder / "encoder", folder / "checkpoints", ())
    started = time.perf_counter()
    TaskTrainer(predictor, *splits, settings, 1, folder / "out", saver).train()
    return time.perf_counter() - started


def measure(folder: Path, settings: dict, layers: int) -> bool:
    """Train in turn with and without storing; take the best, as other work only ever adds time."""
    ratios = []
    for epochs in EPOCHS:
        of_epochs, computed, stored = {**settings, "epochs": epochs}, float("inf"), float("inf")
        for _ in range(REPETITIONS):
            computed = min(computed, train(folder, of_epochs, layers, stored_bytes=0))
            stored = min(stored, train(folder, of_epochs, layers, STORED_BYTES))
        ratios.append(stored / computed)
        print(
            f"freeze-{layers}, {epochs} epochs: computed each epoch {computed:6.2f} s, "
            f"stored {stored:6.2f} s = {ratios[-1]:.2f} x"
        )
    print(f"bound: {LARGEST_RATIO} x")
    return max(ratios) < LARGEST_RATIO


def main() -> int:
    layers, pairs, threads = [int(argument) for argument in sys.argv[1:]] or DEFAULT_SIZE
    torch.set_num_threads(threads)
    logging.disable(logging.WARNING)
    disable_progress_bar()
    config = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        fetch_encoder(config["encoders"]["minilm"], folder / "encoder")
        sizes = {"train": pairs, "dev": pairs // 6, "test": 1}
        write_grammar_corpus("market", "inference", sizes, 1, folder / "data")
        return 0 if measure(folder, config["tasks"]["inference"], layers) else 1


if __name__ == "__main__":
    sys.exit(main())

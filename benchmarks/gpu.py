"""What a GPU does with this project: the same results as a CPU, and how much of its speed is used.

One command, under ten minutes: `python benchmarks/gpu.py` (with `--rates` no study is run). It
measures the rate of bare matrix products in bfloat16 and in float32, the rate at which an encoder
of 12 x 768 is fine-tuned (128 tokens a sequence) and at which its activations are computed, and
runs the smoke study on the GPU and on the CPU, both in float32, whose tables must agree. Without a
GPU it says so and ends.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from examples import BASE, write_encoder
from harness import REPOSITORY, Bar, Report

from bertology.activations import all_layers
from bertology.encoders import load_encoder
from bertology.finetuning.inference import Classifier
from bertology.finetuning.model import TaskModel

SEQUENCES, TOKENS, STEPS = 64, 128, 20
MATRIX, ROUNDS = 8192, 5
LARGEST_DIFFERENCE = {"similarity": 0.02, "weights": 0.02}
"""Of the median difference of values between CPU and GPU, whose sums are in another order."""
STUDY = ["--configfile", "studies/smoke.yaml", "--cores", str(os.cpu_count())]


def rate(work: Callable[[], object], operations: float, device: str) -> np.ndarray:
    """Return the operations a second of some rounds, after one that does not count."""
    found = []
    for _ in range(ROUNDS + 1):
        _wait(device)
        started = time.perf_counter()
        work()
        _wait(device)
        found.append(operations / (time.perf_counter() - started))
    return np.array(found[1:])


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def matrix_rate(device: str, kind: torch.dtype, size: int = MATRIX) -> np.ndarray:
    first, second = (torch.randn(size, size, device=device, dtype=kind) for _ in range(2))
    return rate(lambda: first @ second, 2 * size**3, device)


def operations_of(encoder: torch.nn.Module, sequences: int, tokens: int) -> float:
    """Count those of the forward pass: products with weights, and of attention."""
    config = encoder.config
    weights = sum(weight.numel() for weight in encoder.encoder.parameters() if weight.ndim > 1)
    attention = 2 * tokens * config.hidden_size * config.num_hidden_layers
    return 2 * (weights + attention) * sequences * tokens


def inputs_of(encoder: torch.nn.Module, sequences: int, tokens: int, device: str) -> dict:
    numbers = torch.randint(0, encoder.config.vocab_size, (sequences, tokens), device=device)
    return {"input_ids": numbers, "attention_mask": torch.ones_like(numbers)}


def training_rate(folder: Path, device: str, sequences: int, tokens: int, steps: int) -> np.ndarray:
    """Fine-tune in bfloat16 as `TaskModel` does, optimizer included; three passes a step."""
    encoder = load_encoder(folder)
    head = Classifier(encoder.config.hidden_size, 3, 0.1)
    model = TaskModel(encoder, head, bfloat16=True).to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
    inputs = inputs_of(encoder, sequences, tokens, device)
    targets = {"labels": torch.zeros(sequences, dtype=torch.long, device=device)}

    def train() -> None:
        for _ in range(steps):
            optimizer.zero_grad()
            model(inputs, targets)["loss"].backward()
            optimizer.step()

    return rate(train, 3 * steps * operations_of(encoder, sequences, tokens), device)


def caching_rate(folder: Path, device: str, sequences: int, tokens: int) -> np.ndarray:
    """Compute all hidden states, as the cache has them."""
    encoder = load_encoder(folder).to(device)
    inputs = inputs_of(encoder, sequences, tokens, device)
    with torch.inference_mode():
        operations = operations_of(encoder, sequences, tokens)
        return rate(lambda: all_layers(encoder, inputs), operations, device)


def measure_rates(report: Report, folder: Path) -> None:
    encoder = write_encoder(folder / "encoder", *BASE)
    found = {
        "matrices in bfloat16": matrix_rate("cuda", torch.bfloat16),
        "matrices in float32": matrix_rate("cuda", torch.float32),
        "fine-tuning": training_rate(encoder, "cuda", SEQUENCES, TOKENS, STEPS),
        "caching": caching_rate(encoder, "cuda", SEQUENCES, TOKENS),
    }
    for what, each in found.items():
        print(f"{what:30}{np.median(each) / 1e12:9.1f} TFLOP/s", flush=True)
    # Activations are computed in float32, and so is their limit.
    for what, of, least in (("fine-tuning", "bfloat16", 0.4), ("caching", "float32", 0.5)):
        shares = found[what] / np.median(found[f"matrices in {of}"])
        bar = Bar(f"{what} / matrices in {of}", least=least, name="1")
        report.note("12 x 768, 128 tokens", bar, shares)


def run_study(study: str, gpus: int) -> Path:
    """Run the smoke study, whose jobs have a GPU each (1) or none (0)."""
    settings = ["--config", f"study={study}", "precision=float32", f"gpus={gpus}"]
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/local", *STUDY, *settings]
    started = time.perf_counter()
    subprocess.run(command, check=True, cwd=REPOSITORY)
    print(f"{study}: {time.perf_counter() - started:.0f} s", flush=True)
    return REPOSITORY / "results" / study / "tables"


def compare_tables(report: Report, cpu: Path, gpu: Path) -> None:
    for name, allowed in LARGEST_DIFFERENCE.items():
        tables = [pd.read_csv(folder / f"{name}.csv") for folder in (cpu, gpu)]
        differences = (tables[0]["value"] - tables[1]["value"]).abs()
        values = np.array([differences.median()])
        report.note(
            f"smoke study, {name}", Bar("CPU less GPU", most=allowed, name="median"), values
        )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rates", action="store_true", help="measure rates, run no study")
    rates_alone = parser.parse_args(arguments).rates
    if not torch.cuda.is_available():
        print("no GPU here: nothing was measured")
        return 2
    print(torch.cuda.get_device_name())
    report = Report("gpu")
    with tempfile.TemporaryDirectory() as folder:
        measure_rates(report, Path(folder))
    if not rates_alone:
        gpu, cpu = run_study("smoke-gpu", 1), run_study("smoke-cpu", 0)
        compare_tables(report, cpu, gpu)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())

"""How often intervals of 95 % hold the truth, by number of seeds and by how much seeds differ.

Simulated scores of sentences vary by sentence, by run, and by both. `percentiles` draws sentences
and seeds with replacement and takes percentiles, as the Multi-Bootstrap does; `ours` is
bertology.statistics. Then ours of one run on a text of few documents of 5 to 14 sentences, which
resemble one another. Nothing is bounded here: it is what the choice between the two rests on. Run
by `python benchmarks/statistics/coverage.py [simulations]`.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow_scripts"))

from bertology.statistics import Estimate, Resamples

SENTENCES, RESAMPLES, LEVEL = 150, 400, 0.95
SEEDS = (1, 2, 3, 5, 10)
SPREADS = (0, 0.5, 1, 2, 5)
"""Of runs, where that of a mean over sentences is 1."""
DOCUMENTS = (2, 3, 5, 10, 20, 40, 100)


def scores(generator: np.random.Generator, seeds: int, spread: float) -> np.ndarray:
    """Draw a score, whose truth is 0, of each run and sentence."""
    size = np.sqrt(SENTENCES)
    shared = generator.normal(0, size, SENTENCES)
    runs = generator.normal(0, spread, (seeds, 1))
    return shared + runs + generator.normal(0, 0.5 * size, (seeds, SENTENCES))


def percentiles(draws: np.ndarray, generator: np.random.Generator) -> tuple[float, float]:
    resampled = draws[1:]
    drawn = generator.integers(resampled.shape[1], size=resampled.shape)
    means = np.take_along_axis(resampled, drawn, axis=1).mean(axis=1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def coverage(seeds: int, spread: float, simulations: int) -> tuple[float, float]:
    """Return the share of intervals that hold the truth: of percentiles, and of ours."""
    generator = np.random.default_rng(1)
    resamples = Resamples.draw(SENTENCES, RESAMPLES, 2)
    ones = np.ones((seeds, SENTENCES))
    held = np.zeros(2)
    for _ in range(simulations):
        draws = resamples.ratios(scores(generator, seeds, spread), ones)
        bounds = percentiles(draws, generator), Estimate.of(draws).interval(LEVEL)
        held += [low <= 0 <= high for low, high in bounds]
    first, second = 100 * held / simulations
    return first, second


def coverage_of_few(documents: int, simulations: int) -> float:
    """Return the share of our intervals that hold the truth on a text of so many documents."""
    generator = np.random.default_rng(1)
    held = 0
    for _ in range(simulations):
        of = np.repeat(np.arange(documents), generator.integers(5, 15, documents))
        values = generator.normal(0, 1, documents)[of] + generator.normal(0, 1, len(of))
        resamples = Resamples.draw(len(of), RESAMPLES, 2, of.tolist())
        draws = resamples.ratios(values[None], np.ones((1, len(of))))
        low, high = Estimate.of(draws).interval(LEVEL)
        held += low <= 0 <= high
    return 100 * held / simulations


def main() -> None:
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"{simulations} simulations, {SENTENCES} sentences: per cent of intervals with the truth")
    print("seeds  spread  percentiles  ours")
    for seeds in SEEDS:
        for spread in SPREADS if seeds > 1 else (0,):
            first, second = coverage(seeds, spread, simulations)
            print(f"{seeds:5}  {spread:6}  {first:11.1f}  {second:4.1f}")
    print("documents  ours")
    for documents in DOCUMENTS:
        print(f"{documents:9}  {coverage_of_few(documents, simulations):4.1f}")


if __name__ == "__main__":
    main()

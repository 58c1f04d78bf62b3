"""Times of our code and of its peers on the same work, and the bars that their ratios must meet.

All are run in turn, round by round, so that what else the machine does falls on all of them alike;
a ratio is taken within a round. Each benchmark writes `results/benchmarks/<name>.csv`, which
`benchmarks/summary.py` puts together.
"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDER = REPOSITORY / "results" / "benchmarks"
ROUNDS = 3
QUARTILES = (0.25, 0.5, 0.75)
OURS = "ours"
TIMES = ("work", "what", "seconds", "low", "high")
RATIOS = ("work", "ratio", "value", "low", "high", "bar", "met")

sys.path.insert(0, str(REPOSITORY / "workflow_scripts"))


@dataclass(frozen=True)
class Bar:
    """What ours must be beside a peer: at `least` so many times as fast, or take at `most` so many
    times as long. Without either, the ratio is reported alone. name: of ours, where there are more.
    """

    peer: str
    least: float | None = None
    most: float | None = None
    name: str = OURS

    def ratios(self, seconds: Mapping[str, np.ndarray]) -> np.ndarray:
        """Give the ratio of each round."""
        ours, peer = seconds[self.name], seconds[self.peer]
        return ours / peer if self.most is not None else peer / ours

    def met(self, low: float, high: float) -> bool:
        """Say whether the bar is met, or missed by no more than noise: quartiles of the ratio."""
        if self.most is not None:
            return low <= self.most
        return self.least is None or high >= self.least

    @property
    def ratio(self) -> str:
        """Say what is divided by what."""
        over = (self.name, self.peer) if self.most is not None else (self.peer, self.name)
        return " / ".join(over)

    def __str__(self) -> str:
        if self.most is not None:
            return f"at most {self.most:g}"
        return "" if self.least is None else f"at least {self.least:g}"


@dataclass
class Report:
    """The times and ratios of one benchmark."""

    name: str
    times: list[dict] = field(default_factory=list)
    ratios: list[dict] = field(default_factory=list)

    def measure(
        self,
        work: str,
        ways: Mapping[str, Callable[[], object]],
        bars: Sequence[Bar],
        rounds: int = ROUNDS,
        warm: bool = True,
    ) -> None:
        """Time the ways to do a work, in turn; warm: after one run of each that does not count."""
        found = run_in_turn(ways, rounds, warm)
        for what, each in found.items():
            low, middle, high = np.quantile(each, QUARTILES)
            self.times.append(dict(zip(TIMES, (work, what, middle, low, high), strict=True)))
            print(f"{work}: {what:40}{middle:9.3f} s  [{low:.3f}, {high:.3f}]", flush=True)
        for bar in bars:
            self.note(work, bar, bar.ratios(found))

    def note(self, work: str, bar: Bar, values: np.ndarray) -> None:
        """Take in the ratios of some rounds."""
        low, middle, high = np.quantile(values, QUARTILES)
        met = bar.met(low, high)
        row = (work, bar.ratio, middle, low, high, str(bar), met)
        self.ratios.append(dict(zip(RATIOS, row, strict=True)))
        said = f"bar: {bar}" + ("" if met else ", MISSED") if str(bar) else "no bar"
        print(f"{work}: {bar.ratio:40}{middle:9.2f} x  [{low:.2f}, {high:.2f}]  {said}", flush=True)

    def finish(self) -> int:
        """Write the tables; return the exit status, 1 where a bar is missed."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(self.times, columns=list(TIMES)).to_csv(
            FOLDER / f"{self.name}.times.csv", index=False
        )
        ratios = pd.DataFrame(self.ratios, columns=list(RATIOS))
        ratios.to_csv(FOLDER / f"{self.name}.csv", index=False)
        return int(not ratios["met"].all())


def run_in_turn(
    ways: Mapping[str, Callable[[], object]], rounds: int, warm: bool = True
) -> dict[str, np.ndarray]:
    """Return the seconds that each way took in each round."""
    if warm:
        for way in ways.values():
            seconds(way)
    times = [{name: seconds(way) for name, way in ways.items()} for _ in range(rounds)]
    return {name: np.array([each[name] for each in times]) for name in ways}


def seconds(work: Callable[[], object]) -> float:
    """Time a work; where it gives back another one, it only prepared that, which is timed."""
    started = time.perf_counter()
    prepared = work()
    if callable(prepared):
        started = time.perf_counter()
        prepared()
    return time.perf_counter() - started

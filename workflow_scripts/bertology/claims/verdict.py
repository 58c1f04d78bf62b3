"""A claim's cells, and the verdict on each cell, on the parts of a claim, and on the claim.

A part of a claim says that a quantity lies above (or below) a boundary in each of its cells: each
task, say. It is supported where every cell is: a conjunction of tests at a level has that level
(Berger 1982, "Multiparameter hypothesis testing and acceptance sampling"), so no p value is
corrected. It is contradicted where a cell lies beyond the boundary on the other side: one of many
is enough, so these p values are corrected (Holm) for all cells of the claim. All else is
inconclusive.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bertology.statistics import CountDifference, Estimate, holm

SUPPORTED, CONTRADICTED, INCONCLUSIVE = "supported", "contradicted", "inconclusive"
MOST_SEEDS, MOST_TEXTS = 1000, 1000.0


@dataclass(frozen=True)
class Rules:
    """What a verdict needs: level of the intervals, and the least number of seeds."""

    level: float
    least_seeds: int

    @property
    def error(self) -> float:
        """The error rate of a one-sided test, as one end of an interval has it."""
        return (1 - self.level) / 2


@dataclass(frozen=True)
class Cell:
    """One quantity that a claim is about.

    where: what tells the cell from others (task, other_task, text, probe, layer). direction: the
    side of the boundary on which the claim puts it, above or below. table, rows: where its numbers
    stand in the study's tables.
    """

    where: dict[str, str]
    estimate: Estimate | CountDifference
    boundary: float
    direction: str
    unit: str
    table: str
    rows: str

    def p_for(self) -> float:
        """Test whether the truth lies on the side that the claim says."""
        return self._test(self.direction)

    def p_against(self) -> float:
        """Test whether the truth lies on the other side."""
        return self._test("below" if self.direction == "above" else "above")

    def _test(self, side: str) -> float:
        test = self.estimate.p_above if side == "above" else self.estimate.p_below
        return test(self.boundary)


@dataclass(frozen=True)
class Judged:
    """A cell with its verdict; p_against is corrected for the cells of its claim."""

    cell: Cell
    p_for: float
    p_against: float
    verdict: str
    advice: str


@dataclass(frozen=True)
class Part:
    """One statement of a claim. missing: what it needs and the study has not.

    decides: whether the verdict on the claim rests on it, or it is reported beside that.
    """

    name: str
    statement: str
    cells: Sequence[Cell]
    missing: Sequence[str] = ()
    decides: bool = True


@dataclass(frozen=True)
class JudgedPart:
    """A part with its verdict, and the cell that decides it (none where there is no cell)."""

    part: Part
    verdict: str
    cells: Sequence[Judged]
    deciding: Judged | None


@dataclass(frozen=True)
class Claim:
    """A claim of the paper. notes: sentences on what was seen, on which no verdict rests.

    paper: what the paper says, and where this software's set-up is another one.
    """

    name: str
    statement: str
    parts: Sequence[JudgedPart]
    notes: Sequence[str]
    paper: str

    @property
    def verdict(self) -> str:
        """Supported if all parts that decide are, contradicted if one is."""
        return _joint([part.verdict for part in self.parts if part.part.decides])


def judge(parts: Sequence[Part], rules: Rules) -> list[JudgedPart]:
    """Give the verdict on each part of one claim, and on each of its cells.

    What is reported beside the verdict is corrected by itself.
    """
    judged: dict[str, JudgedPart] = {}
    for decides in (True, False):
        together = [part for part in parts if part.decides == decides]
        p_values = np.array([cell.p_against() for part in together for cell in part.cells])
        corrected = iter(holm(p_values))
        for part in together:
            cells = [_judge_cell(c, next(corrected), rules, len(p_values)) for c in part.cells]
            judged[part.name] = _judge_part(part, cells)
    return [judged[part.name] for part in parts]


def _judge_part(part: Part, cells: Sequence[Judged]) -> JudgedPart:
    verdicts = [cell.verdict for cell in cells]
    if part.missing:
        verdicts.append(INCONCLUSIVE)
    verdict = _joint(verdicts)
    return JudgedPart(part, verdict, cells, _deciding(cells, verdict))


def _judge_cell(cell: Cell, p_against: float, rules: Rules, among: int) -> Judged:
    p_for, verdict = cell.p_for(), INCONCLUSIVE
    if cell.estimate.seeds >= rules.least_seeds:
        if p_for <= rules.error:
            verdict = SUPPORTED
        elif p_against <= rules.error:
            verdict = CONTRADICTED
    advice = _advice(cell, rules, among) if verdict == INCONCLUSIVE else ""
    return Judged(cell, p_for, float(p_against), verdict, advice)


def _joint(verdicts: Sequence[str]) -> str:
    if CONTRADICTED in verdicts:
        return CONTRADICTED
    return SUPPORTED if verdicts and set(verdicts) == {SUPPORTED} else INCONCLUSIVE


def _deciding(cells: Sequence[Judged], verdict: str) -> Judged | None:
    """Give the cell most against the part if it is contradicted, else the one least for it."""
    if not cells:
        return None
    if verdict == CONTRADICTED:
        against = [cell for cell in cells if cell.verdict == CONTRADICTED]
        return min(against, key=lambda cell: cell.p_against)
    undecided = [cell for cell in cells if cell.verdict == verdict] or cells
    return max(undecided, key=lambda cell: cell.p_for)


def _advice(cell: Cell, rules: Rules, among: int) -> str:
    """Say how many seeds or sentences would decide a cell, if its estimate stays where it is.

    Against a claim it is decided when it is so corrected for the cells `among` which it stands.
    """
    estimate = cell.estimate
    if estimate.seeds < rules.least_seeds:
        return f"{rules.least_seeds} seeds or more: it has {estimate.seeds}"
    if np.isnan(estimate.value):
        return "there is no value: where full tuning gains nothing, there is nothing to recover"
    if isinstance(estimate, CountDifference):
        return "more seeds or sentences, for the layers that are near the margin"
    distance = abs(estimate.value - cell.boundary)
    if not distance > 0:
        return "the estimate lies on the boundary: no size is known to decide it"
    on_its_side = (estimate.value > cell.boundary) == (cell.direction == "above")
    level = rules.level if on_its_side else 1 - (1 - rules.level) / among
    ways = [
        *_seeds_needed(estimate, distance, level),
        *_texts_needed(lambda k: estimate.margin(level, texts=k), distance),
    ]
    if not ways:
        ways = _texts_needed(
            lambda k: estimate.margin(level, round(estimate.seeds * k), k),
            distance,
            " and the seeds",
        )
    return " or ".join(ways) or f"more than {MOST_TEXTS:.0f} times the sentences and the seeds"


def _seeds_needed(estimate: Estimate, distance: float, level: float) -> list[str]:
    """Give the least number of seeds at which the interval ends before the boundary."""
    for seeds in range(estimate.seeds + 1, MOST_SEEDS + 1):
        if estimate.margin(level, seeds) < distance:
            return [f"{seeds} seeds"]
    return []


def _texts_needed(margin: Callable[[float], float], distance: float, ending: str = "") -> list[str]:
    """Give how many times the sentences it takes for the margin to be below the distance."""
    if margin(MOST_TEXTS) >= distance:
        return []
    factor = next(k for k in np.geomspace(1, MOST_TEXTS, 200) if margin(k) < distance)
    return [f"{factor:.3g} times the sentences{ending}"]

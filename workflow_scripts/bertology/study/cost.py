"""What a study will take, before it starts: processor time, memory and disk, from measured rates.

The rates are those of one core in the default study and in studies/open.yaml (6 layers, 384 wide),
and of training steps with 12 layers, 768 wide; tests/unit/test_cost.py holds the account against
whole studies. What an encoder has to do is counted as tokens x layers x width^2.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from bertology.corpora.shapes import SPLITS
from bertology.errors import InputError
from bertology.study.memory import FLOAT32, MIB, Size, training_mb_of
from bertology.study.paths import TRANSPLANTED
from bertology.study.plan import PERMUTED, STRUCTURE, Row, Study
from bertology.variants import layers_of, part_of

SizesOf = Callable[[str], Mapping[str, int]]
"""How many examples an annotation (corpus/kind) has, by split; nothing where it is not known."""

TRAINED, RUN = 1.5e9, 3.5e9
"""Work a second: forward and backward pass in bfloat16, and forward pass alone."""
SLOWER_IN_FLOAT32 = 2.5
TOKENS = {"treebank": 23, "inference": 40, "questions": 170, "text": 32, "coreference": 130}
"""Wordpieces of an example of real text; of a question, in all of its windows."""
GRAMMAR_TOKENS = {"treebank": 14, "inference": 22, "questions": 65, "text": 14}
"""The same, of text that the grammar writes."""
START = 5
"""Seconds until a job has loaded what runs an encoder."""
EDGES, STRUCTURES = 7.1e-8, 4.0e-7
"""Seconds that probes of all layers take for an epoch, layer and unit of width; of a wordpiece and
of a sentence."""
COMPARED = 3.0e-10
"""Seconds that a comparison takes for a pair of tokens, layer and unit of width."""
OTHERS = {
    **{"fetch_corpus": 3, "fetch_encoder": 5, "perturb_encoder": 8},
    **{"judge_claims": 10, "plot_figure": 2, "summarise_probes": 10},
}
"""Seconds of jobs that do not depend much on the study; those that are not named take 1."""
CACHED = 2
"""Bytes of a number in a cache."""
ALIVE = 4
"""Models whose caches are there at once, where they go when all that reads them is done."""
WIDTH_A_LAYER, WIDEST, VOCABULARY = 64, 1024, 30_522
"""What an encoder is taken for that need not be there yet: one of BERT's sizes."""
BFLOAT16 = ("avx512_bf16", "amx_bf16")
"""Instructions of processors that multiply in bfloat16, as Linux names them."""


class Account(NamedTuple):
    """Seconds of one core, MiB of the largest training, MiB of disk that a study takes.

    whole: False where it takes more, since the size of a corpus is not known yet.
    """

    seconds: float
    memory: float
    disk: float
    whole: bool


def account(study: Study, jobs: Mapping[str, int], sizes: SizesOf | None = None) -> Account:
    """Say what so many jobs of each rule will take: the mean of that rule's jobs in the plan.

    sizes: of corpora; if not given, those that are there already.
    """
    work = _Work(study, sizes or corpus_sizes(study.paths.corpus))
    seconds = {rule: fmean(each) for rule, each in work.seconds().items() if each}
    disk = {rule: fmean(each) for rule, each in work.disk().items() if each}
    return Account(
        sum(n * seconds.get(rule, OTHERS.get(rule, 1)) for rule, n in jobs.items()),
        work.memory() if jobs.get("finetune_encoder") else 0,
        sum(n * disk.get(rule, 0) for rule, n in jobs.items()),
        work.whole,
    )


def corpus_sizes(folders: str) -> SizesOf:
    """Read the sizes of corpora from where they are kept, by the pattern {annotation}."""

    def sizes(annotation: str) -> Mapping[str, int]:
        summary = Path(folders.format(annotation=annotation), "summary.json")
        if not summary.exists():
            return {}
        splits: Mapping[str, int] = json.loads(summary.read_text(encoding="utf-8"))["splits"]
        return splits

    return sizes


def check_disk(needs: Account) -> None:
    """Check that what jobs leave has room where this runs; InputError if it has not."""
    free = shutil.disk_usage(".").free / MIB
    if free < needs.disk:
        raise InputError.at(
            "disk",
            None,
            f"{free:.0f} MiB free in the working folder",
            f"{needs.disk:.0f} MiB or more, which is what the study will take; less is needed with "
            "activations.keep: false, fewer steps of trajectory, or fewer stimuli and probes",
        )


def in_bfloat16(precision: str, processor: Path = Path("/proc/cpuinfo")) -> bool:
    """Say whether encoders will be tuned in bfloat16 here, where there is no GPU."""
    if precision != "auto":
        return precision == "bfloat16"
    flags = processor.read_text(encoding="utf-8").split() if processor.exists() else []
    return bool(set(BFLOAT16) & set(flags))


def likely_size(layers: int) -> Size:
    """Guess the size of an encoder that need not be there: one of BERT's of that depth."""
    width = min(WIDTH_A_LAYER * layers, WIDEST)
    weights = (VOCABULARY * width + 12 * layers * width**2) * FLOAT32 / MIB
    return Size(weights, layers, width, heads=width // WIDTH_A_LAYER)


@dataclass
class _Work:
    """What the jobs of a study have to do; `whole` is False once a size was not known."""

    study: Study
    sizes: SizesOf
    whole: bool = True

    def seconds(self) -> dict[str, list[float]]:
        """Give the seconds of each job of the rules that take long."""
        study = self.study
        ablated = [*study.ablated_runs(), *study.runs_on_parts()]
        probes = [(row["phenomenon"], self._probing(row)) for row in study.probed()]
        by_layer = [row for row in study.comparisons() if row["comparison"] == "own_change"]
        return {
            "finetune_encoder": [self._training(run) for run in study.tuned_runs()],
            "trace_encoder": [self._tracing(run) for run in self._traced()],
            "ablate_layers": [self._training(run) for run in ablated],
            "cache_activations": [
                START + self._running(model, self._tokens_in(text))
                for model, text in self._cached()
            ],
            "transplant_layers": [
                START + 2 * self._running(row["model"], self._tokens_in(row["stimuli"]))
                for row in by_layer
            ],
            "revert_layers": [self._reverting(run) for run in study.reverted_runs()],
            "compare_representations": self._comparing(),
            "probe_edges": [each for name, each in probes if name != STRUCTURE],
            "probe_structure": [each for name, each in probes if name == STRUCTURE],
        }

    def disk(self) -> dict[str, list[float]]:
        """Give the MiB that each job leaves, of the rules that leave much."""
        study, cached = self.study, self._cached()
        models = {model for model, _ in cached}
        stays = 1 if study.config["activations"]["keep"] else min(1, ALIVE / len(models))
        return {
            "finetune_encoder": [self._size(run["encoder"]).weights for run in study.tuned_runs()],
            "trace_encoder": [
                self._size(run["encoder"]).weights * len(study.config["trajectory"]["steps"])
                for run in self._traced()
            ],
            "fetch_encoder": [self._size(encoder).weights for encoder in study.encoders],
            "perturb_encoder": [
                stays * self._size(run["encoder"]).weights for run in study.perturbations()
            ],
            "cache_activations": [
                stays * self._cache(model, self._tokens_in(text)) for model, text in cached
            ],
        }

    def memory(self) -> float:
        """Give the MiB of the training that needs the most."""
        study = self.study
        return max(
            training_mb_of(
                self._size(encoder),
                **study.batches(task),
                fixed_layers=False,
                gpus=study.config["gpus"],
            )
            for encoder in study.encoders
            for task in study.config["tasks"]
        )

    # --- Seconds of a job ---

    def _training(self, run: Row) -> float:
        task = self.study.config["tasks"][run["task"]]
        annotation = self.study.task_annotation(run["task"])
        limits = task["limits"]
        train, dev, test = (self._examples(annotation, split, limits[split]) for split in SPLITS)
        variant, percent = part_of(run["variant"])
        frozen, kept = layers_of(variant, depth := self._size(run["encoder"]).layers)
        # A forward pass is a third of a training step; fixed layers have it once.
        epochs = task["epochs"] * (kept - (frozen or 0)) / depth + bool(frozen) / 3
        tokens = self._tokens_each(annotation) * (train * percent / 100 * epochs + test / 3 + dev)
        return 2 * START + self._trained(run, tokens)

    def _traced(self) -> list[Row]:
        trajectory = self.study.config["trajectory"]
        seeds = trajectory["seeds"] if trajectory["steps"] else []
        return [run for run in self.study.tuned_runs() if run["seed"] in seeds]

    def _tracing(self, run: Row) -> float:
        task = self.study.config["tasks"][run["task"]]
        annotation = self.study.task_annotation(run["task"])
        examples = max(self.study.config["trajectory"]["steps"]) * task["batch_size"]
        return 2 * START + self._trained(run, examples * self._tokens_each(annotation))

    def _trained(self, run: Row, tokens: float) -> float:
        return self._slower * tokens * self._work(run["encoder"]) / TRAINED

    @cached_property
    def _slower(self) -> float:
        return 1 if in_bfloat16(self.study.config["precision"]) else SLOWER_IN_FLOAT32

    def _reverting(self, run: Row) -> float:
        study, task = self.study, self.study.config["tasks"][run["task"]]
        annotation = study.task_annotation(run["task"])
        test = self._examples(annotation, "test", task["limits"]["test"])
        examples = min(test, study.config["transplants"]["examples"] or test)
        # Single layers, first ones and last ones; for each, half of the layers run anew.
        passes = 3 * self._size(run["encoder"]).layers / 2
        return START + passes * self._running(
            run["encoder"], examples * self._tokens_each(annotation)
        )

    def _comparing(self) -> list[float]:
        """Give the seconds of what one model is compared with on one text, for all of these."""
        pairs = self.study.config["similarity"]["tokens"] ** 2
        jobs: dict[tuple[str, str], float] = {}
        for row in self.study.comparisons():
            size, job = self._size(row["encoder"]), (row["model"], row["stimuli"])
            compared = COMPARED * pairs * (size.layers + 1) * size.width
            jobs[job] = jobs.get(job, 1.0) + compared
        return list(jobs.values())

    def _probing(self, row: Row) -> float:
        probing, size = self.study.config["probing"], self._size(row["encoder"])
        train = self._probed_sentences(row["text"], row["phenomenon"])[0]
        if row["phenomenon"] == STRUCTURE:
            epochs, each = probing["structure"]["epochs"], STRUCTURES
        else:
            tokens = self._tokens_each(self.study.probe_annotation(row["text"], row["phenomenon"]))
            epochs, each = probing["edges"]["epochs"], EDGES * tokens
        return 2 + each * train * epochs * (size.layers + 1) * size.width

    def _running(self, model: str, tokens: float) -> float:
        return tokens * self._work(model.split("/", maxsplit=1)[0]) / RUN

    # --- Sizes ---

    def _size(self, encoder: str) -> Size:
        return likely_size(self.study.config["encoders"][encoder]["layers"])

    def _work(self, encoder: str) -> float:
        size = self._size(encoder)
        return float(size.layers * size.width**2)

    def _cache(self, model: str, tokens: float) -> float:
        size = self._size(model.split("/", maxsplit=1)[0])
        return tokens * (size.layers + 1) * size.width * CACHED / MIB

    def _cached(self) -> list[tuple[str, str]]:
        """List model and text of each cache; a probed text begins with probes/."""
        study = self.study
        compared = [*study.comparisons(), *study.traced_similarity()]
        pairs = {
            (model.removeprefix(PERMUTED), row["stimuli"])
            for row in compared
            for model in (row["model"], row["reference"])
            if not model.endswith(TRANSPLANTED)
        }
        probed = {(row["model"], f"probes/{row['text']}") for row in study.probed()}
        traced = {(row["model"], f"probes/{row['stimuli']}") for row in study.traced_structure()}
        return sorted(pairs | probed | traced)

    def _tokens_in(self, text: str) -> float:
        name = text.removeprefix("probes/")
        if name == text:
            stimuli = self.study.config["stimuli"][name]
            return stimuli["sentences"] * self._tokens_each(
                f"{stimuli['corpus']}/{stimuli['kind']}"
            )
        return max(
            sum(self._probed_sentences(name, each))
            * self._tokens_each(self.study.probe_annotation(name, each))
            for each in self.study.phenomena(name)
        )

    def _probed_sentences(self, text: str, phenomenon: str) -> list[float]:
        """Give the sentences for training, development and test of a probe."""
        annotation = self.study.probe_annotation(text, phenomenon)
        limits = self.study.config["probes"][text]["limits"]
        return [self._examples(annotation, split, limits[split]) for split in SPLITS]

    def _examples(self, annotation: str, split: str, limit: int | None) -> float:
        origin = self.study.origin(annotation)
        there = {split: origin[split]} if self._grammar(annotation) else self.sizes(annotation)
        known = [number for number in (there.get(split), limit) if number is not None]
        if not known and there == {}:
            self.whole = False
        return min(known, default=0)

    def _grammar(self, annotation: str) -> bool:
        return self.study.origin(annotation)["source"] == "grammar"

    def _tokens_each(self, annotation: str) -> float:
        """Give the wordpieces of an example; a probed sentence is like one of a treebank."""
        kind = annotation.split("/")[1]
        of = GRAMMAR_TOKENS if self._grammar(annotation) else TOKENS
        return of.get(kind, of["treebank"])

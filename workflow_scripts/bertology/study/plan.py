"""What a study consists of: runs, comparisons, probes, tables, figures, and their files.

Plain Python over a checked and canonical configuration; it knows neither Snakemake nor the file
system. The rules read it. A row is what one job is, or one file holds, as columns of a table.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import PurePosixPath
from typing import Any

from bertology.canonical import DEFAULT_LANGUAGE
from bertology.configuration import CORPUS_KIND
from bertology.corpora.grammar.write import WRITERS
from bertology.corpora.kinds import FORMATS
from bertology.corpora.spans.formats import SPAN_FORMATS
from bertology.errors import InputError
from bertology.figures.registry import FIGURES, Figure, with_reverts
from bertology.similarity.contrasts import (
    ONE_SEGMENT,
    common_texts,
    contrasts,
    domain_of,
    own_texts,
    single_texts,
)
from bertology.similarity.names import resampled_measure
from bertology.study.paths import PERTURBED, STRUCTURE, TRANSPLANTED, Paths, results_of
from bertology.titles import title
from bertology.variants import FULL, UNTUNED, ablations, on_part

Config = dict[str, Any]
Row = dict[str, Any]
References = dict[tuple[str, ...], list[str]]

PERMUTED = "permuted/"
"""Before a model that is a reference with its tokens permuted."""
WEIGHTS_OF = ("floor", "tuned", "ceiling")
"""The comparisons that are made of weights too, and not of representations alone."""
NOT_FOR_TRAINING = ("corpus", "limits", "dev_fraction")
"""What of a task's settings decides its data, and nothing in training."""


def model_of(run: Row) -> str:
    """Name the fine-tuned model of a run: the wildcard {model}."""
    return "{encoder}/{task}/full/seed-{seed}".format(**run)


def reader_module(kind: str) -> str:
    """Name the module that the library loads by name to read and write a kind of corpus."""
    return f"bertology.corpora.{FORMATS[kind].module}"


def probe_kind(phenomenon: str) -> str:
    """Name the kind of annotation as which a probe's data are stored."""
    return "treebank" if phenomenon == STRUCTURE else "edges"


def _by(columns: tuple[str, ...], comparisons: list[Row]) -> References:
    """List the references of comparisons, each once, by the values of some columns."""
    references: dict[tuple[str, ...], dict[str, None]] = {}
    for row in comparisons:
        key = tuple(row[name] for name in columns)
        references.setdefault(key, {})[row["reference"]] = None
    return {key: list(names) for key, names in references.items()}


def _planned(references: References, *key: str) -> list[str]:
    """Give the references of a model (on a text), which a target may name that is not planned."""
    if key not in references:
        found = f"found no comparison of {' on '.join(key)}"
        raise InputError(f"{found}; allowed: models and texts that the study compares")
    return references[key]


@dataclass(frozen=True)
class Study:
    """The plan over a canonical configuration."""

    config: Config

    @property
    def paths(self) -> Paths:
        """Where artifacts lie, relative to the folder in which the workflow runs."""
        return Paths(results_of(self.config["study"]))

    @property
    def encoders(self) -> list[str]:
        """The encoders that are fine-tuned."""
        return list(self.config["fine_tuned_encoders"])

    @property
    def stimuli(self) -> list[str]:
        """The texts on which representations are compared."""
        return list(self.config["stimuli"])

    def floor(self, encoder: str) -> str:
        """Name the random encoder that is the lower reference line of another."""
        return str(self.config["encoders"][encoder]["floor"])

    def title(self, section: str, name: str) -> str:
        """Give what readers call an entry of encoders, tasks, stimuli or probes."""
        return title(self.config["titles"], section, name)

    # --- Corpora and text ---

    def origin(self, annotation: str) -> Config:
        """Give the block that says where one kind of a corpus's annotation comes from."""
        corpus, kind = annotation.split("/")
        block: Config = self.config["corpora"][corpus][kind]
        return block

    def hashes(self) -> dict[str, str]:
        """Give the hash that each file that may be fetched has then, by its path."""
        return {
            self.paths.download.format(file=name): entry["sha256"]
            for name, entry in self.config["downloads"].items()
        }

    def annotations(self, *sources: str) -> list[str]:
        """List what there is from these sources (grammar, files, hub), as corpus/kind."""
        return [
            f"{corpus}/{kind}"
            for corpus, kinds in self.config["corpora"].items()
            for kind, origin in kinds.items()
            if origin["source"] in sources
        ]

    def corpus_modules(self, annotation: str) -> list[str]:
        """Name the modules that fetching an annotation loads by name."""
        origin, kind = self.origin(annotation), annotation.split("/")[1]
        modules = [reader_module(kind if kind in FORMATS else "edges")]
        if origin["source"] == "hub":
            modules.append("bertology.corpora.hub")
        if "format" in origin:
            modules += ["bertology.corpora.spans.formats", SPAN_FORMATS[origin["format"]].module]
        return modules

    def corpus(self, name: str, kind: str) -> str:
        """Give the folder of one kind of a corpus's annotation."""
        return self.paths.corpus.format(annotation=f"{name}/{kind}")

    def task_kind(self, task: str) -> str:
        """Name the kind of annotation that a task learns from."""
        return CORPUS_KIND[self.config["tasks"][task]["kind"]]

    def task_annotation(self, task: str) -> str:
        """Name the annotation that a task learns from, as corpus/kind."""
        return f"{self.config['tasks'][task]['corpus']}/{self.task_kind(task)}"

    def task_corpus(self, task: str) -> str:
        """Give the folder of the corpus that a task learns from."""
        return self.paths.corpus.format(annotation=self.task_annotation(task))

    def task_data(self, task: str) -> Config:
        """Give what decides a task's data: limits and dev_fraction."""
        return self._data(self.config["tasks"][task], self.task_annotation(task))

    def _data(self, settings: Config, annotation: str) -> Config:
        """Give what decides how many examples of an annotation are used, and for what.

        A share of train becomes dev only where there is no dev.
        """
        fraction = None if "dev" in self.origin(annotation) else settings["dev_fraction"]
        return {"limits": settings["limits"], "dev_fraction": fraction}

    def task_texts(self) -> dict[str, Row]:
        """Give the kind and the language of the text that each task learns from.

        The language is that of stimuli from the same corpus, if there are any.
        """
        languages = {
            stimuli["corpus"]: stimuli["language"] for stimuli in self.config["stimuli"].values()
        }
        return {
            task: {
                "kind": self.task_kind(task),
                "language": languages.get(settings["corpus"], DEFAULT_LANGUAGE),
            }
            for task, settings in self.config["tasks"].items()
        }

    def task_modules(self, task: str) -> list[str]:
        """Name the modules that fine-tuning on a task loads by name, and no other task's."""
        kind = self.config["tasks"][task]["kind"]
        return [f"bertology.finetuning.{kind}", reader_module(CORPUS_KIND[kind])]

    def task_settings(self, task: str) -> Config:
        """Give what fine-tuning needs to know of a task."""
        settings = self.config["tasks"][task]
        return {key: value for key, value in settings.items() if key not in NOT_FOR_TRAINING}

    def batches(self, task: str) -> Config:
        """Give how large batches of a task are: sequences, and tokens of the longest."""
        return {key: self.config["tasks"][task][key] for key in ("batch_size", "longest")}

    def epochs(self, task: str) -> int:
        """Give for how many epochs a task's models are trained."""
        return int(self.config["tasks"][task]["epochs"])

    def tokens_of_batch(self, task: str) -> int:
        """Give how many tokens the largest batch of a task has."""
        return math.prod(self.batches(task).values())

    def stimuli_settings(self, stimuli: str) -> Config:
        """Give what decides which stimuli are drawn from a split of a corpus, and how.

        The form counts where there is something to cut, and the language where sentences are.
        """
        settings = {
            key: value for key, value in self.config["stimuli"][stimuli].items() if key != "corpus"
        }
        form = "own" if settings["kind"] in ONE_SEGMENT else settings["form"]
        of_passages = (settings["kind"], form) == ("questions", "single")
        language = settings["language"] if of_passages else DEFAULT_LANGUAGE
        return {**settings, "form": form, "language": language}

    def stimuli_corpus(self, stimuli: str) -> str:
        """Give the folder of the corpus that stimuli are drawn from."""
        settings = self.config["stimuli"][stimuli]
        return self.corpus(settings["corpus"], settings["kind"])

    def grammar_module(self, annotation: str) -> str:
        """Name the module that writes an annotation of the grammar's text."""
        return WRITERS[annotation.split("/")[1]].module

    # --- Models ---

    def depths(self) -> dict[str, int]:
        """Give the number of layers of each encoder that is fine-tuned."""
        return {name: self.config["encoders"][name]["layers"] for name in self.encoders}

    def encoder_source(self, encoder: str) -> Config:
        """Give the block that says where an encoder comes from."""
        block = self.config["encoders"][encoder]
        return {key: value for key, value in block.items() if key != "floor"}

    def original(self, encoder: str) -> str | list[str]:
        """Give the folder of the encoder that a random one is like; an empty list for others."""
        like = self.config["encoders"][encoder].get("like")
        return self.paths.encoder.format(encoder=like) if like else []

    def ablations(self, encoder: str) -> list[str]:
        """List the ablations of an encoder, as variants of its fine-tuning."""
        return ablations(self.config["ablations"], self.depths()[encoder])

    def tuned_runs(self) -> list[Row]:
        """List the training runs of whole encoders: encoder, task, variant, seed."""
        return self._runs({encoder: [FULL] for encoder in self.encoders})

    def ablated_runs(self) -> list[Row]:
        """List the training runs with layers fixed or left out."""
        return self._runs({encoder: self.ablations(encoder) for encoder in self.encoders})

    def _runs(self, variants: dict[str, list[str]]) -> list[Row]:
        return [
            {"encoder": encoder, "task": task, "variant": variant, "seed": seed}
            for encoder in self.encoders
            for task in self.config["tasks"]
            for variant in variants[encoder]
            for seed in self.config["seeds"]
        ]

    def all_runs(self) -> list[Row]:
        """List the training runs of whole encoders, then those with layers fixed or left out."""
        return [*self.tuned_runs(), *self.ablated_runs()]

    def runs_on_parts(self) -> list[Row]:
        """List the training runs on parts of the training data."""
        asked = self.config["training_sizes"]
        variants = [on_part(name, n) for n in asked["percents"] for name in asked["variants"]]
        return self._runs(dict.fromkeys(self.encoders, variants))

    def runs_by_size(self) -> list[Row]:
        """List these runs, and the same ones on all of the data; none if there are no parts."""
        asked = self.config["training_sizes"]
        whole = self._runs(dict.fromkeys(self.encoders, asked["variants"]))
        return [*self.runs_on_parts(), *(whole if asked["percents"] else [])]

    def run_files(self, runs: list[Row], name: str) -> list[str]:
        """Give the file `name` of each training run."""
        return [f"{self.paths.run.format(**run)}/{name}" for run in runs]

    def checkpoint(self, model: str) -> str:
        """Name the folder, below `model_folder`, of an encoder saved in training; else ""."""
        path = PurePosixPath(model)
        return path.name if len(path.parts) > 1 and path.name.startswith("step-") else ""

    def model_folder(self, model: str) -> str:
        """Give the Hugging Face folder of a model.

        Of an encoder in training it is the folder of all that were saved in its run.
        """
        if self.checkpoint(model):
            return self.paths.checkpoints.format(model=PurePosixPath(model).parent)
        if PurePosixPath(model).name == PERTURBED:
            return self.paths.perturbed.format(model=PurePosixPath(model).parent)
        pattern = self.paths.tuned if "/" in model else self.paths.encoder
        return pattern.format(model=model, encoder=model)

    # --- Comparisons ---

    def comparisons(self) -> list[Row]:
        """List which model is compared with which, as columns of the table of similarity."""
        return [
            row
            for encoder in self.encoders
            for stimuli in self.stimuli
            for row in self._comparisons(encoder, stimuli)
        ]

    def _comparisons(self, encoder: str, stimuli: str) -> Iterator[Row]:
        form = self.config["stimuli"][stimuli]["form"]
        shared = {"encoder": encoder, "stimuli": stimuli, "form": form}
        floor = {"model": self.floor(encoder), "reference": encoder}
        yield {**shared, "comparison": "floor", **floor}
        yield {
            **shared,
            "comparison": "permuted",
            "model": encoder,
            "reference": f"{PERMUTED}{encoder}",
        }
        for task in self.config["tasks"]:
            domain = domain_of(self.config, stimuli, task)
            yield from self._of_task({**shared, "task": task, "variant": "full", "domain": domain})

    def _of_task(self, shared: Row) -> Iterator[Row]:
        """Give the comparisons of a task's models with the pretrained one and with each other.

        And of encoders that changed as much as each, but by noise, and of each layer by itself.
        """
        seeds = self.config["seeds"]
        model = {seed: model_of({**shared, "seed": seed}) for seed in seeds}
        for seed in seeds:
            pair = {"model": model[seed], "reference": shared["encoder"]}
            yield {**shared, "comparison": "tuned", "seed": seed, **pair}
        for seed in seeds if self._perturbed_on(shared) else []:
            pair = {"model": f"{model[seed]}/{PERTURBED}", "reference": shared["encoder"]}
            yield {**shared, "comparison": PERTURBED, "seed": seed, **pair}
        # With the seeds before it, so that a seed more is compared, and no pair again.
        for second, seed in combinations(seeds, 2):
            pair = {"model": model[seed], "reference": model[second]}
            yield {**shared, "comparison": "ceiling", "seed": seed, "second_seed": second, **pair}
        for seed in seeds if self._transplanted_on(shared) else []:
            pair = {"model": f"{model[seed]}/{TRANSPLANTED}", "reference": shared["encoder"]}
            yield {**shared, "comparison": "own_change", "seed": seed, **pair}

    def _perturbed_on(self, shared: Row) -> bool:
        """Say whether change is held against noise: where noise was matched, on neutral text."""
        matched = shared["stimuli"] == self.perturbation_stimuli(shared["task"])
        return self.has_perturbed() and (matched or shared["domain"] == "neutral")

    def _transplanted_on(self, shared: Row) -> bool:
        """Say whether layers' own changes are measured: on the task's own text and neutral ones."""
        own = own_texts(self.config).get(shared["task"]) == shared["stimuli"]
        return bool(self.config["transplants"]) and (own or shared["domain"] == "neutral")

    def resampled_measure(self) -> str:
        """Name the measure that gets intervals."""
        return resampled_measure(self.config["similarity"]["measures"])

    def draws(self) -> Config:
        """Give what decides resamples of a text: of the intervals, all but their level."""
        return {key: self.config["intervals"][key] for key in ("resamples", "seed")}

    def comparison_files(self, comparisons: list[Row], ending: str) -> list[str]:
        """Give the file with this ending of each comparison of representations: its model's."""
        return [f"{self.paths.similarity.format(**row)}{ending}" for row in comparisons]

    def weight_comparisons(self) -> list[Row]:
        """List whose weights are compared with whose, as columns of the table of weights."""
        left_out = ("stimuli", "form", "domain")
        return [
            {key: value for key, value in row.items() if key not in left_out}
            for row in self.comparisons()
            if row["stimuli"] == self.stimuli[0] and row["comparison"] in WEIGHTS_OF
        ]

    def weight_files(self) -> list[str]:
        """Give the table of each comparison of weights: its model's."""
        return [f"{self.paths.weights.format(**row)}.csv" for row in self.weight_comparisons()]

    def references(self, model: str, stimuli: str) -> list[str]:
        """List what a model is compared with on a text; InputError for no comparison."""
        return _planned(self._references, model, stimuli)

    def resampled_references(self, model: str, stimuli: str) -> list[str]:
        """List with what of these similarity has intervals: not along a trajectory."""
        return _planned(self._resampled_references, model, stimuli)

    def weight_references(self, model: str) -> list[str]:
        """List the models with whose weights a model's are compared."""
        return _planned(self._weight_references, model)

    @cached_property
    def _references(self) -> References:
        return _by(("model", "stimuli"), [*self.comparisons(), *self.traced_similarity()])

    @cached_property
    def _resampled_references(self) -> References:
        return _by(("model", "stimuli"), self.comparisons())

    @cached_property
    def _weight_references(self) -> References:
        return _by(("model",), self.weight_comparisons())

    def reference_activations(self, references: list[str], stimuli: str) -> list[str]:
        """Give the activations of each reference; those of a permuted one are its model's."""
        models = [reference.removeprefix(PERMUTED) for reference in references]
        return [self.paths.activations.format(model=model, stimuli=stimuli) for model in models]

    def permutation_seeds(self, references: list[str]) -> list[int | None]:
        """Give the seed that permutes the tokens of each permuted reference; else none."""
        seed = self.config["similarity"]["seed"]
        return [seed if name.startswith(PERMUTED) else None for name in references]

    def sampled_tokens(self, model: str, references: list[str], stimuli: str) -> list[str]:
        """Give the token sample of each comparison: one for each encoder that is fine-tuned."""
        samples = []
        for reference in references:
            origins = [name.split("/")[0] for name in (model, reference.removeprefix(PERMUTED))]
            encoder = next(name for name in self.encoders if name in origins)
            samples.append(f"{self.paths.tokens.format(encoder=encoder, stimuli=stimuli)}.csv")
        return samples

    def results(self, table: str) -> tuple[list[Row], list[str]]:
        """Give what a table of single jobs' results consists of: rows of columns, and files."""
        if table == "finetuning":
            return self.all_runs(), self.run_files(self.all_runs(), "scores.csv")
        if table == "similarity":
            return self.comparisons(), self.comparison_files(self.comparisons(), ".csv")
        if table == "weights":
            return self.weight_comparisons(), self.weight_files()
        return self.probed(), self.probe_files(self.probed(), "scores.csv")

    # --- Perturbed encoders ---

    def has_perturbed(self) -> bool:
        """Tell whether the study has a perturbed encoder of each run."""
        return bool(self.config["similarity"]["perturbed_items"])

    def perturbation_stimuli(self, task: str) -> str:
        """Name the text on which perturbed encoders change as much as runs of a task.

        It is the task's own, or the first one of a study that has none of it.
        """
        return own_texts(self.config).get(task, self.stimuli[0])

    def perturbation_settings(self) -> Config:
        """Give what decides how much noise a perturbed encoder has."""
        similarity = self.config["similarity"]
        return {
            **{key: similarity[key] for key in ("perturbed_items", "tokens", "seed")},
            "tokens_per_batch": self.config["activations"]["tokens_per_batch"],
            "measure": self.resampled_measure(),
        }

    def perturbations(self) -> list[Row]:
        """List of which runs there are perturbed encoders, as columns of the table of these."""
        runs = self.tuned_runs() if self.has_perturbed() else []
        return [{**run, "stimuli": self.perturbation_stimuli(run["task"])} for run in runs]

    def perturbation_comparisons(self, comparison: str) -> list[str]:
        """Give what these runs (tuned), or their perturbed encoders, share with the pretrained."""
        below = f"/{PERTURBED}" if comparison == PERTURBED else ""
        rows = [
            {**run, "model": f"{model_of(run)}{below}", "reference": run["encoder"]}
            for run in self.perturbations()
        ]
        return self.comparison_files(rows, ".csv")

    def domain_contrasts(self) -> list[Row]:
        """List which similarity is held against which, as columns of the table of domains."""
        of_study = list(contrasts(self.config))
        return [
            {"encoder": encoder, **contrast} for encoder in self.encoders for contrast in of_study
        ]

    # --- Reverts ---

    def reverted_runs(self) -> list[Row]:
        """List the fine-tuned models of which parts are put back."""
        return self.tuned_runs() if with_reverts(self.config) else []

    def untuned_runs(self) -> list[Row]:
        """List the training runs with the encoder fixed, to which recovery is measured."""
        return [run for run in self.ablated_runs() if run["variant"] == UNTUNED]

    def revert_files(self) -> list[str]:
        """Give what each test example adds to a score with parts put back, of each model."""
        return [
            f"{self.paths.reverts.format(**run)}/examples.parquet" for run in self.reverted_runs()
        ]

    # --- Probes ---

    def phenomena(self, text: str) -> list[str]:
        """List what is probed on a text."""
        probes = self.config["probes"][text]
        return [*probes["phenomena"], *([STRUCTURE] if probes["structure"] else [])]

    def probe_annotation(self, text: str, phenomenon: str) -> str:
        """Name the annotation that a probe's data come from, as corpus/kind."""
        kind = "treebank" if phenomenon == STRUCTURE else phenomenon
        return f"{self.config['probes'][text]['corpus']}/{kind}"

    def probe_corpus(self, text: str, phenomenon: str) -> str:
        """Give the folder of the corpus that a probe's data come from."""
        return self.paths.corpus.format(annotation=self.probe_annotation(text, phenomenon))

    def probe_choice(self, text: str, phenomenon: str) -> Config:
        """Give what decides a probe's data: limits, dev_fraction and seed."""
        settings = self.config["probes"][text]
        data = self._data(settings, self.probe_annotation(text, phenomenon))
        return {**data, "seed": settings["seed"]}

    def shared_corpus(self, text: str, task: str) -> bool:
        """Say whether a probed text is from the corpus that a task is tuned on."""
        corpus: str = self.config["probes"][text]["corpus"]
        return corpus == self.config["tasks"][task]["corpus"]

    def probe_data(self, text: str) -> list[str]:
        """Give the data of all probes on a text."""
        return [
            self.paths.probe_data.format(text=text, phenomenon=name)
            for name in self.phenomena(text)
        ]

    def probe_kinds(self, text: str) -> list[str]:
        """Name the kind as which the data of each probe on a text are stored."""
        return [probe_kind(name) for name in self.phenomena(text)]

    def probed(self) -> list[Row]:
        """List which probe is trained on which model, as columns of the tables of probes.

        `seed` is the probe's own; a run is probed with the seed with which it was fine-tuned. So a
        change by fine-tuning is a difference within a seed.
        """
        return [
            row
            for text in self.config["probes"]
            for phenomenon in self.phenomena(text)
            for encoder in self.encoders
            for row in self._probed({"text": text, "phenomenon": phenomenon, "encoder": encoder})
        ]

    def _probed(self, shared: Row) -> Iterator[Row]:
        encoder = shared["encoder"]
        for comparison, model in (("pretrained", encoder), ("random", self.floor(encoder))):
            for seed in self.config["seeds"]:
                yield {**shared, "comparison": comparison, "model": model, "seed": seed}
        for run in self.tuned_runs():
            if run["encoder"] == encoder:
                both = {"shared_corpus": int(self.shared_corpus(shared["text"], run["task"]))}
                yield {**shared, **run, **both, "comparison": "tuned", "model": model_of(run)}

    def controls(self, probe_seed: int) -> str:
        """Say for which inputs the edge probes of a seed have controls: all, mix or none."""
        probing = self.config["probing"]
        with_controls = self.config["seeds"][: probing["control_seeds"]]
        return str(probing["controls"]) if probe_seed in with_controls else "none"

    def probe_files(self, probed: list[Row], name: str) -> list[str]:
        """Give the file `name` of each probing job."""
        return [
            f"{self.paths.probe.format(**row, probe_seed=row['seed'])}/{name}" for row in probed
        ]

    # --- Trajectory ---

    def traced(self) -> list[Row]:
        """List which encoder in training is looked at, as columns of the table of trajectories.

        Step 0 is the pretrained encoder; no step means the end, which fine-tuning chose.
        """
        steps = self.config["trajectory"]["steps"]
        return [
            row
            for run in self.tuned_runs()
            if run["seed"] in self.config["trajectory"]["seeds"]
            for row in (
                {**run, "step": 0, "model": run["encoder"]},
                *({**run, "step": n, "model": f"{model_of(run)}/step-{n}"} for n in steps),
                {**run, "step": "", "model": model_of(run)},
            )
        ]

    def traced_similarity(self) -> list[Row]:
        """List the comparisons with the pretrained encoder of which trajectories consist."""
        return [
            {
                **row,
                "stimuli": stimuli,
                "domain": domain_of(self.config, stimuli, row["task"]),
                "reference": row["encoder"],
            }
            for stimuli in self.config["trajectory"]["stimuli"]
            for row in self.traced()
        ]

    def traced_structure(self) -> list[Row]:
        """List the structural probes of which trajectories consist; `stimuli` is their text."""
        return [
            {**row, "stimuli": text, "domain": domain_of(self.config, text, row["task"], "probes")}
            for text in self.config["trajectory"]["structure"]
            for row in self.traced()
        ]

    def traced_structure_files(self) -> list[str]:
        """Give the scores of these structural probes."""
        rows = [
            {**row, "text": row["stimuli"], "phenomenon": STRUCTURE}
            for row in self.traced_structure()
        ]
        return self.probe_files(rows, "scores.csv")

    # --- Tables, claims, figures ---

    def claims_design(self) -> Config:
        """Give what the tests of the claims need to know of the study."""
        tasks = self.config["tasks"]
        return {
            "layers": self.depths(),
            "tasks": {task: settings["kind"] for task, settings in tasks.items()},
            "own_texts": own_texts(self.config),
            "own_stimuli": {
                task: [name for name in self.stimuli if domain_of(self.config, name, task) == "own"]
                for task in tasks
            },
            "single_texts": single_texts(self.config),
            "common_texts": common_texts(self.config),
            "contrasts": list(contrasts(self.config)),
        }

    def claims_about(self) -> Config:
        """Give what the verdicts on the claims are about, but for the numbers of examples."""
        return {
            "encoders": {name: self.title("encoders", name) for name in self.encoders},
            "tasks": {
                task: {
                    "corpus": settings["corpus"],
                    "kind": self.task_kind(task),
                    "source": self.origin(self.task_annotation(task))["source"],
                }
                for task, settings in self.config["tasks"].items()
            },
            "seeds": len(self.config["seeds"]),
        }

    def summaries(self) -> list[tuple[Row, str]]:
        """List which summaries say what was left out: columns of that table, and the file.

        Of models the first seed of each: all others read the same text.
        """
        paths, first = self.paths, self.config["seeds"][0]
        of_first = [run for run in self.tuned_runs() if run["seed"] == first]
        pretrained = [
            row
            for row in self.probed()
            if row["comparison"] == "pretrained" and row["seed"] == first
        ]
        steps = {
            "corpus": {name: paths.corpus.format(annotation=name) for name in self.used_files()},
            "task": {name: paths.task.format(task=name) for name in self.config["tasks"]},
            "stimuli": {
                name: f"{paths.stimuli.format(stimuli=name)}.summary.json" for name in self.stimuli
            },
            "probe data": {
                f"{text}/{name}": paths.probe_data.format(text=text, phenomenon=name)
                for text in self.config["probes"]
                for name in self.phenomena(text)
            },
            "activations": {
                f"{encoder}/{stimuli}": (
                    f"{paths.activations.format(model=encoder, stimuli=stimuli)}.summary.json"
                )
                for encoder in self.encoders
                for stimuli in self.stimuli
            },
            "fine-tuning": {
                f"{run['encoder']}/{run['task']}": self.run_files([run], "summary.json")[0]
                for run in of_first
            },
            "probe": {
                f"{row['encoder']}/{row['text']}/{row['phenomenon']}": self.probe_files(
                    [row], "summary.json"
                )[0]
                for row in pretrained
            },
        }
        return [
            ({"step": step, "name": name}, path)
            for step, files in steps.items()
            for name, path in files.items()
        ]

    def used_files(self) -> list[str]:
        """List the annotations that are read from files or the hub and that the study uses."""
        used = {
            *(self.task_corpus(task) for task in self.config["tasks"]),
            *(self.stimuli_corpus(stimuli) for stimuli in self.stimuli),
            *(
                self.probe_corpus(text, name)
                for text in self.config["probes"]
                for name in self.phenomena(text)
            ),
        }
        read = sorted(self.annotations("files", "hub"))
        return [name for name in read if self.paths.corpus.format(annotation=name) in used]

    def probe_tables(self) -> list[str]:
        """List the tables of probes, if anything is probed."""
        return ["probes", "probe_summary"] if self.config["probes"] else []

    def perturbed_tables(self) -> list[str]:
        """List the table of perturbed encoders, if there are any."""
        return [PERTURBED] if self.has_perturbed() else []

    def size_tables(self) -> list[str]:
        """List the table of scores by training examples, if there are any parts of the data."""
        return ["training_sizes"] if self.config["training_sizes"]["percents"] else []

    def revert_tables(self) -> list[str]:
        """List the tables of reverts, if there are any."""
        return ["reverts"] if with_reverts(self.config) else []

    def recorded_tables(self) -> list[str]:
        """List the tables whose provenance the summary page shows."""
        return [
            *("claims", "finetuning", "ablations", "similarity", "similarity_summary"),
            *("domains", "weights", "left_out"),
            *self.size_tables(),
            *self.perturbed_tables(),
            *self.revert_tables(),
            *self.probe_tables(),
            *(["trajectory"] if self.config["trajectory"]["steps"] else []),
        ]

    def shown_tables(self) -> list[str]:
        """List the tables that the summary page shows."""
        reverts, probes = self.revert_tables(), self.probe_tables()[1:]
        return [
            *("claim_cells", "ablations", *self.size_tables(), *reverts),
            *("similarity_summary", "domains"),
            *self.perturbed_tables(),
            *probes,
            "left_out",
        ]

    def table(self, name: str) -> str:
        """Give a table's file."""
        return f"{self.paths.table.format(table=name)}.csv"

    def figure_names(self) -> list[str]:
        """Name these figures."""
        return [figure.name for figure in self.figures()]

    def figures(self) -> list[Figure]:
        """List the figures that this study has something for, in the order of the report."""
        return [figure for figure in FIGURES.values() if figure.drawn(self.config)]

# Everything that rules share: checked configuration, paths, and lists of what the study consists of.
# No other file of rules defines a function.

import os
import sys
from itertools import combinations
from types import SimpleNamespace

SCRIPTS = Path(workflow.basedir, "workflow_scripts")
# Our library, here and in every script, whatever else of that name the user's PYTHONPATH has.
sys.path.insert(0, str(SCRIPTS))
os.environ.update(
    PYTHONPATH=os.pathsep.join(filter(None, [str(SCRIPTS), os.environ.get("PYTHONPATH")]))
)

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from bertology import run_times
from bertology.canonical import canonical
from bertology.claims.terminal import claims_summary
from bertology.corpora.grammar.write import WRITERS
from bertology.corpora.kinds import FORMATS
from bertology.corpora.spans.formats import SPAN_FORMATS
from bertology.configuration import CORPUS_KIND, check, with_only, without_removed
from bertology.display import plan_line, show_jobs
from bertology.errors import InputError
from bertology.fingerprint import fingerprint
from bertology.similarity.contrasts import contrasts, domain_of, own_texts
from bertology.user_files import by_content, source_files

# Snakemake lists the files of the command line first, though they are merged last.
DEFAULT = Path(workflow.basedir, "config.yaml")
OVERLAYS = [Path(name) for name in workflow.configfiles if Path(name) != DEFAULT]

FILES = [Path(os.path.relpath(path)) for path in (DEFAULT, *OVERLAYS)]
SCHEMA = Path(workflow.basedir, "schemas", "config.schema.yaml")

try:
    config = with_only(config, FILES, SCHEMA, dict(workflow.config_settings.config))
    config = without_removed(config)
    check(config, FILES, SCHEMA)
except InputError as error:
    raise WorkflowError(f"The configuration has mistakes.\n{error}")
config = canonical(config)

# Jobs of a cluster, and scripts, read this file again and show nothing; --verbose has all of Snakemake's own display.
if workflow.is_main_process and not workflow.output_settings.verbose:
    show_jobs(logger, workflow.output_settings.dryrun, lambda jobs: plan_line(config, jobs))

RESULTS = f"results/{config['study']}"
ENCODERS = config["fine_tuned_encoders"]
FLOORS = {name: config["encoders"][name]["floor"] for name in ENCODERS}
STIMULI = list(config["stimuli"])
# Probed text by text: its phenomena, and the dependency trees where they are probed too.
STRUCTURE = "structure"
EDGE_PROBES = any(text["phenomena"] for text in config["probes"].values())
STRUCTURAL_PROBES = any(text["structure"] for text in config["probes"].values())
TAGGED_STIMULI = any(text["kind"] == "treebank" for text in config["stimuli"].values())
PROBE_TABLES = ["probes", "probe_summary"] if config["probes"] else []
ABLATED = any(config["ablations"].values())
# What is followed while training runs: none without steps.
TRACED = bool(config["trajectory"]["steps"])
# Figures in the order of the report, with the section in which each stands and its title.
FIGURE_SECTIONS = {
    **dict.fromkeys(
        ["similarity", "measures", "token_classes", "domains", "weights"], "Similarity"
    ),
    **dict.fromkeys(["probes", "probe_changes", "mix_weights", "structure"], "Probes"),
    **dict.fromkeys(["ablations", "finetuning"], "Ablations and scores"),
    "trajectory": "Training",
}
FIGURE_TITLES = {
    "similarity": "Similarity to the pretrained encoder, layer by layer",
    "measures": "All measures of similarity side by side",
    "token_classes": "Similarity by class of tokens",
    "domains": "Similarity on the task's own and on other text",
    "weights": "How far the weights moved",
    "probes": "What probes find in all layers together",
    "probe_changes": "What probes gain and lose, layer by layer",
    "mix_weights": "Which layers probes look at",
    "structure": "Structural probes, layer by layer",
    "ablations": "Scores with frozen and with missing layers",
    "finetuning": "Test scores of the tasks",
    "trajectory": "The change while training runs",
}
DRAWN = {
    "token_classes": TAGGED_STIMULI,
    **dict.fromkeys(["probes", "probe_changes", "mix_weights"], EDGE_PROBES),
    "structure": STRUCTURAL_PROBES,
    "ablations": ABLATED,
    "trajectory": TRACED,
}
FIGURES = [figure for figure in FIGURE_TITLES if DRAWN.get(figure, True)]
# What the summary page shows, and the tables whose provenance it lists.
SHOWN_TABLES = [
    *["claim_cells", "ablations", "similarity_summary", "domains"],
    *(["probe_summary"] if config["probes"] else []),
    "left_out",
]
RECORDED_TABLES = [
    *[
        "claims",
        "finetuning",
        "ablations",
        "similarity",
        "similarity_summary",
        "domains",
        "weights",
        "left_out",
    ],
    *PROBE_TABLES,
    *(["trajectory"] if TRACED else []),
]

# The same pattern as in the schema.
NAME = "[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*"


wildcard_constraints:
    annotation=f"{NAME}/{NAME}",
    encoder=NAME,
    model=f"{NAME}(?:/{NAME}/full/seed-[0-9]+(?:/step-[0-9]+)?)?",
    reference=f"(?:permuted/)?{NAME}(?:/{NAME}/full/seed-[0-9]+)?",
    phenomenon=NAME,
    seed="[0-9]+",
    stimuli=f"(?:probes/)?{NAME}",
    task=NAME,
    text=NAME,
    variant="untuned|freeze-[0-9]+|keep-[0-9]+",


# --- Parameters -----------------------------------------------------------------------------------


def code(script, *modules):
    """The fingerprint of the code that a rule's script can reach; `modules` it imports by name."""
    return fingerprint(SCRIPTS / f"{script}.py", modules)


def corpus_source(wildcards):
    """The block of configuration that says where one kind of a corpus's annotation comes from."""
    corpus, kind = wildcards.annotation.split("/")
    return config["corpora"][corpus][kind]


def encoder_source(wildcards):
    """The block of configuration that says where an encoder comes from."""
    encoder = config["encoders"][wildcards.encoder]
    return {key: value for key, value in encoder.items() if key != "floor"}


def reader_module(kind):
    """The module that the library loads by name to read and write a kind of corpus."""
    return f"bertology.corpora.{FORMATS[kind].module}"


def stored_kind(kind):
    """The kind as which a corpus's annotation is stored: each phenomenon as labelled spans."""
    return kind if kind in FORMATS else "edges"


def corpus_code(wildcards):
    """The fingerprint of fetching a corpus, with no other kind's reader in it."""
    source = corpus_source(wildcards)
    modules = [reader_module(stored_kind(wildcards.annotation.split("/")[1]))]
    if source["source"] == "hub":
        modules.append("bertology.corpora.hub")
    if "format" in source:
        modules += ["bertology.corpora.spans.formats", SPAN_FORMATS[source["format"]].module]
    return code("fetch_corpus", *modules)


def task_code(wildcards):
    """The fingerprint of fine-tuning, with no other task's module in it."""
    kind = config["tasks"][wildcards.task]["kind"]
    return code(
        "finetune_encoder", f"bertology.finetuning.{kind}", reader_module(CORPUS_KIND[kind])
    )


def task_settings(wildcards):
    """What fine-tuning needs to know of a task; which corpus and how much of it is in its data."""
    left_out = ("corpus", "limits", "dev_fraction")
    return {k: v for k, v in config["tasks"][wildcards.task].items() if k not in left_out}


def checkpoint_steps(wildcards):
    """The optimizer steps after which a training run saves its encoder."""
    trajectory = config["trajectory"]
    return trajectory["steps"] if int(wildcards.seed) in trajectory["seeds"] else []


def checkpoint(wildcards):
    """The folder below `model_folder` of an encoder that was saved while it was trained; else ""."""
    model = Path(wildcards.model)
    return model.name if len(model.parts) > 1 and model.name.startswith("step-") else ""


# --- Paths and inputs -----------------------------------------------------------------------------


def annotations(*sources):
    """A pattern for the wildcard {annotation} that fits corpus/kind from these sources alone."""
    found = [
        f"{corpus}/{kind}"
        for corpus, kinds in config["corpora"].items()
        for kind, origin in kinds.items()
        if origin["source"] in sources
    ]
    return "|".join(found) or "(?!)"


def corpus_files(wildcards):
    """The user's own files that a corpus is read from, by split; none for one from the hub."""
    files = source_files(corpus_source(wildcards))
    return {split: ancient(path) for split, path in files.items()}


def encoder_files(wildcards):
    """The user's own files that an encoder is made from; none for one from elsewhere."""
    return [ancient(path) for path in source_files(encoder_source(wildcards)).values()]


def task_corpus(wildcards):
    task = config["tasks"][wildcards.task]
    return f"{RESULTS}/corpora/{task['corpus']}/{CORPUS_KIND[task['kind']]}"


def stimuli_corpus(wildcards):
    stimuli = config["stimuli"][wildcards.stimuli]
    return f"{RESULTS}/corpora/{stimuli['corpus']}/{stimuli['kind']}"


def phenomena(text):
    """What is probed on a text: names of folders below probe_data/<text>."""
    probes = config["probes"][text]
    return [*probes["phenomena"], *([STRUCTURE] if probes["structure"] else [])]


def probe_kind(phenomenon):
    """The kind of annotation that a probe's data are stored as."""
    return "treebank" if phenomenon == STRUCTURE else "edges"


def probe_corpus(wildcards):
    kind = "treebank" if wildcards.phenomenon == STRUCTURE else wildcards.phenomenon
    return f"{RESULTS}/corpora/{config['probes'][wildcards.text]['corpus']}/{kind}"


def probe_data(wildcards):
    """The data of all probes on a text."""
    return [f"{RESULTS}/probe_data/{wildcards.text}/{name}" for name in phenomena(wildcards.text)]


def original_encoder(wildcards):
    """The encoder whose architecture and tokenizer a random encoder takes over."""
    encoder = config["encoders"][wildcards.encoder]
    return f"{RESULTS}/encoders/{encoder['like']}" if "like" in encoder else []


def model_folder(wildcards):
    """The Hugging Face folder of a model: one of the encoders, or a fine-tuned one.

    Of an encoder in training it is the folder of all that were saved in its run (`checkpoint`).
    """
    if checkpoint(wildcards):
        return f"{RESULTS}/models/{Path(wildcards.model).parent}/checkpoints"
    if "/" in wildcards.model:
        return f"{RESULTS}/models/{wildcards.model}/encoder"
    return f"{RESULTS}/encoders/{wildcards.model}"


def reference_folder(wildcards):
    """The Hugging Face folder of the model that another is compared with."""
    return model_folder(SimpleNamespace(model=wildcards.reference))


def reference_activations(wildcards):
    """The activations of a reference; permuted/<model> are that model's."""
    model = wildcards.reference.removeprefix("permuted/")
    return f"{RESULTS}/activations/{model}/{wildcards.stimuli}"


def permutation_seed(wildcards):
    """The seed that permutes the tokens of a reference named permuted/<model>; else none."""
    return config["similarity"]["seed"] if wildcards.reference.startswith("permuted/") else None


def sampled_tokens(wildcards):
    """The token sample of a comparison: drawn once for each encoder that is fine-tuned."""
    models = [wildcards.model, wildcards.reference]
    encoder = next(name for name in ENCODERS if any(m.split("/")[0] == name for m in models))
    return f"{RESULTS}/similarity/{wildcards.stimuli}/{encoder}.tokens.csv"


def report_source(name):
    """A file of the report's templates and captions, relative to where Snakemake runs."""
    return os.path.relpath(os.path.realpath(Path(workflow.basedir, "report", name)))


def report_category(figure):
    """The section of Snakemake's report in which a figure stands; claims are the first."""
    sections = list(dict.fromkeys(FIGURE_SECTIONS.values()))
    return f"{sections.index(FIGURE_SECTIONS[figure]) + 2} {FIGURE_SECTIONS[figure]}"


# --- What the study consists of -------------------------------------------------------------------


def ablations(encoder):
    """The ablations of an encoder, as variants of its fine-tuning."""
    settings, layers = config["ablations"], config["encoders"][encoder]["layers"]
    freeze = range(layers) if settings["freeze"] == "all" else settings["freeze"]
    keep = range(1, layers) if settings["keep"] == "all" else settings["keep"]
    return [
        *(["untuned"] if settings["untuned"] else []),
        *(f"freeze-{number}" for number in freeze),
        *(f"keep-{number}" for number in keep),
    ]


def runs(variants):
    """One (encoder, task, variant, seed) for each training run; `variants` of each encoder."""
    return [
        {"encoder": encoder, "task": task, "variant": variant, "seed": seed}
        for encoder in ENCODERS
        for task in config["tasks"]
        for variant in variants(encoder)
        for seed in config["seeds"]
    ]


def tuned_runs():
    """The training runs of whole encoders."""
    return runs(lambda encoder: ["full"])


def ablated_runs():
    """The training runs with layers fixed or left out."""
    return runs(ablations)


def run_files(runs, name):
    """The file `name` of each training run."""
    pattern = f"{RESULTS}/models/{{encoder}}/{{task}}/{{variant}}/seed-{{seed}}/{name}"
    return [pattern.format(**run) for run in runs]


def comparisons():
    """Which model is compared with which, as columns of the similarity table."""
    for encoder in ENCODERS:
        for stimuli in STIMULI:
            form = config["stimuli"][stimuli]["form"]
            shared = {"encoder": encoder, "stimuli": stimuli, "form": form}
            yield {**shared, "comparison": "floor", "model": FLOORS[encoder], "reference": encoder}
            null = {"model": encoder, "reference": f"permuted/{encoder}"}
            yield {**shared, "comparison": "permuted", **null}
            for task in config["tasks"]:
                domain = domain_of(config, stimuli, task)
                tuned = {**shared, "task": task, "variant": "full", "domain": domain}
                model = f"{encoder}/{task}/full/seed-"
                for seed in config["seeds"]:
                    yield {
                        **tuned,
                        "comparison": "tuned",
                        "seed": seed,
                        "model": f"{model}{seed}",
                        "reference": encoder,
                    }
                for seed, second in combinations(config["seeds"], 2):
                    yield {
                        **tuned,
                        "comparison": "ceiling",
                        "seed": seed,
                        "second_seed": second,
                        "model": f"{model}{seed}",
                        "reference": f"{model}{second}",
                    }


def domain_contrasts():
    """Which similarity is held against which other one, as columns of the table of domains."""
    return [
        {"encoder": encoder, **contrast} for encoder in ENCODERS for contrast in contrasts(config)
    ]


def claims_design():
    """What the tests of the claims need to know of the study."""
    return {
        "layers": {encoder: config["encoders"][encoder]["layers"] for encoder in ENCODERS},
        "tasks": {task: settings["kind"] for task, settings in config["tasks"].items()},
        "own_texts": own_texts(config),
        "contrasts": list(contrasts(config)),
    }


def weight_comparisons():
    """Which model's weights are compared with which, as columns of the table of weights."""
    left_out = ("stimuli", "form", "domain")
    return [
        {key: value for key, value in comparison.items() if key not in left_out}
        for comparison in comparisons()
        if comparison["stimuli"] == STIMULI[0] and comparison["comparison"] != "permuted"
    ]


def weights_file(comparison):
    return f"{RESULTS}/weights/{{model}}/against/{{reference}}.csv".format(**comparison)


def comparison_files(comparisons, ending):
    """The file with this ending of each comparison of representations."""
    pattern = f"{RESULTS}/similarity/{{stimuli}}/{{model}}/against/{{reference}}{ending}"
    return [pattern.format(**comparison) for comparison in comparisons]


def probed():
    """Which probe is trained on which model, as columns of the probe tables, and the model."""
    for text in config["probes"]:
        for phenomenon in phenomena(text):
            for encoder in ENCODERS:
                shared = {"text": text, "phenomenon": phenomenon, "encoder": encoder}
                yield {**shared, "comparison": "pretrained", "model": encoder}
                yield {**shared, "comparison": "random", "model": FLOORS[encoder]}
                for run in tuned_runs():
                    if run["encoder"] == encoder:
                        model = "{encoder}/{task}/full/seed-{seed}".format(**run)
                        yield {**shared, **run, "comparison": "tuned", "model": model}


def probe_files(name):
    """The file `name` of each probing job."""
    pattern = f"{RESULTS}/probes/{{text}}/{{phenomenon}}/{{model}}/{name}"
    return [pattern.format(**job) for job in probed()]


def traced():
    """Which encoder in training is looked at, as columns of the table of trajectories.

    Step 0 is the pretrained encoder, and no step means the end: the encoder that fine-tuning chose.
    """
    for run in tuned_runs():
        if run["seed"] in config["trajectory"]["seeds"]:
            tuned = "{encoder}/{task}/full/seed-{seed}".format(**run)
            yield {**run, "step": 0, "model": run["encoder"]}
            for step in config["trajectory"]["steps"]:
                yield {**run, "step": step, "model": f"{tuned}/step-{step}"}
            yield {**run, "step": "", "model": tuned}


def traced_similarity():
    """Which comparison with the pretrained encoder each trajectory consists of."""
    return [
        {**encoder, "stimuli": stimuli, "reference": encoder["encoder"]}
        for stimuli in config["trajectory"]["stimuli"]
        for encoder in traced()
    ]


def traced_structure():
    """Which structural probe each trajectory consists of."""
    return [
        {**encoder, "stimuli": text}
        for text in config["trajectory"]["structure"]
        for encoder in traced()
    ]


def structure_scores(job):
    return f"{RESULTS}/probes/{{stimuli}}/{STRUCTURE}/{{model}}/scores.csv".format(**job)


def training_file(job):
    """The loss curve of a training run, which says at what step it ended."""
    return f"{RESULTS}/models/{{encoder}}/{{task}}/full/seed-{{seed}}/training.csv".format(**job)


def used_annotations():
    """The corpora, as corpus/kind, that are read from files or the hub and that the study uses."""
    used = {
        *((task["corpus"], CORPUS_KIND[task["kind"]]) for task in config["tasks"].values()),
        *((stimuli["corpus"], stimuli["kind"]) for stimuli in config["stimuli"].values()),
        *(
            (config["probes"][text]["corpus"], "treebank" if name == STRUCTURE else name)
            for text in config["probes"]
            for name in phenomena(text)
        ),
    }
    origins = {f"{corpus}/{kind}": config["corpora"][corpus][kind] for corpus, kind in sorted(used)}
    return [name for name, origin in origins.items() if origin["source"] != "grammar"]


def summaries():
    """Which step's summary says what was left out, as columns of that table, and where it lies.

    Of models the first seed of each: all others read the same text.
    """
    for name in used_annotations():
        yield {"step": "corpus", "name": name}, f"{RESULTS}/corpora/{name}"
    for name in config["tasks"]:
        yield {"step": "task", "name": name}, f"{RESULTS}/tasks/{name}"
    for name in STIMULI:
        yield {"step": "stimuli", "name": name}, f"{RESULTS}/stimuli/{name}.summary.json"
    for text in config["probes"]:
        for name in phenomena(text):
            probe = f"{text}/{name}"
            yield {"step": "probe data", "name": probe}, f"{RESULTS}/probe_data/{probe}"
    for name in [f"{e}/{s}" for e in ENCODERS for s in STIMULI]:
        yield {"step": "activations", "name": name}, f"{RESULTS}/activations/{name}"
    for run in tuned_runs():
        if run["seed"] == config["seeds"][0]:
            name = "{encoder}/{task}".format(**run)
            yield {"step": "fine-tuning", "name": name}, run_files([run], "summary.json")[0]
    for job in probed():
        if job["comparison"] == "pretrained":
            name = "{encoder}/{text}/{phenomenon}".format(**job)
            folder = f"{RESULTS}/probes/{job['text']}/{job['phenomenon']}/{job['model']}"
            yield {"step": "probe", "name": name}, f"{folder}/summary.json"


# --- After the run --------------------------------------------------------------------------------


def print_results():
    """Print what each rule took, the verdicts on the claims, and where the results are."""
    print(run_times.summary(Path(RESULTS, "benchmarks")))
    verdicts = Path(RESULTS, "tables", "claims.csv")
    if verdicts.exists():
        print(claims_summary(verdicts))
    first = ": look at index.html first" if Path(RESULTS, "index.html").exists() else ""
    print(f"Results are in {RESULTS}{first}.")

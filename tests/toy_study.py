"""A finished study of a few small files, with records and lock, in the working folder."""

import datetime
import shutil
from pathlib import Path

import yaml

from bertology.canonical import canonical
from bertology.integrity.contents import TIMESTAMP
from bertology.integrity.lock import write_lock
from bertology.provenance import write_record

CONFIG = yaml.safe_load((Path(__file__).resolve().parents[1] / "config.yaml").read_text())
RESULTS = Path("results/toy")
CORPUS, TASK = "corpora/harbour/treebank", "tasks/parsing"
RUNS = [f"models/minilm/parsing/full/seed-{seed}" for seed in (1, 2)]
SHOWN = ["tables/claims.md", "figures/probes.png", "figures/similarity.png"]
CACHE, TABLE, PAGE = "activations/minilm/harbour", "tables/finetuning", "index"


def job(rule, inputs, files, record):
    """Write files by path (of a folder: by path in it), and the record of the job that did."""
    started = datetime.datetime.now(datetime.UTC)
    for path, content in files.items():
        # As Snakemake does before the job.
        shutil.rmtree(RESULTS / path, ignore_errors=True)
        parts = content if isinstance(content, dict) else {".": content}
        for name, text in parts.items():
            part = RESULTS / path / name
            part.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(text)
    write_record(
        RESULTS / record,
        rule,
        settings={"code": f"code of {rule}"},
        inputs=[str(RESULTS / path) for path in inputs],
        outputs=[str(RESULTS / path) for path in files],
        started=started,
        findings={},
    )
    for path in files:
        if (RESULTS / path).is_dir():
            # As Snakemake does after the job.
            (RESULTS / path / TIMESTAMP).touch()


def run(number, score, inputs=(TASK,)):
    """Write a fine-tuned model."""
    folder = RUNS[number - 1]
    files = {
        f"{folder}/encoder": {"model.safetensors": f"weights {number}", "config.json": "{}"},
        f"{folder}/scores.csv": f"metric,value\nlas,{score}\n",
    }
    job("finetune_encoder", inputs, files, f"{folder}/provenance.json")


def table(scores):
    rows = "".join(f"parsing,{seed},test,las,{score},600\n" for seed, score in scores.items())
    text = f"task,seed,split,metric,value,n\n{rows}"
    inputs = [f"{folder}/scores.csv" for folder in RUNS]
    job("tabulate_results", inputs, {f"{TABLE}.csv": text}, f"{TABLE}.provenance.json")


def page():
    inputs = [f"{TABLE}.csv", f"{TABLE}.provenance.json", CACHE, *SHOWN]
    job("write_summary_page", inputs, {f"{PAGE}.html": "<html>"}, f"{PAGE}.provenance.json")


def write_toy_study(scores=(95.5, 95.25), **settings):
    """Write the study below results/toy; `settings` replace those of config.yaml."""
    treebank = {"train.conllu": "1\ta\n", "test.conllu": "1\tb\n"}
    job("write_grammar_corpus", [], {CORPUS: treebank}, f"{CORPUS}.provenance.json")
    job("prepare_task", [CORPUS], {TASK: {"train.conllu": "1\ta\n"}}, f"{TASK}.provenance.json")
    for number, score in enumerate(scores, 1):
        run(number, score)
    cache = {"layer_00.npy": "0", "layer_01.npy": "1"}
    job("cache_activations", [f"{RUNS[0]}/encoder"], {CACHE: cache}, f"{CACHE}.provenance.json")
    table({1: scores[0], 2: scores[1]})
    for name in SHOWN:
        job("plot", [f"{TABLE}.csv"], {name: name}, f"{name}.provenance.json")
    lock(**settings)


def lock(**settings):
    """Write the page and the lock; `settings` replace those of config.yaml."""
    page()
    write_lock(RESULTS, "lock_study", canonical({**CONFIG, "study": "toy", **settings}))

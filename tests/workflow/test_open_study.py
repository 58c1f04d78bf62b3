"""The study on real text gets all of its data itself, from servers on the loopback as from the web.

What they serve is made of the real files, where these are (see `shared_data`).
"""

import io
import json
import tarfile
import zipfile
from pathlib import Path

import pandas
import pytest

from bertology.corpora.shapes import INFERENCE_LABELS
from bertology.study_files import read_study
from hub_stand_in import Repository, hub_of
from overlays import merged
from served import content, serving

pytestmark = pytest.mark.workflow
OPEN = Path(__file__).resolve().parents[2] / "studies/open.yaml"
COUNTS = {
    ("ewt/treebank", "sentences"): {"train": 12_544, "dev": 2_001, "test": 2_077},
    ("ewt/semantic_roles", "targets"): {"train": 81_399, "dev": 9_576, "test": 9_337},
    ("ewt/proto_roles", "targets"): {"train": 5_669, "dev": 751, "test": 670},
    ("gum/entities", "sentences"): {"train": 8_548, "dev": 1_117, "test": 1_096},
    ("semeval/relations", "targets"): {"train": 8_000, "test": 2_717},
    ("mnli/inference", "pairs"): {"train": 9_999, "test": 9_815},
    ("squad/questions", "questions"): {"train": 78_161, "test": 10_570},
}
"""What each corpus must have, with what its makers call it."""


@pytest.fixture(scope="module")
def web(shared_data):
    """The bytes behind each address of the study, by download."""
    study = read_study(OPEN)
    roles = study["downloads"]["srl/propbank-ewt.tar"]["urls"][0].rpartition("/")[2]
    packed = {
        "srl/propbank-ewt.tar": repacked(
            shared_data / "srl/propbank-release-ewt.tar.gz", f"propbank-release-{roles}"
        ),
    }
    relations = {
        entry["member"]: (shared_data / name).read_bytes()
        for name, entry in study["downloads"].items()
        if name.startswith("relations/")
    }
    for name in study["downloads"]:
        if name.startswith("relations/"):
            packed[name] = zipped(relations)
    return {
        name: packed.get(name) or (shared_data / name).read_bytes() for name in study["downloads"]
    }


def repacked(path, top):
    """A source archive as GitHub makes it: all below one folder, and other files beside."""
    stream = io.BytesIO()
    with tarfile.open(path) as archive, tarfile.open(fileobj=stream, mode="w:gz") as whole:
        for member in archive:
            if member.isfile():
                body = archive.extractfile(member).read()
                for name in (member.name, member.name.replace(".gold_skel", ".prop")):
                    entry = tarfile.TarInfo(f"{top}/{name}")
                    entry.size = len(body)
                    whole.addfile(entry, io.BytesIO(body))
    return stream.getvalue()


def zipped(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return stream.getvalue()


@pytest.fixture(scope="module")
def hub(shared_data, tmp_path_factory):
    """The two data sets of the hub in its format, made of the files of their makers."""
    study = read_study(OPEN)["corpora"]
    folder = tmp_path_factory.mktemp("hub")
    pairs = {"train": "train_sample", "validation_matched": "dev_matched"}
    frames = {
        split: pair_rows(shared_data / f"nli/mnli/multinli_1.0_{name}.jsonl")
        for split, name in pairs.items()
    }
    write_repository(folder / "glue", "mnli", frames, labels=INFERENCE_LABELS)
    files = {"train": "train", "validation": "dev"}
    frames = {
        split: question_rows(shared_data / f"squad/{name}-v1.1.json")
        for split, name in files.items()
    }
    write_repository(folder / "squad", "plain_text", frames)
    return {
        source["repository"]: Repository(folder / name, source["revision"])
        for name, source in {
            "glue": study["mnli"]["inference"],
            "squad": study["squad"]["questions"],
        }.items()
    }


def pair_rows(path):
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return pandas.DataFrame(
        {
            "premise": row["sentence1"],
            "hypothesis": row["sentence2"],
            "label": INFERENCE_LABELS.index(row["gold_label"]),
            "idx": number,
        }
        for number, row in enumerate(rows)
    )


def question_rows(path):
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    return pandas.DataFrame(
        {
            "id": question["id"],
            "title": article["title"],
            "context": paragraph["context"],
            "question": question["question"],
            "answers": {
                key: [answer[key] for answer in question["answers"]]
                for key in ("text", "answer_start")
            },
        }
        for article in articles
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    )


def write_repository(folder, subset, frames, labels=()):
    """Write a data set as the hub keeps it: a card that names the files of each split, and they."""
    (folder / subset).mkdir(parents=True)
    for split, frame in frames.items():
        frame.to_parquet(folder / subset / f"{split}-00000-of-00001.parquet")
    files = "".join(f"  - split: {split}\n    path: {subset}/{split}-*\n" for split in frames)
    card = f"configs:\n- config_name: {subset}\n  default: true\n  data_files:\n{files}"
    if labels:
        names = "".join(f"          '{code}': {name}\n" for code, name in enumerate(labels))
        texts = "".join(
            f"  - name: {name}\n    dtype: string\n" for name in ("premise", "hypothesis")
        )
        card += (
            f"dataset_info:\n- config_name: {subset}\n  features:\n"
            + texts
            + f"  - name: label\n    dtype:\n      class_label:\n        names:\n{names}"
            + "  - name: idx\n    dtype: int32\n"
        )
    (folder / "README.md").write_text(f"---\n{card}---\n", encoding="utf-8")


def size(folder, split, what):
    """Count in a corpus as it is kept here, with the pairs that were left out of it."""
    (path,) = folder.glob(f"{split}.*")
    text = path.read_text(encoding="utf-8")
    if what == "targets":
        kept = sum(len(json.loads(line)["targets"]) for line in text.splitlines())
        return kept + sum(
            each["left_out"]
            for each in json.loads((folder / "summary.json").read_text())["left_out"]
            if (each["split"], each["unit"]) == (split, "pair")
        )
    if what == "questions":
        data = json.loads(text)["data"]
        return sum(len(part["qas"]) for article in data for part in article["paragraphs"])
    if path.suffix == ".conllu":
        return text.count("\n\n")
    return len(text.splitlines())


def test_everything_is_fetched_checked_and_made_ready(fresh, web, hub, tmp_path):
    with serving() as server, hub_of(hub) as address:
        urls = {name: {"urls": [server.url(name, content(body))]} for name, body in web.items()}
        study = merged(read_study(OPEN), {"downloads": urls})
        name = fresh.study("reached.yaml", study)
        steps = ("--until", "prepare_probe", "sample_stimuli")  # and with the first, prepare_task
        at_hub = {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "home")}
        planned = fresh.snakemake("--dry-run", *steps, study=name).stdout
        assert f"To be fetched: {len(web)} files." in planned
        done = fresh.snakemake("--cores", "2", *steps, study=name, **at_hub)
        assert done.returncode == 0, done.stdout[-20000:]
        assert server.requests == {f"/{name}": 1 for name in web}
    corpora = fresh.folder / "results/open/corpora"
    for (corpus, what), expected in COUNTS.items():
        found = {split: size(corpora / corpus, split, what) for split in expected}
        assert found == expected, corpus
    assert "; 0 jobs to run." in fresh.snakemake("--dry-run", *steps, study=name).stdout

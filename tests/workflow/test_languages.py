"""The smoke study on other languages: blanks within words, none between them, combining marks."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from transformers import AutoTokenizer

pytestmark = pytest.mark.workflow

SIZES = {"train": 30, "dev": 10, "test": 12}
# Written for this test. A word of a Vietnamese treebank may be several syllables with blanks.
VIETNAMESE = {
    "nsubj": ["sinh viên", "nhà khoa học", "em bé", "mẹ", "người nông dân"],
    "root": ["đọc", "tìm thấy", "mua", "vẽ"],
    "obj": ["quyển sách", "con thuyền", "hoa", "bản đồ", "cá"],
    "punct": ["."],
}
CHINESE = {
    "nsubj": ["学生", "老师", "孩子", "农民", "船长"],
    "root": ["读", "买", "画", "找到"],
    "obj": ["书", "船", "地图", "鱼", "花"],
    "punct": ["。"],
}
# No probe may use what the parser is trained on: other subjects ("that student").
PROBED = {**VIETNAMESE, "nsubj": [f"{word} ấy" for word in VIETNAMESE["nsubj"]]}
TAGS = {"nsubj": "NOUN", "root": "VERB", "obj": "NOUN", "punct": "PUNCT"}
# Each answer ends in a combining mark, which an uncased BERT tokenizer drops.
PEOPLE = ["मीरा", "राजू", "सीता", "गीता", "मोहिनी"]
PLACES = ["नदी", "मंडी", "घाटी", "बस्ती", "वादी"]
THINGS = ["किताबें", "मछली", "सब्ज़ी", "कुर्सी"]


def sentences(words: dict[str, list[str]]) -> list[list[str]]:
    """All combinations, in an order that does not depend on the words."""
    rows = [list(row) for row in product(*words.values())]
    return [rows[number] for number in np.random.default_rng(0).permutation(len(rows))]


def split_up(examples: list) -> dict[str, list]:
    ends = np.cumsum(list(SIZES.values()))
    starts = [0, *ends[:-1]]
    assert len(examples) >= ends[-1]
    return {
        split: examples[start:end] for split, start, end in zip(SIZES, starts, ends, strict=True)
    }


def write_treebank(folder: Path, name: str, words: dict[str, list[str]], blanks: bool) -> dict:
    """Write CoNLL-U as Universal Dependencies has it: with text, and SpaceAfter without blanks."""
    splits = split_up(sentences(words))
    for split, rows in splits.items():
        lines = []
        for number, row in enumerate(rows, start=1):
            text = " ".join(row) if blanks else "".join(row)
            lines += [f"# sent_id = {split}-{number}", f"# text = {text}"]
            misc = "_" if blanks else "SpaceAfter=No"
            for place, (relation, word) in enumerate(zip(words, row, strict=True), start=1):
                head = 0 if relation == "root" else 2
                tag = TAGS[relation]
                columns = (place, word, word, tag, tag, "_", head, relation, "_", misc)
                lines.append("\t".join(map(str, columns)))
            lines.append("")
        (folder / f"{name}-{split}.conllu").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return splits


def write_questions(folder: Path) -> dict[str, list[dict]]:
    """Passages of three sentences that end in a danda; one question on each."""
    rows = [(who, where, what) for who, where, what in product(PEOPLE, PLACES, THINGS)]
    order = np.random.default_rng(1).permutation(len(rows))
    splits = split_up([rows[number] for number in order])
    written = {}
    for split, of_split in splits.items():
        paragraphs = []
        for number, (who, where, what) in enumerate(of_split):
            passage = f"{who} {where} के पास रहती है। वह रोज़ {what} लाती है। लोग खुश हैं।"
            answer = [where, what, who][number % 3]
            asked = ["कौन सी जगह के पास?", "वह क्या लाती है?", "कौन रहती है?"][number % 3]
            entry = {
                "id": f"{split}-{number}",
                "question": f"{asked} {number}",
                "answers": [{"text": answer, "answer_start": passage.index(answer)}],
            }
            paragraphs.append({"context": passage, "qas": [entry]})
        data = [
            {"title": f"{split}-{number}", "paragraphs": [paragraph]}
            for number, paragraph in enumerate(paragraphs)
        ]
        path = folder / f"hindi-{split}.json"
        path.write_text(json.dumps({"version": "1.1", "data": data}), encoding="utf-8")
        written[split] = paragraphs
    return written


def files(name: str, extension: str, **more: str) -> dict[str, str]:
    splits = {split: f"{name}-{split}.{extension}" for split in SIZES}
    return {"source": "files", **splits, **more}


def overlay(smoke: dict) -> dict:
    """The smoke study with these corpora in place of the grammar's; inference stays.

    Without ablations, layers put back and noise, which read the same texts as full tuning.
    """
    spans = {"part_of_speech": "conllu_universal", "dependencies": "conllu"}
    treebanks = {
        name: {
            "treebank": files(name, "conllu"),
            **{kind: files(name, "conllu", format=form) for kind, form in spans.items()},
        }
        for name in ("vietnamese", "chinese", "probed")
    }
    drawn = {"split": "test", "sentences": 100, "longest": 100, "seed": 1}
    limits = dict.fromkeys(SIZES)
    probed = {"phenomena": list(spans), "structure": True, "limits": limits, "dev_fraction": None}
    return {
        **smoke,
        "study": "languages",
        "seeds": [1],
        "data_dir": "languages",
        "corpora": {
            **dict.fromkeys(("harbour", "laboratory", "village")),
            "market": smoke["corpora"]["market"],
            **treebanks,
            "hindi": {"questions": files("hindi", "json")},
        },
        "tasks": {
            **smoke["tasks"],
            "parsing": {**smoke["tasks"]["parsing"], "corpus": "vietnamese"},
            "question_answering": {**smoke["tasks"]["question_answering"], "corpus": "hindi"},
        },
        "ablations": {"untuned": False, "freeze": [], "keep": []},
        "training_sizes": {**smoke["training_sizes"], "percents": []},
        "transplants": None,
        "similarity": {**smoke["similarity"], "perturbed_items": 0},
        "stimuli": {
            **dict.fromkeys(
                ("harbour", "market", "laboratory", "market-single", "laboratory-single")
            ),
            "village": None,
            "vietnamese": {**drawn, "corpus": "vietnamese", "kind": "treebank", "form": "own"},
            "chinese": {**drawn, "corpus": "chinese", "kind": "treebank", "form": "own"},
            "hindi": {**drawn, "corpus": "hindi", "kind": "questions", "form": "own"},
            "hindi-single": {
                **{**drawn, "form": "single", "language": "hi"},
                **{"corpus": "hindi", "kind": "questions"},
            },
        },
        "probes": {
            "village": None,
            "vietnamese": {**probed, "corpus": "probed", "seed": 1},
            "chinese": {**probed, "corpus": "chinese", "seed": 1},
        },
        "trajectory": {"steps": [], "seeds": [], "stimuli": [], "structure": []},
    }


@pytest.fixture(scope="module")
def study(new_workflow, tmp_path_factory):
    """The finished study, and what was written for it."""
    workflow = new_workflow(tmp_path_factory.mktemp("languages") / "repository")
    folder = workflow.folder / "languages"
    folder.mkdir()
    written = {
        "vietnamese": write_treebank(folder, "vietnamese", VIETNAMESE, blanks=True),
        "probed": write_treebank(folder, "probed", PROBED, blanks=True),
        "chinese": write_treebank(folder, "chinese", CHINESE, blanks=False),
        "hindi": write_questions(folder),
    }
    smoke = workflow.smoke_study()
    workflow.finish(study=workflow.study("languages.yaml", overlay(smoke)))
    return workflow.folder / "results/languages", written


def read_json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def read_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("language", ["vietnamese", "chinese"])
def test_words_are_the_treebanks_everywhere(study, language):
    """The stimuli, the probes' text and the cache: as the treebank has them, blanks included."""
    results, written = study
    rows = written[language]["test"]
    stimuli = read_lines(results / f"stimuli/{language}.jsonl")
    assert [stimulus["segments"] for stimulus in stimuli] == [[row] for row in rows]
    tokenizer = AutoTokenizer.from_pretrained(results / "encoders/tiny")
    tokens = pd.read_parquet(results / f"activations/tiny/{language}/tokens.parquet")
    expected = [
        (row[word], token)
        for row in rows
        for encoding in [tokenizer(row, is_split_into_words=True)]
        for word, token in zip(encoding.word_ids(), encoding.tokens(), strict=True)
        if word is not None
    ]
    own = tokens[~tokens.special]
    sentence = {f"test-{number}": row for number, row in enumerate(rows, start=1)}
    found = [(sentence[row.sentence][row.word], row.wordpiece) for row in own.itertuples()]
    assert found == expected
    summary = read_json(results / f"activations/tiny/{language}/summary.json")
    assert summary["left_out"] == []


@pytest.mark.parametrize("language", ["vietnamese", "chinese"])
def test_probes_use_every_word(study, language):
    results, _ = study
    for phenomenon, each in (("part_of_speech", 4), ("dependencies", 3)):
        summary = read_json(results / f"probe_data/{language}/{phenomenon}/summary.json")
        assert summary["targets"] == {split: each * size for split, size in SIZES.items()}
        probed = read_json(
            results / f"probes/{language}/{phenomenon}/tiny/probe-seed-1/summary.json"
        )
        assert probed["left_out"] == []
    table = pd.read_csv(results / "tables/probes.csv")
    scored = table[(table.text == language) & (table.phenomenon == "dependencies")]
    f1 = scored[(scored.metric == "f1") & (scored.input == "mix") & scored.label.isna()]
    assert set(f1.n) == {3 * SIZES["test"]}


def test_every_word_of_the_parser_is_scored(study):
    results, _ = study
    table = pd.read_csv(results / "tables/finetuning.csv")
    las = table[(table.task == "parsing") & (table.split == "test") & (table.metric == "las")]
    assert set(las.n) == {4 * SIZES["test"]}


def test_no_answer_is_lost_though_its_marks_are_dropped(study):
    results, written = study
    tokenizer = AutoTokenizer.from_pretrained(results / "encoders/tiny")
    lost = 0
    for paragraph in written["hindi"]["train"]:
        (answer,) = paragraph["qas"][0]["answers"]
        end = answer["answer_start"] + len(answer["text"])
        offsets = tokenizer(paragraph["context"], return_offsets_mapping=True)["offset_mapping"]
        lost += end not in {token_end for _, token_end in offsets}
    assert lost > 0, "the marks at the end of answers must be dropped, or nothing is tested"
    run = results / "models/tiny/question_answering/full/seed-1"
    summary = read_json(run / "summary.json")
    assert summary["features"] == SIZES
    assert summary["left_out"] == []


def test_passages_are_cut_at_dandas(study):
    results, written = study
    single = read_lines(results / "stimuli/hindi-single.jsonl")
    texts = {text for stimulus in single for text in stimulus["texts"]}
    expected = set()
    for paragraph in written["hindi"]["test"]:
        pieces = paragraph["context"].split("। ")
        expected |= {piece.removesuffix("।") + "।" for piece in pieces}
        expected.add(paragraph["qas"][0]["question"])
    assert texts == expected
    assert len(single) == len(expected)
    summary = read_json(results / "stimuli/hindi-single.summary.json")
    assert summary["passages"] == {"cut": SIZES["test"], "whole": 0}


def test_nothing_is_left_out_and_the_table_says_so(study):
    results, _ = study
    assert (results / "tables/left_out.csv").read_text().splitlines() == [
        "step,name,split,unit,reason,left_out,of,percent"
    ]

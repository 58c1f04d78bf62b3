"""What a study is said to take, against what studies took, and what must change it in which way."""

import re
from collections import Counter
from pathlib import Path
from statistics import fmean

import pytest

from bertology.display import cost_line, in_gigabytes
from bertology.errors import InputError
from bertology.study import cost
from bertology.study.cost import Account, account, check_disk, in_bfloat16, likely_size
from study_plans import plan

REPOSITORY = Path(__file__).resolve().parents[2]
MEASURED = {
    # Seconds of all jobs by Snakemake's benchmarks, whose processor time misses each job's last
    # seconds, with a core for each job; and MiB that the results had at the end.
    "default": (5_731, 5_638),
}
"""Whole studies on one kind of machine, tuned in bfloat16."""


def every_job(study):
    """The jobs of each rule that a fresh study runs, as far as they take long."""
    work = cost._Work(study, dict)
    return Counter({rule: len(jobs) for rule, jobs in {**work.disk(), **work.seconds()}.items()})


def of(study, rule, **changes):
    """The mean seconds of a rule's jobs in a study with these changes."""
    work = cost._Work(plan(study, **changes), lambda _: {})
    return fmean(work.seconds()[rule])


PROBES_MEASURED = {
    ("ewt", "part_of_speech"): 125,
    ("ewt", "dependencies"): 195,
    ("ewt", "structure"): 84,
    ("gum-passages", "coreference"): 84,
}
"""Seconds of a probe of MiniLM on real text, as studies/open.yaml has it (without controls)."""


@pytest.mark.parametrize(("text", "phenomenon"), PROBES_MEASURED)
def test_so_is_that_of_a_probe_on_real_text(text, phenomenon):
    row = {"encoder": "minilm", "text": text, "phenomenon": phenomenon}
    found = cost._Work(plan("open"), lambda _: {})._probing(row)
    assert found == pytest.approx(PROBES_MEASURED[text, phenomenon], rel=0.6)


@pytest.mark.parametrize("name", MEASURED)
def test_the_account_is_within_a_factor_of_what_a_study_took(name):
    seconds, disk = MEASURED[name]
    study = plan(name, precision="bfloat16")
    found = account(study, every_job(study), lambda _: {})
    assert seconds / 1.5 < found.seconds < seconds * 1.5
    assert disk / 1.5 < found.disk < disk * 1.5


def test_what_it_takes_follows_what_is_asked_for():
    once = of("default", "finetune_encoder")
    twice = {name: {"epochs": 2 * n} for name, n in EPOCHS.items()}
    assert 1.5 * once < of("default", "finetune_encoder", tasks=twice) < 2 * once
    slow = of("default", "finetune_encoder", precision="float32")
    assert slow > 2 * of("default", "finetune_encoder", precision="bfloat16")
    frozen, untuned = ({"untuned": u, "freeze": f, "keep": []} for u, f in [(0, [4]), (1, [])])
    times = [of("default", "ablate_layers", ablations=each) for each in (untuned, frozen)]
    assert times[0] < times[1] < once
    more = {"village": {"treebank": {"train": 480}}}
    assert of("default", "probe_structure", corpora=more) > 1.7 * of("default", "probe_structure")
    longer = {"edges": {"epochs": 30}}
    assert of("default", "probe_edges", probing=longer) > 2 * of("default", "probe_edges")
    tokens = {"tokens": 2400}
    many = of("default", "compare_representations", similarity=tokens)
    assert many > 2 * of("default", "compare_representations")


EPOCHS = {"parsing": 2, "inference": 2, "question_answering": 1}


def test_deep_encoders_take_more_of_everything():
    deep = {"encoders": {"minilm": {"layers": 12}}}
    for rule in ("finetune_encoder", "cache_activations", "probe_edges", "revert_layers"):
        assert of("default", rule, **deep) > 1.5 * of("default", rule), rule
    study, deeper = plan("default"), plan("default", **deep)
    small, large = (account(each, every_job(each), lambda _: {}) for each in (study, deeper))
    assert large.disk > 2 * small.disk and large.memory > 1.5 * small.memory


def test_the_sizes_of_encoders_are_those_of_berts():
    # Devlin et al. (2019): 110 and 340 million numbers, those of positions among them, which do not
    # count here; MiniLM by its file.
    assert likely_size(12)[1:] == (12, 768, 12) and likely_size(24)[1:] == (24, 1024, 16)
    assert likely_size(12).weights == pytest.approx(110e6 * 4 / 2**20, rel=0.05)
    assert likely_size(24).weights == pytest.approx(340e6 * 4 / 2**20, rel=0.05)
    assert likely_size(6).weights == pytest.approx(87, rel=0.05)


def test_caches_that_go_take_less_disk():
    account_of = {
        keep: account(study, every_job(study), lambda _: {}).disk
        for keep in (True, False)
        if (study := plan("default", activations={"keep": keep}))
    }
    assert account_of[False] < 0.7 * account_of[True]


def test_only_what_is_to_be_done_counts():
    study = plan("default")
    assert account(study, {}) == Account(0, 0, 0, True)
    one, two = (account(study, {"probe_edges": n}) for n in (1, 2))
    assert two.seconds == 2 * one.seconds and two.disk == two.memory == 0


def test_corpora_of_a_size_not_known_yet_are_told():
    study = plan("open", tasks={"inference": {"limits": {"train": None}}})
    jobs = {"finetune_encoder": 9}
    assert not account(study, jobs, lambda _: {}).whole
    sizes = {"train": 390_000, "dev": 2_000, "test": 9_000}
    known = account(study, jobs, lambda _: sizes)
    assert known.whole
    assert known.seconds > 3 * account(study, jobs, lambda _: {}).seconds


def test_each_rule_that_is_named_is_one():
    text = "".join(path.read_text() for path in (REPOSITORY / "rules").glob("*.smk"))
    rules = set(re.findall(r"^rule (\w+):", text, flags=re.MULTILINE))
    work = cost._Work(plan("default"), dict)
    assert {*cost.OTHERS, *work.seconds(), *work.disk()} <= rules


def test_a_disk_that_is_too_small_is_refused(monkeypatch):
    needs = Account(1, 0, 5_000, True)
    for free, fits in ((5_001, True), (4_999, False)):
        usage = type("Usage", (), {"free": free * 2**20})
        monkeypatch.setattr(cost.shutil, "disk_usage", lambda _, usage=usage: usage)
        if fits:
            check_disk(needs)
            continue
        with pytest.raises(InputError, match=r"found 4999 MiB free .*; allowed: 5000 MiB or more"):
            check_disk(needs)


def test_bfloat16_where_the_processor_has_it(tmp_path):
    processor = tmp_path / "cpuinfo"
    assert not in_bfloat16("auto", processor)
    processor.write_text("flags : fpu avx512f\n")
    assert not in_bfloat16("auto", processor)
    processor.write_text("flags : fpu avx512f avx512_bf16\n")
    assert in_bfloat16("auto", processor) and not in_bfloat16("float32", processor)
    assert in_bfloat16("bfloat16", tmp_path / "none")


def test_it_is_said_as_people_say_it():
    assert cost_line(Account(7_200, 2_000, 20_000, True), 2) == (
        "It will take about 60 min on 2 cores, 2.1 GB of memory a job, 21 GB of disk."
    )
    assert cost_line(Account(50, 0, 100, False), 1) == (
        "It will take more than 50 s on 1 core, 0.1 GB of disk."
    )
    assert [in_gigabytes(n) for n in (1, 9_000, 9_600)] == ["0.0 GB", "9.4 GB", "10 GB"]

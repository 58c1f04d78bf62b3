"""The summary of benchmark files."""

from bertology.run_times import summary


def benchmark(path, seconds, memory):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"s\th:m:s\tmax_rss\tmax_vms\n{seconds}\t0:00:01\t{memory}\t9\n")


def test_jobs_are_summed_by_rule_and_memory_is_the_peak(tmp_path):
    benchmark(tmp_path / "finetune" / "a" / "seed-1.tsv", 10.2, 300.4)
    benchmark(tmp_path / "finetune" / "b" / "seed-1.tsv", 20.0, 100.0)
    benchmark(tmp_path / "plot.tsv", 3.0, "NA")
    lines = [line.split() for line in summary(tmp_path).splitlines()]
    assert lines[0] == ["rule", "jobs", "total", "s", "longest", "s", "peak", "MiB"]
    assert lines[1] == ["finetune", "2", "30", "20", "300"]
    assert lines[2] == ["plot", "1", "3", "3", "0"]
    assert lines[3] == ["all", "3", "33"]

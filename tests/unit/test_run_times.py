"""The summary of benchmark files."""

import pytest

from bertology.run_times import rows, summary


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


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"s\th:m:s\tmax_rss\n",
        b"s\th:m:s\tmax_rss\n7",
        b"half a line",
        b"\xff\xfe\x00",
        b"s\tmax_rss\nnan\tinf\n",
        b"s\tmax_rss\nNA\t-\n",
    ],
)
def test_a_broken_file_is_a_job_without_a_measurement(tmp_path, content):
    benchmark(tmp_path / "plot" / "a.tsv", 3.0, 5.0)
    (tmp_path / "plot" / "b.tsv").write_bytes(content)
    seconds = "10" if content.endswith(b"7") else "3"
    assert rows(tmp_path)[0] == ("plot", "2", seconds, str(max(3, int(seconds) - 3)), "5")


def test_no_jobs_at_all(tmp_path):
    assert rows(tmp_path / "nowhere") == [("all", "0", "0", "", "")]

"""A study whose files are fetched: from a server on the loopback, into its results."""

import hashlib
import json

import pytest

from served import content, serving, status

pytestmark = pytest.mark.workflow
LINES = b"A line of text.\nAnother line.\n"
ENTRY = {"sha256": hashlib.sha256(LINES).hexdigest(), "licence": "CC BY-NC 4.0"}
RESULTS = "results/fetched"
GOOD = [f"{RESULTS}/corpora/{corpus}/text" for corpus in ("first", "second", "third")]


@pytest.fixture
def server():
    with serving() as server:
        yield server


def study(workflow, urls):
    """Corpora of one line-by-line text each; two of them read the same file."""
    files = {"first": "a/x.txt", "second": "a/x.txt", "third": "here.txt", "bad": "gone.txt"}
    corpora = {name: {"text": {"source": "files", "test": file}} for name, file in files.items()}
    downloads = {name: {**ENTRY, "urls": [url]} for name, url in urls.items()}
    overlay = {"study": "fetched", "data_dir": "data", "corpora": corpora, "downloads": downloads}
    return workflow.study("fetched.yaml", overlay)


def test_files_are_fetched_once_and_only_if_they_are_not_there(fresh, server):
    (fresh.folder / "data/a").mkdir(parents=True)
    (fresh.folder / "data/here.txt").write_bytes(LINES)
    (fresh.folder / "data/a/x.txt").write_bytes(b"Another text of that name.\n")
    urls = {"a/x.txt": server.url("x", content(LINES)), "here.txt": server.url("y", status(500))}
    urls["gone.txt"] = server.url("z", status(404))
    name = study(fresh, urls)
    bad = f"{RESULTS}/corpora/bad/text"

    planned = fresh.snakemake("--dry-run", *GOOD, study=name).stdout
    told = f"    a/x.txt: CC BY-NC 4.0 (NON-COMMERCIAL use only), from {urls['a/x.txt']}"
    assert planned.splitlines().count(told) == 1
    assert "To be fetched: 1 file." in planned
    assert "data/a/x.txt is not the file that `downloads` means, and is not used." in planned
    assert "data/here.txt is" not in planned
    assert not server.requests

    process = fresh.snakemake("--cores", "1", *GOOD, bad, study=name)
    assert process.returncode != 0
    # Three times in vain, once with success, and not at all.
    assert server.requests == {"/z": 3, "/x": 1}
    for folder in GOOD:
        assert (fresh.folder / folder / "test.txt").read_bytes() == LINES
    record = json.loads((fresh.folder / RESULTS / "downloads/a/x.txt.provenance.json").read_text())
    size = {"url": urls["a/x.txt"], "bytes": len(LINES), "licence": ENTRY["licence"]}
    assert record["findings"] == size
    assert record["outputs"] == {f"{RESULTS}/downloads/a/x.txt": ENTRY["sha256"]}
    assert record["settings"]["sha256"] == ENTRY["sha256"]
    # What could not be fetched: said once, and with the log's end; and nothing is left of it.
    said = [line for line in process.stdout.splitlines() if line.startswith("Error in rule")]
    assert len(said) == 1
    assert said[0].startswith("Error in rule fetch_file: downloads, gone.txt: found at none of its")
    assert f"  {urls['gone.txt']}: the answer 404 Not Found" in process.stdout
    assert "or put by hand at data/gone.txt" in process.stdout
    assert "Traceback" not in process.stdout
    assert not (fresh.folder / bad).exists()
    left = {str(path.relative_to(fresh.folder / RESULTS / "downloads")) for path in files(fresh)}
    assert left == {"a/x.txt", "a/x.txt.provenance.json"}
    assert len(list((fresh.folder / "data").rglob("*.*"))) == 2
    assert (fresh.folder / "data/a/x.txt").read_bytes() == b"Another text of that name.\n"

    # Another address of the same content is no change.
    name = study(fresh, {**urls, "a/x.txt": "https://example.org/x.txt"})
    again = fresh.snakemake("--dry-run", *GOOD, study=name).stdout
    assert "Nothing to be done" in again
    assert "To be fetched" not in again


def files(workflow):
    return [path for path in (workflow.folder / RESULTS / "downloads").rglob("*") if path.is_file()]

"""Fetching files, from a server on the loopback that is good, slow, broken, or not there."""

import hashlib
import io
import logging
import os
import re
import tarfile
import zipfile

import pytest

from bertology.corpora import downloads
from bertology.corpora.downloads import Patience, fetch_file
from bertology.errors import InputError
from served import (
    closed_port,
    content,
    cut,
    cut_in_chunks,
    drip,
    in_turn,
    pieces,
    redirect,
    serving,
    silence,
    stall,
    status,
)

TEXT = b"One line of text.\n" * 500
RIGHT = hashlib.sha256(TEXT).hexdigest()
WRONG = hashlib.sha256(TEXT[1:]).hexdigest()
NAME = "texts/lines.txt"
# Much longer than this server ever takes where it is not told to be slow.
CALM = Patience(timeout=30, pauses=(0, 0), report=0)
HASTE = Patience(timeout=0.3, pauses=(0, 0), report=0)


@pytest.fixture(scope="module")
def of_module():
    with serving() as server:
        yield server


@pytest.fixture
def server(of_module):
    of_module.answers.clear()
    of_module.requests.clear()
    return of_module


@pytest.fixture
def fetch(server, tmp_path):
    """Fetch from some addresses; returns what is said of it. Its file is in `tmp_path`."""

    def fetch(*urls, sha256=RIGHT, patience=CALM, **more):
        entry = {"urls": list(urls), "sha256": sha256, "licence": "none", **more}
        return fetch_file(NAME, entry, tmp_path / NAME, f"data/{NAME}", patience)

    return fetch


def files_in(folder):
    return [path for path in folder.rglob("*") if not path.is_dir()]


def refusal(fetch, where, *urls, **more):
    """The message of a download that fails, of which nothing may stay."""
    with pytest.raises(InputError) as caught:
        fetch(*urls, **more)
    assert files_in(where) == []
    return str(caught.value)


def test_what_is_fetched_is_the_file(server, fetch, tmp_path):
    url = server.url("lines.txt", content(TEXT))
    assert fetch(url) == {"url": url, "bytes": len(TEXT)}
    assert (tmp_path / NAME).read_bytes() == TEXT
    assert files_in(tmp_path) == [tmp_path / NAME]
    assert server.requests == {"/lines.txt": 1}


BROKEN = {
    "wrong bytes": (
        content(TEXT[1:], "text/html; charset=utf-8"),
        rf"{len(TEXT) - 1} bytes \(text/html\) with the sha256 {WRONG}",
    ),
    "empty": (content(b""), r"0 bytes \(text/plain\) with the sha256 [0-9a-f]{64}"),
    "404": (status(404), "the answer 404 Not Found"),
    "503": (status(503), "the answer 503 Service Unavailable"),
    "cut": (cut(TEXT), rf".* cut \(\w*IncompleteRead: .*{len(TEXT) // 2} bytes read.*\)"),
    "cut in a chunk": (cut_in_chunks(TEXT), r".* cut \(\w*IncompleteRead: .*\)"),
    "stalls": (stall(TEXT), r"no answer for 0\.3 s", HASTE),
    "silent": (silence, r"no answer for 0\.3 s", HASTE),
    "slow": (drip(TEXT), r"\d+ bytes in \d s, less than 100 a second", Patience(2, (0,))),
    "empty, of unknown size": (
        cut_in_chunks(b""),
        r"0 bytes \(no type\) with the sha256 [0-9a-f]{64}",
    ),
    "hangs up": (lambda handler: None, r"no connection, or .* cut \(RemoteDisconnected: .*\)"),
    "loop": (redirect("/broken"), "more than 10 redirects"),
    "another protocol": (redirect("file:///etc/hosts"), r".*\(InvalidSchema: .*"),
}


@pytest.mark.parametrize("answer", BROKEN)
def test_a_broken_answer_is_one_message_and_leaves_nothing(server, fetch, tmp_path, answer):
    broken, problem, *of_its_own = BROKEN[answer]
    patience = (*of_its_own, CALM)[0]
    rounds = 1 + len(patience.pauses)
    url = server.url("broken", broken)
    lines = refusal(fetch, tmp_path, url, patience=patience).splitlines()
    assert lines[0] == (
        f"downloads, {NAME}: found at none of its addresses, each of which was tried {rounds} "
        "times; the last time:"
    )
    assert re.fullmatch(rf"  {re.escape(url)}: {problem}", lines[1])
    assert lines[2:] == [
        f"allowed: the file with the sha256 {RIGHT}, at one of these addresses or put by hand at "
        f"data/{NAME}"
    ]
    assert server.requests == {"/broken": rounds * 11 if answer == "loop" else rounds}


def test_nobody_listens(fetch, tmp_path):
    url = f"http://127.0.0.1:{closed_port()}/lines.txt"
    message = refusal(fetch, tmp_path, url)
    assert f"  {url}: no connection, or one that was cut (ConnectionRefusedError: " in message


def test_a_host_that_no_one_knows(fetch, tmp_path):
    url = "http://no-such-host.invalid/lines.txt"
    message = refusal(fetch, tmp_path, url)
    assert re.search(rf"  {re.escape(url)}: no connection, or .*\(\w*[eE]rror: .*\)", message)


def test_each_address_is_told_with_what_it_gave(server, fetch, tmp_path):
    first, second = server.url("a", status(404)), server.url("b", content(TEXT[1:]))
    found = refusal(fetch, tmp_path, first, second).splitlines()[1:3]
    assert [line.split(": ")[0].strip() for line in found] == [first, second]
    assert "404" in found[0] and WRONG in found[1]


def test_a_dead_mirror_is_passed_over_without_a_pause(server, fetch, tmp_path):
    dead = f"http://127.0.0.1:{closed_port()}/lines.txt"
    good = server.url("lines.txt", content(TEXT))
    never = server.url("third", content(TEXT))
    assert fetch(dead, good, never, patience=Patience(pauses=(1000,)))["url"] == good
    assert (tmp_path / NAME).read_bytes() == TEXT
    assert server.requests == {"/lines.txt": 1}


@pytest.mark.parametrize("broken", [cut(TEXT), status(503), stall(TEXT), content(TEXT * 2)])
def test_what_passes_is_tried_again_after_a_pause(server, fetch, tmp_path, monkeypatch, broken):
    slept = []
    monkeypatch.setattr(downloads.time, "sleep", slept.append)
    url = server.url("lines.txt", in_turn(broken, broken, content(TEXT)))
    assert fetch(url, patience=Patience(timeout=2, pauses=(5, 20)))["bytes"] == len(TEXT)
    assert (tmp_path / NAME).read_bytes() == TEXT
    assert slept == [5, 20]
    assert files_in(tmp_path) == [tmp_path / NAME]


def test_a_redirect_is_followed(server, fetch, tmp_path):
    target = server.url("there", content(TEXT))
    url = server.url("here", redirect(target))
    assert fetch(url)["url"] == url
    assert (tmp_path / NAME).read_bytes() == TEXT


def test_the_log_tells_of_progress_and_of_tries(server, fetch, caplog):
    caplog.set_level(logging.INFO)
    body = TEXT * 40
    url = server.url("lines.txt", in_turn(status(503), pieces(body, 3, 0.05)))
    fetch(url, sha256=hashlib.sha256(body).hexdigest())
    said = [record.getMessage() for record in caplog.records if record.name == downloads.__name__]
    assert said[:2] == [f"{url}: found the answer 503 Service Unavailable", "trying again in 0 s"]
    assert said[-1] == f"{NAME}: fetched from {url}, {len(body)} bytes"
    progress = [
        re.fullmatch(rf"(0\.\d) MB of 0\.4 MB from {re.escape(url)}", s) for s in said[2:-1]
    ]
    assert len(progress) >= 3 and all(progress)
    amounts = [float(line[1]) for line in progress]
    assert amounts == sorted(amounts) and amounts[-1] == 0.4


def test_what_was_there_stays_where_nothing_better_comes(server, fetch, tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / NAME).write_bytes(b"before")
    with pytest.raises(InputError):
        fetch(server.url("gone", status(404)))
    assert (tmp_path / NAME).read_bytes() == b"before"
    assert files_in(tmp_path) == [tmp_path / NAME]


# --- Archives -------------------------------------------------------------------------------------


def zipped(members, **more):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, **more) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return stream.getvalue()


def tarred(members, mode="w:gz"):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, body in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    return stream.getvalue()


MEMBERS = {"README": b"read me", "release/": b"", "release/lines.txt": TEXT}
FILES = {name: body for name, body in MEMBERS.items() if body}
# What a deflater cannot make small, so that cuts and flips lie within it.
NOISE = {**FILES, "noise": os.urandom(20000)}
ARCHIVES = {
    "zip": zipped(MEMBERS),
    "tar": tarred(FILES, "w"),
    "tar.gz": tarred(FILES),
    "tar.bz2": tarred(FILES, "w:bz2"),
    "tar.xz": tarred(FILES, "w:xz"),
}


def header(name, size):
    """A tar header by POSIX 1003.1-1988, written field by field."""
    fields = [
        name.ljust(100, "\0"),
        "0000644\0",
        "0000000\0" * 2,
        f"{size:011o}\0",
        "0" * 11 + "\0",
    ]
    start, rest = "".join(fields), "0" + "\0" * 100 + "ustar\x0000" + "\0" * 64
    devices = "\0" * (2 * 8 + 155 + 12)
    total = sum((start + " " * 8 + rest + devices).encode())
    return (start + f"{total:06o}\0 " + rest + devices).encode()


def blocks(body, size=512):
    return body + bytes(-len(body) % size)


TREE = {"release/b/c.txt": TEXT, "release/a.txt": b"a", "README": b"read me"}
TREES = {
    "zip": zipped(TREE),
    **{kind: tarred(TREE, mode) for kind, mode in [("tar", "w"), ("tar.gz", "w:gz")]},
    **{f"tar.{kind}": tarred(TREE, f"w:{kind}") for kind in ("bz2", "xz")},
}
PACKED = blocks(
    b"".join(
        header(name, len(body)) + blocks(body)
        for name, body in [("a.txt", b"a"), ("b/c.txt", TEXT)]
    )
    + bytes(1024),
    10240,
)


@pytest.mark.parametrize("kind", ARCHIVES)
def test_a_member_of_an_archive(server, fetch, tmp_path, kind):
    url = server.url("all", content(ARCHIVES[kind], "application/x"))
    assert fetch(url, member="release/lines.txt") == {"url": url, "bytes": len(TEXT)}
    assert (tmp_path / NAME).read_bytes() == TEXT
    assert files_in(tmp_path) == [tmp_path / NAME]


@pytest.mark.parametrize("kind", ARCHIVES)
@pytest.mark.parametrize("member", ["lines.txt", "release", "release/", "../release/lines.txt"])
def test_a_missing_member_is_named_beside_those_there_are(server, fetch, tmp_path, kind, member):
    url = server.url("all", content(ARCHIVES[kind]))
    message = refusal(fetch, tmp_path, url, member=member)
    there = "README, release/lines.txt"
    assert f"  {url}: an archive without the file {member}; it has {there}\n" in message


def test_of_many_members_a_few_are_named(server, fetch, tmp_path):
    url = server.url("all", content(zipped({f"{n:02}.txt": b"" for n in range(30)})))
    message = refusal(fetch, tmp_path, url, member="lines.txt")
    assert "it has 00.txt, 01.txt, 02.txt, 03.txt, 04.txt and 25 more\n" in message


def flipped(body, at):
    return body[:at] + bytes([body[at] ^ 0xFF]) + body[at + 1 :]


BROKEN_ARCHIVES = {
    "no archive": TEXT,
    "empty": b"",
    "half a zip": ARCHIVES["zip"][: len(ARCHIVES["zip"]) // 2],
    "zip with a wrong byte": flipped(zipped({"release/lines.txt": os.urandom(5000)}), 2000),
    "half a tar": tarred(NOISE, "w")[:4000],
    "half a tar.gz": tarred(NOISE)[:10000],
    "half a tar.bz2": tarred(NOISE, "w:bz2")[:10000],
    "half a tar.xz": tarred(NOISE, "w:xz")[:10000],
    "tar.bz2 with a wrong byte": flipped(tarred(NOISE, "w:bz2"), 10000),
    "tar.xz with a wrong byte": flipped(tarred(NOISE, "w:xz"), 10000),
}


@pytest.mark.parametrize("broken", BROKEN_ARCHIVES)
def test_a_broken_archive_is_one_message_and_leaves_nothing(server, fetch, tmp_path, broken):
    body = BROKEN_ARCHIVES[broken]
    url = server.url("all", content(body, "application/zip"))
    message = refusal(fetch, tmp_path, url, member="release/lines.txt")
    expected = (
        f"  {url}: {len(body)} bytes (application/zip) that is no zip or tar, or a broken one ("
    )
    assert expected in message
    assert len(message.splitlines()) == 3


def test_a_member_with_wrong_content(server, fetch, tmp_path):
    url = server.url("all", content(zipped({"lines.txt": TEXT[1:]}), "application/zip"))
    message = refusal(fetch, tmp_path, url, member="lines.txt")
    assert f"  {url}: {len(TEXT) - 1} bytes (application/zip) with the sha256 {WRONG}" in message


@pytest.mark.parametrize("kind", ARCHIVES)
def test_members_of_an_archive_become_a_tar_of_the_same_bytes(server, fetch, tmp_path, kind):
    url = server.url("all", content(TREES[kind]))
    fetch(url, members="*.txt", sha256=hashlib.sha256(PACKED).hexdigest())
    with tarfile.open(tmp_path / NAME) as archive:
        assert archive.getnames() == ["a.txt", "b/c.txt"]
        assert archive.extractfile("b/c.txt").read() == TEXT
    assert files_in(tmp_path) == [tmp_path / NAME]


@pytest.mark.parametrize("pattern", ["*.gz", "a.txt", "release", "../release/*"])
def test_a_pattern_of_no_member_is_named_beside_those_there_are(server, fetch, tmp_path, pattern):
    url = server.url("all", content(TREES["zip"]))
    message = refusal(fetch, tmp_path, url, members=pattern)
    there = "release/b/c.txt, release/a.txt, README"
    assert f"  {url}: an archive without files {pattern}; it has {there}\n" in message


def test_a_link_in_a_tar_leads_nowhere(server, fetch, tmp_path):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        entry = tarfile.TarInfo("lines.txt")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/hosts"
        archive.addfile(entry)
    url = server.url("all", content(stream.getvalue()))
    message = refusal(fetch, tmp_path, url, member="lines.txt")
    assert "an archive without the file lines.txt; it has none\n" in message


def test_a_full_disk_is_not_put_down_to_the_server(server, fetch, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(downloads.shutil, "copyfileobj", full)
    url = server.url("all", content(ARCHIVES["zip"]))
    with pytest.raises(OSError, match="No space left"):
        fetch(url, member="release/lines.txt")
    assert files_in(tmp_path) == []
    assert server.requests == {"/all": 1}

"""The reader of plain text and WikiText."""

import logging
import re

import pytest

from bertology.corpora.plain import read_text, write_text
from bertology.errors import InputError

# WikiText has a blank at both ends of each line.
WIKITEXT = "".join(
    f" {line} \n"
    for line in [
        "",
        "= Harbour =",
        "",
        "The well @-@ known port cost 1 @,@ 200 @.@ 5 pounds . It cost 15 @,@ <unk> . It opened",
        "= = History = =",
        '" Why ? " he said .',
        ". . .",
        "Scores of 3 @-@ 2 @-@ 1 = six",
    ]
)


def write(folder, text):
    path = folder / "lines.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_wikitext_becomes_sentences_as_people_write_them(tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        sentences = read_text(write(tmp_path, WIKITEXT))
    assert [" ".join(words) for words in sentences] == [
        "The well-known port cost 1,200.5 pounds .",
        "It opened",
        '" Why ? " he said .',
        "Scores of 3-2-1 = six",
    ]
    assert "left out 1 sentences with <unk>" in caplog.text


def test_writing_and_reading_gives_the_same(tmp_path):
    sentences = read_text(write(tmp_path, WIKITEXT))
    write_text(tmp_path / "out.txt", sentences)
    assert read_text(tmp_path / "out.txt") == sentences


@pytest.mark.parametrize(
    "words",
    [("A", ".", "B"), ("=", "Title", "="), ("New York",), ("?",), ("1", "@-@", "2"), ()],
)
def test_what_would_not_be_read_back_is_not_written(tmp_path, words):
    with pytest.raises(ValueError, match="not one sentence"):
        write_text(tmp_path / "out.txt", [("Good", "."), words])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["valid", "test"])
def test_wikitext_files_lose_only_what_is_documented(shared_data, tmp_path, name):
    path = shared_data / "wikitext" / f"{name}.txt"
    sentences = read_text(path)
    lines = [line.strip() for line in path.read_text(encoding="utf-8").split("\n")]
    body = [line for line in lines if line and not (line[0] == line[-1] == "=")]
    pieces = [piece for line in body for piece in f"{line} ".replace(" . ", " .\n").split("\n")]
    kept = [piece for piece in pieces if "<unk>" not in piece and re.search(r"\w", piece)]
    assert len(sentences) == len(kept)
    joined = "".join("".join(words) for words in sentences)
    assert joined == re.sub(r"\s|@(?=[-,.]@)|(?<=@[-,.])@", "", "".join(kept))
    write_text(tmp_path / "copy.txt", sentences)
    assert read_text(tmp_path / "copy.txt") == sentences


@pytest.mark.parametrize("text", ["", " \n\n", " = Title = \n . \n", "only <unk> here\n"])
def test_files_without_sentence_are_refused(tmp_path, text):
    path = write(tmp_path, text)
    with pytest.raises(InputError, match=f"{re.escape(str(path))}: found no sentence; allowed"):
        read_text(path)

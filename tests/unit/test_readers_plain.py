"""The reader of plain text and WikiText."""

import re
from collections import Counter

import numpy as np
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


def test_wikitext_becomes_sentences_as_people_write_them(tmp_path):
    left_out = Counter()
    sentences = read_text(write(tmp_path, WIKITEXT), left_out)
    assert [" ".join(words) for words in sentences] == [
        "The well-known port cost 1,200.5 pounds .",
        "It opened",
        '" Why ? " he said .',
        "Scores of 3-2-1 = six",
    ]
    assert left_out == {"sentence with <unk>": 1, "sentence without a letter or digit": 3}


@pytest.mark.parametrize(
    ("line", "sentences", "left_out"),
    [
        ("It was a . = b = ", ["It was a ."], "sentence between equals signs, as a heading"),
        ("= a = . It was", ["= a = .", "It was"], None),
        ("so x = y = z", ["so x = y = z"], None),
        ("=\u3000a\u00a0=", [], None),
        ("a\t@-@ b @,@\u00a0c @.@\u2028d", ["a-b,c.d"], None),
        ("a @-@ b @-@ c @-@ @-@ d", ["a-b-c-@-@ d"], None),
        ("@-@ a @-@", ["@-@ a @-@"], None),
        ("x @ @-@ @ y", ["x-y"], None),
        ("a @.@ . b", ["a.. b"], None),
        ("a . @-@ b", ["a .-b"], None),
        ("\u2028 a\x85b\x1cc \u3000 . d", ["a b c .", "d"], None),
        ("a \ufeffb", ["a b"], None),
    ],
)
def test_lines_of_other_kinds(tmp_path, line, sentences, left_out):
    found = Counter()
    read = read_text(write(tmp_path, f"{line}\nend\n"), found)
    assert [" ".join(words) for words in read] == [*sentences, "end"]
    assert +found == (Counter({left_out: 1}) if left_out else Counter())


PIECES = [
    *("a", "1", "=", "= =", ".", ",", "@", "-", "@-@", "@,@", "@.@", "<unk>", "<", "unk>", "b@-@"),
    *("\t", "\u00a0", "\u3000", "\u2028", "\x85", "\x1c", "\r", "\x0b", "\x00", "\u200b", "\ufeff"),
]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_was_read_reads_back_the_same(tmp_path, seed):
    generator = np.random.default_rng(seed)
    for _ in range(300):
        blanks = generator.choice(["", " ", "  ", "\u3000"], 30, p=[0.1, 0.7, 0.1, 0.1])
        lines = generator.choice(PIECES, (4, 30))
        text = "\n".join("".join(np.char.add(line, blanks)) for line in lines)
        sentences = read_text(write(tmp_path, f"{text}\nlast\n"))
        write_text(tmp_path / "out.txt", sentences)
        assert read_text(tmp_path / "out.txt") == sentences


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

"""The CoNLL-U reader: against the conllu package, networkx and published counts."""

import itertools
import re
from collections import Counter
from pathlib import Path

import conllu
import networkx
import pytest

from bertology.corpora.treebank import read_treebank, write_treebank
from bertology.errors import InputError

PLAIN = """\
# newdoc id = letters
# sent_id = a
# text = He isn't here
1\tHe\the\tPRON\tPRP\t_\t4\tnsubj\t4:nsubj\t_
2-3\tisn't\t_\t_\t_\t_\t_\t_\t_\t_
2\tis\tbe\tAUX\tVBZ\t_\t4\tcop\t_\t_
3\tn't\tnot\tPART\tRB\t_\t4\tadvmod:neg\t_\t_
3.1\tgone\tgo\tVERB\tVBN\t_\t_\t_\t0:root\t_
4\there\there\tADV\tRB\t_\t0\troot\t_\t_

# newpar
1\tGo\tgo\tVERB\tVB\t_\t0\troot\t_\t_

"""


def write(folder: Path, text: str) -> Path:
    path = folder / "sample.conllu"
    path.write_text(text, encoding="utf-8", newline="")
    return path


def row(number: int | str, head: int | str, form: str = "word") -> str:
    return f"{number}\t{form}\t_\tNOUN\tNN\t_\t{head}\tdep\t_\t_\n"


def test_words_are_rows_with_whole_numbers(tmp_path):
    first, second = read_treebank(write(tmp_path, PLAIN))
    assert first.identifier == "a"
    assert first.words == ("He", "is", "n't", "here")
    assert first.universal_tags == ("PRON", "AUX", "PART", "ADV")
    assert first.treebank_tags == ("PRP", "VBZ", "RB", "RB")
    assert first.heads == (4, 4, 4, 0)
    assert first.relations == ("nsubj", "cop", "advmod:neg", "root")
    assert (second.identifier, second.document) == ("2", "letters")


@pytest.mark.parametrize(
    ("comments", "documents"),
    [
        (["", "# newdoc id = x\n", "", "# newdoc id = y\n"], [None, "x", "x", "y"]),
        (["# newdoc\n", "", "# newdoc\n", ""], ["1", "1", "3", "3"]),
    ],
)
def test_documents(tmp_path, comments, documents):
    path = write(tmp_path, "".join(f"{comment}{row(1, 0)}\n" for comment in comments))
    sentences = read_treebank(path)
    assert [sentence.document for sentence in sentences] == documents
    write_treebank(path, sentences)
    assert read_treebank(path) == sentences


def test_windows_line_ends_and_byte_order_mark(tmp_path):
    expected = read_treebank(write(tmp_path, PLAIN))
    assert read_treebank(write(tmp_path, "\ufeff" + PLAIN.replace("\n", "\r\n"))) == expected


def test_separators_inside_a_word_do_not_end_a_line(tmp_path):
    (sentence,) = read_treebank(write(tmp_path, row(1, 0, "10\u2028000\x85 x") + "\n"))
    assert sentence.words == ("10\u2028000\x85 x",)


def masked(*forms, comments=""):
    """A sentence as treebanks without text have it, which mask the text in the comment too."""
    rows = (row(number, number - 1, form) for number, form in enumerate(forms, start=1))
    multiword = "1-2\t__\t_\t_\t_\t_\t_\t_\t_\tLen=4\n" if len(forms) > 1 else ""
    text = f"# text = {' '.join(forms)}\n"
    return f"{comments}{text}{multiword}{''.join(rows)}0.1\tx\t_\t_\t_\t_\t_\t_\t_\t_\n\n"


@pytest.mark.parametrize(
    ("text", "kept", "left_out"),
    [
        # A line that somebody drew, as in EWT; words that happen to be an underscore.
        (GOOD_TEXT := masked("It", "is"), [("It", "is")], 0),
        (GOOD_TEXT + masked("_"), [("It", "is"), ("_",)], 0),
        (GOOD_TEXT + masked("______"), [("It", "is"), ("______",)], 0),
        (GOOD_TEXT + masked("a", "_", "_"), [("It", "is"), ("a", "_", "_")], 0),
        # Withheld, and a word alone beside it.
        (GOOD_TEXT + masked("_", "_"), [("It", "is")], 1),
        (masked("_", "_") + GOOD_TEXT + masked("_"), [("It", "is")], 2),
        (GOOD_TEXT + masked("_____", "__", "_"), [("It", "is")], 1),
        # Documents whose text is withheld beside others, as in GUM.
        (
            masked("It", "is", comments="# newdoc id = a\n")
            + masked("_")
            + masked("_", "_", "_", comments="# newdoc id = b\n")
            + masked("_"),
            [("It", "is"), ("_",)],
            2,
        ),
    ],
)
def test_sentences_whose_text_is_withheld(tmp_path, text, kept, left_out):
    counts = Counter()
    read = read_treebank(write(tmp_path, text), counts)
    assert [sentence.words for sentence in read] == kept
    assert +counts == Counter({"sentence whose text is withheld": left_out} if left_out else {})
    write_treebank(tmp_path / "copy.conllu", read)
    assert read_treebank(tmp_path / "copy.conllu") == read


@pytest.mark.parametrize(
    "text", [masked("_", "_") * 3, masked("_", "_") + masked("_"), masked("_")]
)
def test_a_treebank_without_text_is_refused(tmp_path, text):
    path = write(tmp_path, text)
    with pytest.raises(InputError) as error:
        read_treebank(path)
    assert str(error.value) == (
        f"{path}: found no text: each word is masked as _ or [WORD]; "
        "allowed: a file with its words: "
        "get the text from its owner and put it in, as the corpus's README says"
    )


@pytest.mark.parametrize(
    "blank", ["\u3000", "\u00a0", "\u2003 \u2003", " ", "\u2028", "\x85", "\x1c"]
)
def test_blank_words_are_refused_with_their_line(tmp_path, blank):
    path = write(tmp_path, row(1, 0) + row(2, 1, blank) + "\n")
    points = " ".join(f"U+{ord(character):04X}" for character in blank)
    with pytest.raises(
        InputError, match=rf"line 2: found a blank FORM \({re.escape(points)}\); al"
    ):
        read_treebank(path)


@pytest.mark.parametrize("form", ["\u200d", "\ufe0f", "\u200b", "\xad", "\x00", "a\rb", "\ufeff"])
def test_words_of_format_characters_are_words(tmp_path, form):
    """In treebanks of tweets the joiner within an emoji may be a word of its own."""
    path = write(tmp_path, row(1, 0, "\U0001f469") + row(2, 1, form) + "\n")
    (sentence,) = read_treebank(path)
    assert sentence.words == ("\U0001f469", form)
    write_treebank(tmp_path / "copy.conllu", [sentence])
    assert read_treebank(tmp_path / "copy.conllu") == [sentence]


def test_surrogates_are_no_utf8(tmp_path):
    path = tmp_path / "sample.conllu"
    path.write_bytes((row(1, 0, "a\ud800") + "\n").encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError, match=r"line 1: found bytes that are not UTF-8; allowed: UTF-8"):
        read_treebank(path)


@pytest.mark.parametrize(
    ("name", "sentences", "words", "documents"),
    [
        ("ewt/en_ewt-ud-train", 12_544, 204_577, 540),
        ("ewt/en_ewt-ud-dev", 2_001, 25_147, 318),
        ("ewt/en_ewt-ud-test", 2_077, 25_094, 316),
        ("gum/en_gum-ud-dev", 1_117, 19_642, 22),
        ("gum/en_gum-ud-test", 1_096, 19_905, 22),
    ],
)
def test_published_counts(shared_data, tmp_path, name, sentences, words, documents):
    left_out = Counter()
    read = read_treebank(shared_data / f"{name}.conllu", left_out)
    assert left_out.total() == 0
    assert len(read) == sentences
    assert sum(len(sentence.words) for sentence in read) == words
    assert len({sentence.document for sentence in read}) == documents
    copy = tmp_path / "copy.conllu"
    write_treebank(copy, read)
    assert read_treebank(copy) == read


def test_agrees_with_the_conllu_package(shared_data):
    path = shared_data / "ewt" / "en_ewt-ud-dev.conllu"
    ours = read_treebank(path)
    theirs = conllu.parse(path.read_text(encoding="utf-8"))
    assert len(ours) == len(theirs)
    for sentence, tokens in zip(ours, theirs, strict=True):
        words = tokens.filter(id=lambda number: isinstance(number, int))
        assert sentence.identifier == tokens.metadata["sent_id"]
        columns = (sentence.words, sentence.universal_tags, sentence.treebank_tags,
                   sentence.heads, sentence.relations)  # fmt: skip
        for column, key in zip(columns, ("form", "upos", "xpos", "head", "deprel"), strict=True):
            assert column == tuple(word[key] for word in words)


def test_what_is_written_parses_elsewhere(tmp_path):
    sentences = read_treebank(write(tmp_path, PLAIN))
    write_treebank(tmp_path / "copy.conllu", sentences)
    parsed = conllu.parse((tmp_path / "copy.conllu").read_text(encoding="utf-8"))
    assert [[token["head"] for token in tokens] for tokens in parsed] == [[4, 4, 4, 0], [0]]
    assert parsed[0].metadata == {"newdoc id": "letters", "sent_id": "a", "text": "He is n't here"}


def test_sentences_without_document_cannot_follow_one(tmp_path):
    sentences = read_treebank(write(tmp_path, row(1, 0) + "\n# newdoc id = x\n" + row(1, 0) + "\n"))
    with pytest.raises(ValueError, match="follows a document"):
        write_treebank(tmp_path / "reversed.conllu", sentences[::-1])
    assert not (tmp_path / "reversed.conllu").exists()


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_accepts_exactly_the_trees_with_one_root(tmp_path, length):
    for heads in itertools.product(range(length + 1), repeat=length):
        graph = networkx.DiGraph((head, word) for word, head in enumerate(heads, start=1))
        graph.add_nodes_from(range(length + 1))
        is_tree = networkx.is_arborescence(graph) and heads.count(0) == 1
        rows = "".join(row(number, head) for number, head in enumerate(heads, start=1))
        path = write(tmp_path, rows + "\n")
        if is_tree:
            assert read_treebank(path)[0].heads == heads
        else:
            with pytest.raises(InputError):
                read_treebank(path)


GOOD = row(1, 2) + row(2, 0)


@pytest.mark.parametrize(
    ("text", "line", "found", "allowed"),
    [
        ("", None, "an empty file", "at least one sentence"),
        ("\n\n", None, "an empty file", "at least one sentence"),
        (GOOD + "\n" + GOOD + "\n" + row(1, 0)[:9], 7, "4 columns", "10 columns"),
        (GOOD + "\n" + GOOD.removesuffix("\t_\n"), 5, "9 columns", "10 columns"),
        (GOOD + "\n" + row(1, 0), 4, "the end of the file within", "a blank line"),
        (GOOD + "\n# sent_id = cut\n", 4, "a sentence without words", "at least one word"),
        (GOOD.replace("\t", "  ") + "\n", 1, "1 columns", "10 columns separated by tabs"),
        (GOOD.replace("NOUN", "", 1) + "\n", 1, "an empty column UPOS", '"_"'),
        (row(1, 3) + row(2, 0) + "\n", 1, "HEAD 3", "0 to 2"),
        (row(1, "_") + "\n", 1, "HEAD _", "a whole number"),
        (row(1, -1) + "\n", 1, "HEAD -1", "a whole number"),
        (row(1, "9" * 5000) + "\n", 1, "HEAD 9999", "a whole number"),
        (row(1, "1.5") + "\n", 1, "HEAD 1.5", "a whole number"),
        (row(1, 1) + row(2, 0) + "\n", 1, "HEAD 1 on itself", "another word"),
        (GOOD + row(3, 0) + "\n", 3, "a second root", "one root"),
        (GOOD + "\n" + row(1, 2) + row(2, 1) + "\n", 4, "without root", "one root"),
        (row(1, 0) + row(2, 3) + row(3, 2) + "\n", 2, "a cycle of heads", "lead to the root"),
        (row(1, 0) + row(3, 1) + "\n", 2, "ID 3", "ID 2"),
        (row(1, 0) + row("x", 1) + "\n", 2, "ID x", "ID 2"),
        (row(1, 0).replace("dep", "_") + "\n", 1, "no DEPREL", "a relation"),
        (f"# sent_id = a\n{GOOD}\n" * 2, 5, "identifier a a second time", "unique"),
    ],
)
def test_broken_files_are_refused_with_their_line(tmp_path, text, line, found, allowed):
    path = write(tmp_path, text)
    place = f"{path}, line {line}: found " if line else f"{path}: found "
    with pytest.raises(InputError) as error:
        read_treebank(path)
    message = str(error.value)
    assert message.startswith(place)
    assert re.search(f"{re.escape(found)}.*; allowed: .*{re.escape(allowed)}", message)


def test_every_truncation_within_a_sentence_is_noticed(shared_data, tmp_path):
    text = (shared_data / "ewt" / "en_ewt-ud-dev.conllu").read_text(encoding="utf-8")
    end = text.index("\n\n", 2_000) + 2
    start = text.rindex("\n\n", 0, end - 2) + 2
    for cut in range(start + 1, end):
        with pytest.raises(InputError, match="line"):
            read_treebank(write(tmp_path, text[:cut]))


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match=r"nowhere.conllu: found No such file.*allowed"):
        read_treebank(tmp_path / "nowhere.conllu")
    path = tmp_path / "latin.conllu"
    path.write_bytes((GOOD + "\n").encode() + row(1, 0, "é").encode("latin-1") + b"\n")
    with pytest.raises(InputError, match=r"latin.conllu, line 4: found .*UTF-8"):
        read_treebank(path)

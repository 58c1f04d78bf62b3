"""The readers of OntoNotes tables: an invented document, broken ones, and a naive parser."""

import itertools
import re

import numpy as np
import pytest

from bertology.corpora.edges import read_edges, write_edges
from bertology.corpora.shapes import SpanSentence, SpanTarget
from bertology.corpora.spans.ontonotes import (
    read_constituents,
    read_coreference,
    read_entities,
    read_part_of_speech,
    read_semantic_roles,
)
from refusals import refused

READERS = [
    read_part_of_speech,
    read_constituents,
    read_entities,
    read_semantic_roles,
    read_coreference,
]

# In the second sentence mentions of the clusters 1 and 4 cross.
DOCUMENT = """\
#begin document (zz/tale/00/tale_0000); part 000
zz/tale/00/tale_0000   0    0   The    DT   (TOP(S(NP-SBJ*  -     -   -   Teller#1  *         (ARG0*   *         (1
zz/tale/00/tale_0000   0    1   old    JJ   *               -     -   -   Teller#1  *         *        *         -
zz/tale/00/tale_0000   0    2   cat    NN   *)              cat   -   1   Teller#1  *         *)       *         1)
zz/tale/00/tale_0000   0    3   saw    VBD  (VP*            see   01  1   Teller#1  *         (V*)     *         -
zz/tale/00/tale_0000   0    4   that   IN   (SBAR*          -     -   -   Teller#1  *         (ARG1*   *         -
zz/tale/00/tale_0000   0    5   Ana    NNP  (S(NP*)         -     -   -   Teller#1  (PERSON)  *        (ARG0*)   (2)
zz/tale/00/tale_0000   0    6   fed    VBD  (VP*            feed  01  2   Teller#1  *         *        (V*)      -
zz/tale/00/tale_0000   0    7   her    PRP$ (NP*            -     -   -   Teller#1  *         *        (ARG2*    (3|(2)
zz/tale/00/tale_0000   0    8   dog    NN   *)))))          dog   -   -   Teller#1  *         *)       *)        3)
zz/tale/00/tale_0000   0    9   /.     .    *))             -     -   -   Teller#1  *         *        *         -

zz/tale/00/tale_0000\t0\t0\tNew\tNNP\t(TOP(S(NP*\t-\t-\t-\t-\t(GPE*\t(ARG0*\t(4
zz/tale/00/tale_0000\t0\t1\tYork\tNNP\t*\t-\t-\t-\t-\t*\t*\t-
zz/tale/00/tale_0000\t0\t2\tCity\tNNP\t*)\t-\t-\t-\t-\t*)\t*)\t4)
zz/tale/00/tale_0000\t0\t3\tliked\tVBD\t(VP*\tlike\t01\t-\t-\t*\t(V*)\t-
zz/tale/00/tale_0000\t0\t4\tAna\t-\t(NP(NP*\t-\t-\t-\t-\t(PERSON*)\t(ARG1(C-ARG1*\t(1|(2
zz/tale/00/tale_0000\t0\t5\t's\tPOS\t*)\t-\t-\t-\t-\t*\t*)\t2)
zz/tale/00/tale_0000\t0\t6\tand/or\tNN\t*\t-\t-\t-\t-\t*\t*\t1)|(4
zz/tale/00/tale_0000\t0\t7\t/\tSYM\t*\t-\t-\t-\t-\t*\t(R-ARGM-TMP*)\t-
zz/tale/00/tale_0000\t0\t8\tdog\tNN\t*)))\t-\t-\t-\t-\t(WORK_OF_ART*)\t*)\t(3)|4)
zz/tale/00/tale_0000\t0\t9\t-RRB-\t-RRB-\t*)\t-\t-\t-\t-\t*\t*\t-

#end document
#begin document (zz/tale/00/tale_0000); part 001
zz/tale/00/tale_0000   1   0   Yes   UH   (TOP(INTJ*   -   -   -   -   *   (1)
zz/tale/00/tale_0000   1   1   /?    .    *))          -   -   -   -   *   -

#end document
"""  # noqa: E501

WORDS = [
    ("The", "old", "cat", "saw", "that", "Ana", "fed", "her", "dog", "."),
    ("New", "York", "City", "liked", "Ana", "'s", "and/or", "/", "dog", "-RRB-"),
    ("Yes", "?"),
]
FIRST, SECOND = (
    str(number)
    for number, line in enumerate(DOCUMENT.splitlines(), start=1)
    if line.startswith("#begin")
)
PARTS = (FIRST, FIRST, SECOND)


def write(folder, text, name="tale.gold_conll"):
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def one(*spans):
    return tuple(SpanTarget((first, end), None, (label,)) for first, end, label in spans)


def two(predicate, *arguments):
    return tuple(
        SpanTarget((predicate, predicate + 1), (first, end), (label,))
        for first, end, label in arguments
    )


def test_parts_of_speech(tmp_path):
    read = read_part_of_speech(write(tmp_path, DOCUMENT))
    tags = ["DT JJ NN VBD IN NNP VBD PRP$ NN .", "NNP NNP NNP VBD - POS NN SYM NN -RRB-", "UH ."]
    assert read.sentences == [
        SpanSentence(words, one(*(
            (position, position + 1, tag)
            for position, tag in enumerate(line.split()) if tag != "-"
        )), part)
        for words, line, part in zip(WORDS, tags, PARTS, strict=True)
    ]  # fmt: skip
    assert read.left_out == {"word without part of speech": 1}


def masked(text):
    """The document as *.gold_skel files have it."""
    return "".join(
        re.sub(r"(^\S+\s+\d+\s+\d+\s+)\S+", r"\1[WORD]", line)
        for line in text.splitlines(keepends=True)
    )


@pytest.mark.parametrize("reader", READERS)
def test_sentences_whose_text_is_withheld_are_left_out(tmp_path, reader):
    second = DOCUMENT.index("zz/tale/00/tale_0000\t0\t0")
    text = masked(DOCUMENT[:second]) + DOCUMENT[second:]
    read = reader(write(tmp_path, text))
    assert [word for each in read.sentences for word in each.words] == [*WORDS[1], *WORDS[2]]
    record = {"split": "train", "unit": "sentence", "reason": "sentence whose text is withheld"}
    assert {**record, "left_out": 1, "of": 3} in read.records("train")
    path = write(tmp_path, masked(DOCUMENT))
    refused(reader, path, None, "no text: each word is masked as _ or [WORD]", "get the text")


def test_skeletons_of_propbank_are_refused_by_name(tmp_path):
    row = "google/ewt/answers/00/1.xml    0   0   [WORD]   WRB    (TOP(S*))   -   -   *   *\n\n"
    path = write(tmp_path, row)
    found = "a row of a *.gold_skel file, whose text is withheld ([WORD])"
    refused(read_semantic_roles, path, 1, found, "with the words put in")


def test_constituents(tmp_path):
    read = read_constituents(write(tmp_path, DOCUMENT))
    assert read.sentences == [
        SpanSentence(WORDS[0], one(
            (0, 10, "S"), (0, 3, "NP-SBJ"), (3, 9, "VP"), (4, 9, "SBAR"),
            (5, 9, "S"), (5, 6, "NP"), (6, 9, "VP"), (7, 9, "NP"),
        ), FIRST),
        SpanSentence(WORDS[1], one(
            (0, 9, "S"), (0, 3, "NP"), (3, 9, "VP"), (4, 9, "NP"), (4, 6, "NP"),
        ), FIRST),
        SpanSentence(WORDS[2], one((0, 2, "INTJ")), SECOND),
    ]  # fmt: skip
    assert read.left_out == {}


def test_entities(tmp_path):
    read = read_entities(write(tmp_path, DOCUMENT))
    assert read.sentences == [
        SpanSentence(WORDS[0], one((5, 6, "PERSON")), FIRST),
        SpanSentence(WORDS[1], one((0, 3, "GPE"), (4, 5, "PERSON"), (8, 9, "WORK_OF_ART")), FIRST),
        SpanSentence(WORDS[2], (), SECOND),
    ]
    assert read.left_out == {}


def test_semantic_roles(tmp_path):
    read = read_semantic_roles(write(tmp_path, DOCUMENT))
    assert read.sentences == [
        SpanSentence(WORDS[0], (
            *two(3, (0, 3, "ARG0"), (4, 9, "ARG1")),
            *two(6, (5, 6, "ARG0"), (7, 9, "ARG2")),
        ), FIRST),
        SpanSentence(WORDS[1], two(
            3, (0, 3, "ARG0"), (4, 9, "ARG1"), (4, 6, "C-ARG1"), (7, 8, "R-ARGM-TMP"),
        ), FIRST),
        SpanSentence(WORDS[2], (), SECOND),
    ]  # fmt: skip
    assert read.left_out == {}


@pytest.mark.parametrize("column", ["*", "(ARG1(V*))", "(V(V*))"])
def test_arguments_without_a_certain_predicate_are_left_out(tmp_path, column):
    rows = [["*", "*", column], ["(ARG0*)", "(ARG0*)", "(ARG0*)"], ["*", "(V*)", "*"]]
    read = read_semantic_roles(write(tmp_path, table(rows)))
    known = column == "(ARG1(V*))"
    of_second = two(0, (0, 1, "ARG1"), (1, 2, "ARG0")) if known else ()
    assert read.sentences[0].targets == two(2, (1, 2, "ARG0")) + of_second
    reason = "argument in a column without exactly one V"
    assert read.left_out == {reason: 1 if known else 2}


# Mentions as (first word of the document, end word, cluster) by document part.
MENTIONS = [
    [(0, 3, 1), (5, 6, 2), (7, 8, 2), (7, 9, 3),
     (10, 13, 4), (14, 17, 1), (14, 16, 2), (16, 19, 4), (18, 19, 3)],
    [(20, 21, 1)],
]  # fmt: skip


def expected_pairs(first_word, end_word):
    """All pairs of mentions in the words from `first_word` to `end_word`, by label."""
    pairs = {"1": set(), "0": set()}
    for part in MENTIONS:
        inside = [m for m in part if first_word <= m[0] and m[1] <= end_word]
        for pair in itertools.combinations(inside, 2):
            spans = sorted((first - first_word, end - first_word) for first, end, _ in pair)
            pairs["1" if pair[0][2] == pair[1][2] else "0"].add(tuple(spans))
    return pairs


@pytest.mark.parametrize(
    ("longest", "lengths"),
    [(100, [20, 2]), (22, [20, 2]), (20, [20, 2]), (19, [10, 10, 2]), (10, [10, 10, 2])],
)
def test_coreference(tmp_path, longest, lengths):
    path = write(tmp_path, DOCUMENT)
    read = read_coreference(path, longest, seed=5)
    words = tuple(itertools.chain(*WORDS))
    ends = list(itertools.accumulate(lengths))
    for passage, length, end in zip(read.sentences, lengths, ends, strict=True):
        assert passage.words == words[end - length : end]
        assert passage.document == (FIRST if end <= 20 else SECOND)
        expected = expected_pairs(end - length, end)
        found = {
            label: [(t.span1, t.span2) for t in passage.targets if t.labels == (label,)]
            for label in "01"
        }
        assert len(found["1"]) + len(found["0"]) == len(passage.targets)
        assert sorted(found["1"]) == sorted(expected["1"])
        assert set(found["0"]) <= expected["0"]
        assert len(set(found["0"])) == len(found["0"])
        assert len(found["0"]) == min(len(expected["0"]), len(expected["1"]))
    assert read.left_out == {}


def test_coreference_depends_on_the_seed_alone(tmp_path):
    path = write(tmp_path, DOCUMENT)
    assert read_coreference(path) == read_coreference(path, longest=100, seed=0)
    drawn = set()
    for seed in range(40):
        read = read_coreference(path, seed=seed)
        assert read == read_coreference(path, seed=seed)
        targets = read.sentences[0].targets
        drawn |= {(t.span1, t.span2) for t in targets if t.labels == ("0",)}
    assert drawn == expected_pairs(0, 20)["0"]


def test_coreference_leaves_out_long_sentences_and_pairs_on_the_same_words(tmp_path):
    rows = [["(1)|(1|(2)|(1"], ["1)"], ["1)"]]
    text = table([["(1)"], ["(1)"]]) + table(rows) + table([["(1)"], ["-"]], part=1)
    read = read_coreference(write(tmp_path, text), longest=2)
    assert [len(passage.words) for passage in read.sentences] == [2, 2]
    assert read.left_out == {"sentence of more than 2 words": 1}
    read = read_coreference(write(tmp_path, text))
    same = {(t.span1, t.span2) for t in read.sentences[1].targets if t.labels == ("1",)}
    assert same == {((0, 1), (0, 2)), ((0, 1), (0, 3)), ((0, 2), (0, 3))}
    assert read.left_out == {"pair of mentions on the same words": 1}


def test_a_cluster_within_itself_closes_what_was_opened_last(tmp_path):
    path = write(tmp_path, table([["(7"], ["(7"], ["7)"], ["7)"]]))
    assert read_coreference(path).sentences[0].targets == (SpanTarget((0, 4), (1, 3), ("1",)),)


def row(number, last, word="word", tag="NN", parse="*", entities="*"):
    """A row whose last columns are given."""
    fixed = ["zz/x", "0", str(number), word, tag, parse, "-", "-", "-", "-", entities]
    return "  ".join([*fixed, *last]) + "\n"


def table(rows, part=0, **columns):
    """A document part of one sentence, from the last columns of its rows.

    Rows with one column have coreference alone, with more have arguments and no coreference.
    """
    rows = [last if len(last) == 1 else [*last, "-"] for last in rows]
    body = (
        row(number, last, **{name: values[number] for name, values in columns.items()})
        for number, last in enumerate(rows)
    )
    return f"#begin document (zz/x); part {part:03}\n{''.join(body)}\n#end document\n"


@pytest.mark.parametrize(
    ("written", "word"),
    [("/.", "."), ("/?", "?"), ("/-", "-"), ("/", "/"), ("//", "//"), ("/..", "/.."),
     ("./.", "./."), ("/a", "/a"), ("-LRB-", "-LRB-"), ("%pw", "%pw"),
     ("10\u00a0000", "10\u00a0000")],
)  # fmt: skip
def test_words(tmp_path, written, word):
    read = read_part_of_speech(write(tmp_path, table([["-"]], word=[written])))
    assert read.sentences[0].words == (word,)
    write_edges(tmp_path / "out.jsonl", read.sentences)
    assert read_edges(tmp_path / "out.jsonl") == read.sentences


def naive_constituents(parse_bits):
    """Constituents by recursive descent over the parse bits put together as one text."""
    text = "".join(parse_bits)
    found = []
    place = words = 0

    def constituent():
        nonlocal place, words
        label = re.match(r"\(([^()*]+)", text[place:])[1]
        place += 1 + len(label)
        first, number = words, len(found)
        found.append(None)
        while text[place] != ")":
            if text[place] == "*":
                place, words = place + 1, words + 1
            else:
                constituent()
        place += 1
        found[number] = (first, words, label)

    constituent()
    assert place == len(text)
    return [each for each in found if each[2] != "TOP"]


def random_parse_bits(generator, words):
    """Parse bits of a random tree over so many words, unary branches included."""
    opened, closed = [""] * words, [""] * words

    def grow(first, end, label):
        opened[first] += f"({label}"
        if generator.random() < 0.3:
            grow(first, end, generator.choice(["NP", "VP", "S-CLR", "PRP$", "TOPIC"]))
        else:
            cuts = [cut for cut in range(first + 1, end) if generator.random() < 0.4]
            for left, right in itertools.pairwise([first, *cuts, end]):
                if (left, right) != (first, end) and generator.random() < 0.7:
                    grow(left, right, generator.choice(["NP", "VP", "ADJP", "SBAR=2"]))
        closed[end - 1] += ")"

    grow(0, words, "TOP")
    return [f"{left}*{right}" for left, right in zip(opened, closed, strict=True)]


def test_constituents_are_those_of_a_naive_parser(tmp_path):
    generator = np.random.default_rng(11)
    parses = [random_parse_bits(generator, int(generator.integers(1, 15))) for _ in range(200)]
    text = "".join(table([["-"]] * len(parse), parse=parse) for parse in parses)
    read = read_constituents(write(tmp_path, text))
    expected = [one(*naive_constituents(parse)) for parse in parses]
    assert max(len(targets) for targets in expected) > 10
    assert [sentence.targets for sentence in read.sentences] == expected


LINES = DOCUMENT.splitlines(keepends=True)
BLANK_LINE = "a blank line after each sentence"


def changed(line, old, new):
    """The document with a piece of one line (from 1) exchanged."""
    assert LINES[line - 1].count(old) == 1
    return "".join([*LINES[: line - 1], LINES[line - 1].replace(old, new), *LINES[line:]])


def without(*lines):
    return "".join(text for number, text in enumerate(LINES, start=1) if number not in lines)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("text", "line", "found", "allowed"),
    [
        ("", None, "an empty file", "at least one sentence"),
        ("\n", None, "no target", "at least one target"),
        (LINES[0] + LINES[23], None, "no target", "at least one target"),
        # Too few columns in a first row and in a later one, too many.
        (changed(13, "-\t-\t-\t-\t(GPE*\t(ARG0*\t(4", ""), 13, "6 columns", "at least 12"),
        (changed(15, "\t4)", ""), 15, "12 columns", "13, as in the first row"),
        (changed(15, "\t4)", "\t*\t4)"), 15, "14 columns", "13, as in the first row"),
        ("".join(LINES[:4]) + LINES[4][:60], 5, "6 columns", "at least 12"),
        # Word numbers.
        (without(2), 2, "word number 1", "0"),
        (without(5), 5, "word number 4", "3"),
        (without(12), 12, "columns", "14, as in the first row"),
        (changed(14, "\t1\tYork", "\tx\tYork"), 14, "word number x", "1"),
        (changed(14, "\t1\tYork", "\t01\tYork"), 14, "word number 01", "1"),
        (changed(3, "old", "\u00a0"), 3, "a blank word (U+00A0)", "no blank"),
        (changed(3, "old", "\u3000"), 3, "a blank word (U+3000)", "no blank"),
        # Document parts.
        (without(1), 1, "a row outside a document part", "#begin document before it"),
        (without(24), 24, "#begin document within a document part", "#end document before it"),
        (without(25), 25, "a row outside a document part", "#begin document before it"),
        (DOCUMENT + "#end document\n", 30, "#end document outside", "#begin document before"),
        (without(23), 23, "#end document within a sentence", BLANK_LINE),
        # Truncated after a row, after a sentence, within a line end.
        ("".join(LINES[:14]), 14, "the end of the file within a sentence", BLANK_LINE),
        ("".join(LINES[:22]).rstrip(), 22, "the end of the file within a sentence", BLANK_LINE),
        ("".join(LINES[:23]), 23, "part that begins on line 1", "#end document after each"),
        ("".join(LINES[:25]), 25, "part that begins on line 25", "#end document after each"),
    ],
)
def test_tables_that_are_refused(tmp_path, reader, text, line, found, allowed):
    refused(reader, write(tmp_path, text), line, found, allowed)


OPEN = "that is not closed in its sentence"
MANY = "which closes too many brackets"
AROUND = "brackets around an asterisk"


@pytest.mark.parametrize(
    ("reader", "text", "line", "found", "allowed"),
    [
        (read_constituents, changed(11, "*))", "*)"), 2, f"(TOP in column 6 {OPEN}", "a closing"),
        (read_constituents, changed(11, "*))", "*"), 2, f"(TOP in column 6 {OPEN}", "a closing"),
        (read_constituents, changed(11, "*))", "*)))"), 11, f"*))) in column 6, {MANY}", "before"),
        (read_constituents, changed(9, "(NP*", "(NP"), 9, "(NP in column 6", AROUND),
        (read_constituents, changed(9, "(NP*", "(*"), 9, "(* in column 6", AROUND),
        (read_constituents, changed(9, "(NP*", ")*("), 9, ")*( in column 6", AROUND),
        (read_constituents, changed(9, "(NP*", "(NP**"), 9, "(NP** in column 6", AROUND),
        (read_entities, changed(15, "*)\t*)", "*\t*)"), 13, f"(GPE in column 11 {OPEN}", "a clos"),
        (read_entities, changed(7, "(PERSON)", "(PERSON"), 7, "(PERSON in column 11", AROUND),
        (read_entities, changed(7, "(PERSON)", "PERSON)"), 7, "PERSON) in column 11", AROUND),
        (read_entities, changed(7, "(PERSON)", "-"), 7, "- in column 11", AROUND),
        (read_entities, changed(7, "(PERSON)", ")"), 7, ") in column 11", AROUND),
        (read_entities, changed(7, "(PERSON)", "*)"), 7, f"*) in column 11, {MANY}", "before"),
        (read_semantic_roles, changed(9, "(ARG2*", "*"), 10, "*) in column 13, which", "before"),
        (read_semantic_roles, changed(5, "(V*)", "(V*"), 5, f"(V in column 12 {OPEN}", "a closing"),
        (read_semantic_roles, changed(5, "(V*)", "V"), 5, "V in column 12", AROUND),
        (read_coreference, changed(2, " (1\n", " -\n"), 4, "1) that was not opened", "(1 before"),
        (read_coreference, changed(4, " 1)\n", " -\n"), 2, f"(1 {OPEN}", "1) after it"),
        (read_coreference, changed(4, " 1)\n", " 2)\n"), 4, "2) that was not opened", "(2 before"),
        (read_coreference, changed(19, "1)|(4", "1)(4"), 19, "1)(4 in the last column", "joined"),
        (read_coreference, changed(19, "1)|(4", "1)|"), 19, "1)| in the last column", "joined"),
        (read_coreference, changed(19, "1)|(4", "1"), 19, "1 in the last column", "joined by |"),
        (read_coreference, changed(19, "1)|(4", "(x)"), 19, "(x) in the last column", "joined"),
        (read_coreference, changed(19, "1)|(4", "*"), 19, "* in the last column", "joined by |"),
    ],
)
def test_brackets_that_are_refused(tmp_path, reader, text, line, found, allowed):
    refused(reader, write(tmp_path, text), line, found, allowed)


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (read_part_of_speech, table([["-"], ["-"]], tag=["-", "-"])),
        (read_constituents, table([["-"], ["-"]], parse=["(TOP*", "*)"])),
        (read_constituents, table([["-"]], parse=["(S1*)"])),
        (read_entities, table([["(1)"]])),
        (read_semantic_roles, table([["(V*)"]])),
        (read_semantic_roles, table([["-"]])),
        (read_coreference, table([["(1)"], ["(2)"]])),
        # The same cluster number in two document parts is not the same cluster.
        (read_coreference, table([["(1)"]]) + table([["(1)"]], part=1)),
    ],
)
def test_files_without_targets_are_refused(tmp_path, reader, text):
    refused(reader, write(tmp_path, text), None, "no target", "at least one target in the file")

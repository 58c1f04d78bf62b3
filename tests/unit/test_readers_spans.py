"""The readers of labelled spans: hand-built examples, and published counts on the real files."""

import itertools
import json
import re
from collections import Counter

import conllu
import pytest

from bertology.corpora.edges import read_edges, write_edges
from bertology.corpora.shapes import SpanSentence, SpanTarget
from bertology.corpora.spans.entities import read_coreference, read_entities
from bertology.corpora.spans.proto_roles import read_proto_roles
from bertology.corpora.spans.relations import read_relations
from bertology.corpora.spans.roles import read_semantic_roles
from bertology.corpora.spans.treebank import read_dependencies, read_part_of_speech
from bertology.corpora.treebank import read_treebank
from refusals import refused

HEADER = "# global.Entity = GRP-etype-infstat-centering-minspan-link-identity\n"
UNBALANCED = "that is not closed in its sentence"


def write(folder, text, name="sample"):
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def row(number, form="word", head=None, relation="dep", tags=("NOUN", "NN"), misc="_"):
    head = number - 1 if head is None else head
    return f"{number}\t{form}\t_\t{tags[0]}\t{tags[1]}\t_\t{head}\t{relation}\t_\t{misc}\n"


def entity_rows(*marks):
    """Rows w1, w2, ... of a sentence, each with an Entity or none, and the blank line."""
    rows = (
        row(number, f"w{number}", misc=f"SpaceAfter=No|Entity={mark}|X=y" if mark else "_")
        for number, mark in enumerate(marks, start=1)
    )
    return "".join(rows) + "\n"


PARSED = (
    row(1, "10 000", 2, "nummod", ("NUM", "CD"))
    + "2-3\tcatsn't\t_\t_\t_\t_\t_\t_\t_\t_\n"
    + row(2, "cats", 4, "nsubj:pass", ("NOUN", "NNS"))
    + row(3, "n't", 4, "advmod", ("PART", "_"))
    + "3.1\tgone\t_\t_\t_\t_\t_\t_\t_\t_\n"
    + row(4, "seen", 0, "root", ("_", "VBN"))
    + "\n"
    + row(1, "Go", 0, "root", ("VERB", "_"))
    + "\n"
)


@pytest.mark.parametrize(
    ("universal", "labels", "left_out"),
    [
        (False, [["CD", "NNS", None, "VBN"], [None]], {"word without XPOS": 2}),
        (True, [["NUM", "NOUN", "PART", None], ["VERB"]], {"word without UPOS": 1}),
    ],
)
def test_parts_of_speech(tmp_path, universal, labels, left_out):
    read = read_part_of_speech(write(tmp_path, PARSED), universal=universal)
    assert read.sentences == [
        SpanSentence(words, tuple(
            SpanTarget((position, position + 1), None, (label,))
            for position, label in enumerate(tags) if label
        ))
        for words, tags in zip([("10 000", "cats", "n't", "seen"), ("Go",)], labels, strict=True)
    ]  # fmt: skip
    assert read.left_out == left_out


def test_dependencies(tmp_path):
    read = read_dependencies(write(tmp_path, PARSED))
    assert read.sentences == [
        SpanSentence(("10 000", "cats", "n't", "seen"), (
            SpanTarget((0, 1), (1, 2), ("nummod",)),
            SpanTarget((1, 2), (3, 4), ("nsubj:pass",)),
            SpanTarget((2, 3), (3, 4), ("advmod",)),
        )),
        SpanSentence(("Go",), ()),
    ]  # fmt: skip
    assert read.left_out == {}


@pytest.mark.parametrize(
    ("reader", "text", "line", "found", "allowed"),
    [
        (read_part_of_speech, "", None, "an empty file", "at least one sentence"),
        (read_part_of_speech, row(1, tags=("X", "_")) + "\n", None, "no target", "at least one"),
        *(
            (
                reader,
                row(1) + row(2, blank) + "\n",
                2,
                f"a blank FORM (U+{ord(blank[0]):04X}",
                "no bl",
            )
            for reader in (read_part_of_speech, read_dependencies, read_entities, read_coreference)
            for blank in ("\u00a0", "\u3000\u2003", "\u2028")
        ),
        (read_part_of_speech, row(1) + row(2, head=7) + "\n", 2, "HEAD 7", "0 to 2"),
        (read_dependencies, "", None, "an empty file", "at least one sentence"),
        (read_dependencies, row(1) + "\n", None, "no target", "at least one target"),
        (read_dependencies, row(1) + row(2, head="x") + "\n", 2, "HEAD x", "a whole number"),
    ],
)
def test_treebanks_that_are_refused(tmp_path, reader, text, line, found, allowed):
    refused(reader, write(tmp_path, text), line, found, allowed)


WITHHELD = "sentence whose text is withheld"
MASKED = (
    "# newdoc id = masked\n"
    + HEADER
    + row(1, "_", misc="Entity=(1-person)")
    + row(2, "_", misc="Entity=(3[1/2]-person)")
    + row(3, "_", misc="Entity=(3[2/2]-person)")
    + "\n"
    + row(1, "_", misc="Entity=(1-person)")
    + "\n"
)
REAL = (
    "# newdoc id = real\n"
    + HEADER
    + row(1, "She", misc="Entity=(1-person)")
    + row(2, "her", misc="Entity=(1-person)")
    + "\n"
    + row(1, "_", tags=("SYM", "NFP"))
    + "\n"
)


@pytest.mark.parametrize(
    "reader", [read_part_of_speech, read_dependencies, read_entities, read_coreference]
)
@pytest.mark.parametrize("text", [MASKED + REAL, REAL + MASKED])
def test_all_readers_of_treebanks_leave_out_the_same_sentences(tmp_path, reader, text):
    read = reader(write(tmp_path, text))
    assert [word for each in read.sentences for word in each.words] == ["She", "her", "_"]
    assert read.left_out == {WITHHELD: 2}
    assert read.records("dev") == [
        {"split": "dev", "unit": "sentence", "reason": WITHHELD, "left_out": 2, "of": 4}
    ]
    refused(reader, write(tmp_path, MASKED), None, "no text: each word is masked", "README says")


@pytest.mark.parametrize(
    ("last", "reason", "unit", "of"),
    [
        (entity_rows(*[""] * 7), "sentence of more than 6 words", "sentence", 5),
        (entity_rows("(3[1/2]-a)", "(3[2/2]-a)"), "discontinuous mention", "mention", 9),
    ],
)
def test_what_coreference_leaves_out_is_counted_among_its_kind(tmp_path, last, reason, unit, of):
    """Of 4 sentences and 8 mentions and this one, not of passages and pairs."""
    records = read_coreference(write(tmp_path, DOCUMENTS + last), 1, longest=6).records("")
    assert records == [{"split": "", "unit": unit, "reason": reason, "left_out": 1, "of": of}]


def spans_and_labels(sentence):
    return [(target.span1, *target.labels) for target in sentence.targets]


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        (["(1-person-new-cf1-1-sgl)"], [((0, 1), "person")]),
        (["(1-person-new", "", "1)"], [((0, 3), "person")]),
        (["", ""], []),
        # Nested, with the same start, with the same end.
        (["(1-event-a(2-person-b", "2)", "1)"], [((0, 2), "person"), ((0, 3), "event")]),
        (["(1-event-a", "(2-person-b", "2)1)"], [((0, 3), "event"), ((1, 3), "person")]),
        (["(1-event(2-person)", "1)"], [((0, 1), "person"), ((0, 2), "event")]),
        # One ends on the word on which another begins, and crossing ones.
        (["(1-event", "1)(2-place", "2)"], [((0, 2), "event"), ((1, 3), "place")]),
        (["(1-event", "(2-place", "1)", "2)"], [((0, 3), "event"), ((1, 4), "place")]),
        (["(1-event", "1)(2-place)"], [((0, 2), "event"), ((1, 2), "place")]),
        # The same group within itself: a bracket closes what was opened last.
        (["(1-event", "(1-plant", "1)", "1)"], [((0, 4), "event"), ((1, 3), "plant")]),
        # A closing bracket may repeat the fields, the identity may have hyphens.
        (["(1-person-a-b-c-d-Jo-Jo_X", "1-person)"], [((0, 2), "person")]),
    ],
)
def test_entities(tmp_path, marks, expected):
    text = HEADER + entity_rows("(9-time)") + entity_rows(*marks)
    read = read_entities(write(tmp_path, text))
    assert spans_and_labels(read.sentences[0]) == [((0, 1), "time")]
    assert read.sentences[1].words == tuple(f"w{n}" for n in range(1, len(marks) + 1))
    assert spans_and_labels(read.sentences[1]) == expected
    assert read.left_out == {}
    assert all(target.span2 is None for target in read.sentences[1].targets)


def test_the_header_gives_the_order_of_the_fields(tmp_path):
    first = "# global.Entity = etype-GRP\n" + entity_rows("(place-7", "(person-8)", "7)")
    text = first + HEADER + entity_rows("(8-place)")
    read = read_entities(write(tmp_path, text))
    assert spans_and_labels(read.sentences[0]) == [((0, 3), "place"), ((1, 2), "person")]
    assert spans_and_labels(read.sentences[1]) == [((0, 1), "place")]


@pytest.mark.parametrize("second", ["(1[2/2]-person-new", "(1[2/2]"])
def test_discontinuous_mentions_are_left_out(tmp_path, second):
    marks = ["(1[1/2]-person-new", "(2-event)1[1/2])", "", second, "1[2/2])", "(1-person)"]
    text = HEADER + entity_rows(*marks) + entity_rows("(3[1/2]-time)", "", "(3[2/2]-time)")
    read = read_entities(write(tmp_path, text))
    assert spans_and_labels(read.sentences[0]) == [((1, 2), "event"), ((5, 6), "person")]
    assert read.sentences[1].targets == ()
    assert read.left_out == {"discontinuous mention": 2}


def test_words_are_counted_without_multiword_tokens_and_empty_nodes(tmp_path):
    other = "\tX\t_\t_\t_\t_\t_\t_\t_\t"
    text = (
        f"{HEADER}1-2{other}SpaceAfter=No\n{row(1)}{row(2, misc='Entity=(1-event')}2.1{other}_\n"
        f"{row(3, '1 0', misc='Entity=1)')}\n"
    )
    (sentence,) = read_entities(write(tmp_path, text)).sentences
    words = ("word", "word", "1 0")
    assert sentence == SpanSentence(words, (SpanTarget((1, 3), None, ("event",)),))


NOT_WORDS = "{}\tX\t_\t_\t_\t_\t_\t_\t_\tEntity=(1-event)\n"


@pytest.mark.parametrize("reader", [read_entities, lambda path: read_coreference(path, 1)])
@pytest.mark.parametrize(
    ("text", "line", "found", "allowed"),
    [
        ("", None, "an empty file", "at least one sentence"),
        (HEADER + entity_rows("", ""), None, "no target", "at least one target"),
        (HEADER + entity_rows("", "(1-event", ""), 3, f"(1 {UNBALANCED}", "1) after it"),
        (HEADER + entity_rows("(1-event") + entity_rows("1)"), 2, f"(1 {UNBALANCED}", "1)"),
        (HEADER + entity_rows("(1-event)", "1)"), 3, "1) that was not opened", "(1-... before"),
        (HEADER + entity_rows("1)(1-event"), 2, "1) that was not opened", "(1-... before"),
        (HEADER + entity_rows("(1-event", "2)"), 3, "2) that was not opened", "(2-... before"),
        (HEADER + entity_rows("(1)"), 2, "the mention (1", "(GRP-etype-"),
        (HEADER + entity_rows("(1--new)"), 2, "the mention (1--new", "(GRP-etype-"),
        (HEADER + entity_rows("(-event)"), 2, "the mention (-event", "(GRP-etype-"),
        (HEADER + entity_rows("1-event"), 2, "Entity=1-event", "(1-person"),
        (HEADER + entity_rows("((1-event)"), 2, "Entity=((1-event)", "(1-person"),
        (HEADER + entity_rows("()"), 2, "Entity=()", "(1-person"),
        (HEADER + row(1, misc="Entity=") + "\n", 2, "Entity=", "(1-person"),
        (HEADER + row(1, misc="Entity=(1-x)|Entity=(2-x)") + "\n", 2, "a second time", "one"),
        (HEADER + NOT_WORDS.format("1-2") + row(1) + row(2) + "\n", 2, "row 1-2", "on words only"),
        (HEADER + row(1) + NOT_WORDS.format("1.1") + "\n", 3, "row 1.1", "on words only"),
        (HEADER + entity_rows("(1[1/2]-event)", ""), 2, "(1[1/2] without", "1[1/2], 1[2/2]"),
        (HEADER + entity_rows("(1[3/2]-event)", ""), 2, "(1[3/2] without", "1[1/2], 1[2/2]"),
        (HEADER + entity_rows("(1[1/2]-event", ""), 2, "(1[1/2] that is not closed", "1[1/2])"),
        (entity_rows("(1-event)"), 1, "fields are not known", "# global.Entity = GRP-etype"),
        ("# global.Entity = eid-etype\n" + entity_rows(""), 1, "eid-etype", "GRP and etype"),
        (HEADER + row(1) + row(2, head=9) + "\n", 3, "HEAD 9", "0 to 2"),
    ],
)
def test_entities_that_are_refused(tmp_path, reader, text, line, found, allowed):
    refused(reader, write(tmp_path, text), line, found, allowed)


DOCUMENTS = (
    "# newdoc id = a\n"
    + HEADER
    + entity_rows("(1-person)", "(2-place", "2)")
    + entity_rows("(1-person)", "", "(3-time)")
    + entity_rows("(2-place)", "(1-person)")
    + "# newdoc id = b\n"
    + HEADER
    + entity_rows("(1-event)", "(2-place)")
)


@pytest.mark.parametrize(
    ("longest", "lengths", "same", "left_out"),
    [
        (100, [8, 2], [{((0, 1), (3, 4)), ((0, 1), (7, 8)), ((3, 4), (7, 8)),
                        ((1, 3), (6, 7))}, set()], {}),
        (7, [6, 2, 2], [{((0, 1), (3, 4))}, set(), set()], {}),
        (6, [6, 2, 2], [{((0, 1), (3, 4))}, set(), set()], {}),
    ],
)  # fmt: skip
def test_coreference(tmp_path, longest, lengths, same, left_out):
    path = write(tmp_path, DOCUMENTS)
    read = read_coreference(path, 3, longest)
    assert [len(passage.words) for passage in read.sentences] == lengths
    assert [word for passage in read.sentences for word in passage.words] == (
        ["w1", "w2", "w3"] * 2 + ["w1", "w2"] * 2
    )
    for passage, pairs in zip(read.sentences, same, strict=True):
        of = {
            label: {(t.span1, t.span2) for t in passage.targets if t.labels == (label,)}
            for label in "01"
        }
        assert of["1"] == pairs
        assert len(of["0"]) == len(pairs)
        assert not of["0"] & of["1"]
        assert list(passage.targets) == sorted(passage.targets, key=lambda t: (t.span1, t.span2))
        assert all(target.span1 < target.span2 for target in passage.targets)
    assert read.left_out == left_out
    assert read_coreference(path, 3, longest) == read


def test_all_other_pairs_can_be_drawn_and_none_more_often_than_others(tmp_path):
    marks = ["(1-person)", "(1-person)", "(2-person)", "(3-person)"]
    path = write(tmp_path, HEADER + entity_rows(*marks))
    drawn = Counter()
    for seed in range(300):
        (passage,) = read_coreference(path, seed).sentences
        drawn.update((t.span1, t.span2) for t in passage.targets if t.labels == ("0",))
    # Five other pairs and one draw: 60 each are expected, with a standard deviation of 7.
    assert len(drawn) == 5
    assert drawn.total() == 300
    assert all(25 <= count <= 95 for count in drawn.values())


def test_fewer_other_pairs_than_same_ones(tmp_path):
    path = write(tmp_path, HEADER + entity_rows("(1-x)", "(1-x)", "(1-x)"))
    (passage,) = read_coreference(path, 1).sentences
    assert [target.labels for target in passage.targets] == [("1",)] * 3


def test_what_coreference_leaves_out(tmp_path):
    text = (
        HEADER
        + entity_rows("(1-x)", "(1-x)")
        + entity_rows("(1-x)", "(1-x)", "")
        + entity_rows("(1-x)(2-x)", "(1[1/2]-x)(1[2/2]-x)")
        + entity_rows("(1-x)")
    )
    read = read_coreference(write(tmp_path, text), 1, longest=2)
    assert [len(passage.words) for passage in read.sentences] == [2, 2, 1]
    assert [len(passage.targets) for passage in read.sentences] == [1, 0, 0]
    assert read.left_out == {
        "sentence of more than 2 words": 1,
        "pair of mentions on the same words": 1,
        "discontinuous mention": 1,
    }


def test_no_pair_of_one_group(tmp_path):
    path = write(tmp_path, HEADER + entity_rows("(1-x)") + entity_rows("(1-x)"))
    assert len(read_coreference(path, 1, longest=2).sentences[0].targets) == 1
    refused(lambda path: read_coreference(path, 1, longest=1), path, None, "no target", "at least")


def json_text(*records):
    lines = (line if isinstance(line, str) else json.dumps(line) for line in records)
    return "".join(line + "\n" for line in lines)


ROLES = {
    "sent_id": "a", "tokens": ["Ana", "gave", "Bo", "10 000"],
    "frames": [{"predicate": 1, "roleset": "give.01",
                "args": [["ARG0", 0, 1], ["ARG1", 3, 4], ["ARGM-X", 0, 4]]},
               {"predicate": 0, "roleset": "ana.01", "args": []}],
}  # fmt: skip
NO_ROLES = {"sent_id": "b", "tokens": ["Hm"], "frames": []}


def test_semantic_roles(tmp_path):
    read = read_semantic_roles(write(tmp_path, json_text(ROLES, NO_ROLES)))
    assert read.sentences == [
        SpanSentence(("Ana", "gave", "Bo", "10 000"), (
            SpanTarget((1, 2), (0, 1), ("ARG0",)),
            SpanTarget((1, 2), (3, 4), ("ARG1",)),
            SpanTarget((1, 2), (0, 4), ("ARGM-X",)),
        )),
        SpanSentence(("Hm",), ()),
    ]  # fmt: skip
    assert read.left_out == {}


@pytest.mark.parametrize(
    ("reader", "record"), [(read_semantic_roles, lambda: ROLES), (read_proto_roles, lambda: PAIRS)]
)
def test_json_lines_whose_text_is_withheld(tmp_path, reader, record):
    whole = record()
    masked = [
        {**whole, "sent_id": mask, "tokens": [mask] * len(whole["tokens"])}
        for mask in ("_", "[WORD]", "___")
    ]
    alone = {**whole, "sent_id": "line", "tokens": ["_"], **{
        key: [] for key in ("frames", "targets") if key in whole
    }}  # fmt: skip
    expected = reader(write(tmp_path, json_text(whole)))
    read = reader(write(tmp_path, json_text(masked[0], whole, *masked[1:], alone)))
    assert read.sentences == expected.sentences
    assert read.left_out == {**expected.left_out, WITHHELD: 4}
    (found,) = [each for each in read.records("test") if each["unit"] == "sentence"]
    assert found["of"] == 5
    drawn = reader(write(tmp_path, json_text(whole, alone)))
    assert drawn.sentences[1].words == ("_",)
    path = write(tmp_path, json_text(*masked))
    refused(reader, path, None, "no text: each word is masked as _ or [WORD]", "README says")
    path = write(tmp_path, json_text({**whole, "tokens": ["a\ud800", "b", "c", "d"]}))
    refused(reader, path, 1, r"tokens[0] with the lone surrogate \ud800", "whole characters")


def without(record, key):
    return {other: value for other, value in record.items() if other != key}


def with_frame(**changes):
    return {**NO_ROLES, "frames": [{"predicate": 0, "args": [["ARG0", 0, 1]], **changes}]}


IN_TOKENS = "a list of words, at least one"


@pytest.mark.parametrize(
    ("bad", "found", "allowed"),
    [
        (with_frame(predicate=1), "frames[0].predicate = 1", "0 to 0, the number of a word"),
        (with_frame(predicate=-1), "frames[0].predicate = -1", "0 to 0"),
        (with_frame(predicate=0.0), "frames[0].predicate = 0.0", "a whole number"),
        (with_frame(predicate=True), "frames[0].predicate = true", "a whole number"),
        ({**NO_ROLES, "frames": [{"args": []}]}, "no key frames[0].predicate", "a whole number"),
        ({**NO_ROLES, "frames": [{"predicate": 0}]}, "no key frames[0].args", "a list"),
        ({**NO_ROLES, "frames": ["x"]}, 'frames[0] = "x"', "an object with the key predicate"),
        (with_frame(args=[["A", 0, 2]]), 'frames[0].args[0] = ["A", 0, 2]', "start < end <= 1"),
        (with_frame(args=[["A", 0, 0]]), 'args[0] = ["A", 0, 0]', "start < end"),
        (with_frame(args=[["A", -1, 1]]), 'args[0] = ["A", -1, 1]', "0 <= start"),
        (with_frame(args=[["A", 0, 1.0]]), 'args[0] = ["A", 0, 1.0]', "[label, start, end]"),
        (with_frame(args=[["A", 0, True]]), 'args[0] = ["A", 0, true]', "[label, start, end]"),
        (with_frame(args=[["A", 0]]), 'args[0] = ["A", 0]', "[label, start, end]"),
        (with_frame(args=[[" ", 0, 1]]), 'args[0] = [" ", 0, 1]', "[label, start, end]"),
        (with_frame(args=[[5, 0, 1]]), "args[0] = [5, 0, 1]", "[label, start, end]"),
        (with_frame(args=["A"]), 'args[0] = "A"', "[label, start, end]"),
        (without(NO_ROLES, "sent_id"), "no key sent_id", "a text"),
        (without(NO_ROLES, "tokens"), "no key tokens", "a list"),
        (without(NO_ROLES, "frames"), "no key frames", "a list"),
        ({**NO_ROLES, "tokens": []}, "tokens = []", IN_TOKENS),
        ({**NO_ROLES, "tokens": ["a", " "]}, 'tokens = ["a", " "]', IN_TOKENS),
        ({**NO_ROLES, "tokens": ["a", 1]}, 'tokens = ["a", 1]', IN_TOKENS),
        ({**NO_ROLES, "sent_id": "a"}, "identifier a a second time", "unique"),
        ("[", "invalid JSON", "one JSON object a line"),
    ],
)
def test_roles_that_are_refused(tmp_path, bad, found, allowed):
    refused(read_semantic_roles, write(tmp_path, json_text(ROLES, bad)), 2, found, allowed)


PAIRS = {
    "sent_id": "a", "uds_id": "x", "tokens": ["Ana", "gave", "1 0"],
    "targets": [
        {"predicate": 1, "argument": 0,
         "properties": {"volition": [5.0, 1.4], "moved": [4, 0], "aware": [3.99, 0.1],
                        "used": [4.5, -2]}},
        {"predicate": 1, "argument": 2,
         "properties": {name: [1, -1.0] for name in ("volition", "moved", "aware", "used", "new")}},
        {"predicate": 1, "argument": 2, "properties": {"volition": [5, 1.0], "place": [5, 1.0]}},
        {"predicate": 1, "argument": 2,
         "properties": {name: [2, 0] for name in ("used", "aware", "moved", "volition")}},
    ],
}  # fmt: skip
NO_PAIRS = {"sent_id": "b", "tokens": ["Hm"], "targets": []}


def test_proto_roles(tmp_path):
    read = read_proto_roles(write(tmp_path, json_text(PAIRS, NO_PAIRS)))
    assert read.sentences == [
        SpanSentence(("Ana", "gave", "1 0"), (
            SpanTarget((1, 2), (0, 1), ("volition", "moved", "used")),
            SpanTarget((1, 2), (2, 3), ()),
            SpanTarget((1, 2), (2, 3), ()),
        )),
        SpanSentence(("Hm",), ()),
    ]  # fmt: skip
    assert read.left_out == {"pair rated on other properties than most": 1}


def with_pair(**changes):
    pair = {"predicate": 0, "argument": 0, "properties": {"used": [4, 1.0]}, **changes}
    return {**NO_PAIRS, "targets": [{key: value for key, value in pair.items() if value != ...}]}


def with_ratings(ratings):
    return with_pair(properties={"used": ratings})


@pytest.mark.parametrize(
    ("bad", "found", "allowed"),
    [
        (with_pair(predicate=1), "targets[0].predicate = 1", "0 to 0, the number of a word"),
        (with_pair(argument=-1), "targets[0].argument = -1", "0 to 0"),
        (with_pair(argument="0"), 'targets[0].argument = "0"', "a whole number"),
        (with_pair(predicate=...), "no key targets[0].predicate", "a whole number"),
        (with_pair(argument=...), "no key targets[0].argument", "a whole number"),
        (with_pair(properties=...), "targets[0].properties = null", "an object"),
        (with_pair(properties=[4]), "targets[0].properties = [4]", "an object"),
        (with_ratings([5.1, 0]), "targets[0].properties.used = [5.1, 0]", "1 <= rating <= 5"),
        (with_ratings([0.9, 0]), "properties.used = [0.9, 0]", "1 <= rating <= 5"),
        (with_ratings([float("nan"), 0]), "properties.used = [NaN, 0]", "1 <= rating <= 5"),
        (with_ratings(["4", 0]), 'properties.used = ["4", 0]', "[rating, normalized]"),
        (with_ratings([True, 0]), "properties.used = [true, 0]", "[rating, normalized]"),
        (with_ratings([4, None]), "properties.used = [4, null]", "[rating, normalized]"),
        (with_ratings([4]), "properties.used = [4]", "[rating, normalized]"),
        (with_ratings(4), "properties.used = 4", "[rating, normalized]"),
        ({**NO_PAIRS, "targets": [1]}, "targets[0] = 1", "an object with the key predicate"),
        (without(NO_PAIRS, "sent_id"), "no key sent_id", "a text"),
        (without(NO_PAIRS, "tokens"), "no key tokens", "a list"),
        (without(NO_PAIRS, "targets"), "no key targets", "a list"),
        ({**NO_PAIRS, "tokens": [""]}, 'tokens = [""]', IN_TOKENS),
        ({**NO_PAIRS, "sent_id": "a"}, "identifier a a second time", "unique"),
        ("[]", "[]", "one JSON object a line"),
    ],
)
def test_proto_roles_that_are_refused(tmp_path, bad, found, allowed):
    refused(read_proto_roles, write(tmp_path, json_text(PAIRS, bad)), 2, found, allowed)


@pytest.mark.parametrize(
    ("reader", "text", "found"),
    [
        (read_semantic_roles, "", "an empty file"),
        (read_proto_roles, "", "an empty file"),
        (read_relations, "", "no target"),
        (read_relations, "\r\n\r\n", "no target"),
        (read_semantic_roles, json_text(NO_ROLES), "no target"),
        (read_proto_roles, json_text(NO_PAIRS), "no target"),
    ],
)
def test_files_without_targets_are_refused(tmp_path, reader, text, found):
    refused(reader, write(tmp_path, text), None, found, "at least one")


def example(sentence, relation="Other", comment="Comment:", number=1):
    return f'{number}\t"{sentence}"\r\n{relation}\r\n{comment}\r\n\r\n'


@pytest.mark.parametrize(
    ("sentence", "words", "span1", "span2"),
    [
        ("The <e1>cat</e1> sat on <e2>mats</e2>.", "The cat sat on mats .", (1, 2), (4, 5)),
        ("<e1>Old cats</e1> like <e2>it all</e2>", "Old cats like it all", (0, 2), (3, 5)),
        ("(<e1>Cats</e1>), pre-<e2>war</e2>-time!", "( Cats ), pre- war -time!", (1, 2), (4, 5)),
        ("<e1>a</e1><e2>b</e2>", "a b", (0, 1), (1, 2)),
        ('"<e1>A</e1>," he said <e2> b </e2> ."', '" A ," he said b ."', (1, 2), (5, 6)),
        ("the<e1>cat</e1> and a mat, <e2>x</e2>", "the cat and a mat, x", (1, 2), (5, 6)),
    ],
)
def test_relations(tmp_path, sentence, words, span1, span2):
    relation = "Cause-Effect(e2,e1)"
    text = example(sentence, relation) + example("<e1>a</e1> <e2>b</e2>", number=2)
    first, second = read_relations(write(tmp_path, text)).sentences
    assert first == SpanSentence(tuple(words.split()), (SpanTarget(span1, span2, (relation,)),))
    assert second == SpanSentence(("a", "b"), (SpanTarget((0, 1), (1, 2), ("Other",)),))


def test_relations_with_other_line_ends(tmp_path):
    text = example("<e1>a</e1> <e2>b</e2>", comment="Comment: why").replace("\r\n", "\n")
    assert len(read_relations(write(tmp_path, text.removesuffix("\n"))).sentences) == 1


FINE = example("<e1>a</e1> <e2>b</e2>", number=0)
IN_MARKS = "<e1>...</e1> and after it <e2>...</e2>"


@pytest.mark.parametrize(
    ("bad", "line", "found", "allowed"),
    [
        (example("a <e2>b</e2>"), 5, "a <e2>b</e2>", IN_MARKS),
        (example("<e1>a</e1> b"), 5, "<e1>a</e1> b", IN_MARKS),
        (example("<e1>a <e2>b</e1></e2>"), 5, "<e1>a <e2>", IN_MARKS),
        (example("<e1>a <e2>b</e2></e1>"), 5, "<e1>a <e2>", IN_MARKS),
        (example("<e2>a</e2> <e1>b</e1>"), 5, "<e2>a</e2>", IN_MARKS),
        (example("<e1>a</e1> <e1>b</e1> <e2>c</e2>"), 5, "<e1>a</e1>", IN_MARKS),
        (example("<e1>a</e1> <e2>c</e2> </e2>"), 5, "<e1>a</e1>", IN_MARKS),
        (example("<e1> </e1> <e2>c</e2>"), 5, "a mark without words", "words between"),
        (example("<e1>a</e1> <e2></e2>"), 5, "a mark without words", "words between"),
        (example("x", number="one"), 5, "one", "a number, a tab"),
        (example("x").replace('"', ""), 5, "x", "in quotation marks"),
        (example("x").replace("\t", " "), 5, "x", "a number, a tab"),
        (example("<e1>a</e1> <e2>b</e2>", "Cause-Effect"), 6, "Cause-Effect", "Other, or"),
        (example("<e1>a</e1> <e2>b</e2>", "Cause(e1,e1)"), 6, "Cause(e1,e1)", "Other, or"),
        (example("<e1>a</e1> <e2>b</e2>", comment="why"), 7, "why", "starts with Comment:"),
        (example("<e1>a</e1> <e2>b</e2>", number=0), 5, "identifier 0 a second time", "unique"),
        ('1\t"<e1>a</e1> <e2>b</e2>"\r\n', 5, "an example of 1 lines", "three: sentence"),
        ('1\t"<e1>a</e1> <e2>b</e2>"\r\nOther\r\n', 5, "an example of 2 lines", "three"),
        (example("a").strip() + "\r\n" + example("b"), 5, "an example of 6 lines", "three"),
    ],
)
def test_relations_that_are_refused(tmp_path, bad, line, found, allowed):
    refused(read_relations, write(tmp_path, FINE + bad), line, found, allowed)


def targets_of(read):
    return [target for sentence in read.sentences for target in sentence.targets]


def labels_of(read):
    return Counter(label for target in targets_of(read) for label in target.labels)


@pytest.mark.parametrize(
    ("reader", "name", "sentences", "targets", "labels"),
    [
        # Words, and words without roots.
        (read_part_of_speech, "ewt/en_ewt-ud-dev.conllu", 2_001, 25_147, None),
        (read_dependencies, "ewt/en_ewt-ud-dev.conllu", 2_001, 25_147 - 2_001, None),
        (read_part_of_speech, "ewt/en_ewt-ud-test.conllu", 2_077, 25_094, None),
        (read_entities, "gum/en_gum-ud-dev.conllu", 1_117, 5_508, 10),
        (read_entities, "gum/en_gum-ud-test.conllu", 1_096, 5_652, 10),
        (read_semantic_roles, "srl/propbank_ewt_spans/dev.jsonl", 1_963, 9_576, None),
        (read_semantic_roles, "srl/propbank_ewt_spans/test.jsonl", 2_054, 9_337, None),
        (read_semantic_roles, "srl/propbank_ewt_spans/train.jsonl", 12_504, 81_399, 58),
        (read_proto_roles, "spr/uds_spr_on_ewt/train.jsonl", 2_191, 5_669 - 795, 14),
        (read_proto_roles, "spr/uds_spr_on_ewt/dev.jsonl", 291, 751 - 119, 14),
        (read_proto_roles, "spr/uds_spr_on_ewt/test.jsonl", 276, 670 - 88, 14),
        (read_relations, "relations/TRAIN_FILE.TXT", 8_000, 8_000, 19),
        (read_relations, "relations/TEST_FILE_FULL.TXT", 2_717, 2_717, 19),
    ],
)
def test_published_counts(shared_data, tmp_path, reader, name, sentences, targets, labels):
    read = reader(shared_data / name)
    assert len(read.sentences) == sentences
    assert len(targets_of(read)) == targets
    assert labels is None or len(labels_of(read)) == labels
    # Of the pairs of UDS, 1,002 were rated on adverbial properties alone.
    assert (sum(read.left_out.values()) > 0) == (reader is read_proto_roles)
    write_edges(tmp_path / "copy.jsonl", read.sentences)
    assert read_edges(tmp_path / "copy.jsonl") == read.sentences


@pytest.fixture(scope="module")
def gum(shared_data):
    """Path of GUM's dev file, and what another parser makes of it."""
    path = shared_data / "gum" / "en_gum-ud-dev.conllu"
    return path, conllu.parse(path.read_text(encoding="utf-8"))


def mentions_by_nesting(tokens):
    """(start, end, group, etype) of a sentence; all brackets of GUM dev are properly nested."""
    still_open, mentions, position = [], [], 0
    for token in tokens:
        if not isinstance(token["id"], int):
            continue
        text = (token["misc"] or {}).get("Entity", "")
        for piece in re.findall(r"[(]|[)]|[^()]+", text):
            if piece == "(":
                still_open.append([position, None])
            elif piece == ")":
                start, opened = still_open.pop()
                mentions.append((start, position + 1, *opened.split("-")[:2]))
            elif still_open[-1][1] is None:
                still_open[-1][1] = piece
        position += 1
    assert not still_open
    return mentions


def test_entities_equal_those_of_properly_nested_brackets(gum):
    path, parsed = gum
    for sentence, tokens in zip(read_entities(path).sentences, parsed, strict=True):
        expected = sorted((start, end, kind) for start, end, _, kind in mentions_by_nesting(tokens))
        assert sorted((*t.span1, *t.labels) for t in sentence.targets) == expected


def test_coreference_in_whole_documents(gum):
    path, parsed = gum
    groups, document = Counter(), None
    for tokens in parsed:
        document = tokens.metadata.get("newdoc id", document)
        groups.update((document, group) for _, _, group, _ in mentions_by_nesting(tokens))
    read = read_coreference(path, 0, longest=1_000_000)
    assert len(read.sentences) == 22
    pairs = sum(size * (size - 1) // 2 for size in groups.values())
    assert labels_of(read) == {"1": pairs, "0": pairs}
    assert read.left_out == {}


def test_coreference_in_passages(shared_data):
    path = shared_data / "gum" / "en_gum-ud-dev.conllu"
    treebank = read_treebank(path)
    read, other = read_coreference(path, 1), read_coreference(path, 2)
    short = [sentence for sentence in treebank if len(sentence.words) <= 100]
    words = [word for sentence in short for word in sentence.words]
    assert list(itertools.chain(*(passage.words for passage in read.sentences))) == words
    assert sum(read.left_out.values()) == len(treebank) - len(short)
    assert max(len(passage.words) for passage in read.sentences) <= 100
    assert labels_of(read)["0"] > 0.95 * labels_of(read)["1"]
    for one, two in zip(read.sentences, other.sentences, strict=True):
        assert [t for t in one.targets if t.labels == ("1",)] == [
            t for t in two.targets if t.labels == ("1",)
        ]
    assert read != other

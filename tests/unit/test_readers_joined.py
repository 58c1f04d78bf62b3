"""Annotation that stands apart from its words: hand-built examples, and the real data."""

import gzip
import io
import json
import re
import tarfile
import zipfile
from collections import Counter
from dataclasses import replace

import conllu
import pytest

from bertology.corpora.edges import read_edges
from bertology.corpora.shapes import SpanSentence, SpanTarget
from bertology.corpora.sources import fetch_corpus, left_out_by_reader
from bertology.corpora.spans import propbank_skel, proto_roles, roles, uds_raw
from bertology.corpora.spans.formats import read_spans
from bertology.corpora.spans.packed import packed_texts
from bertology.errors import InputError


def treebank(folder, *sentences, name="words.conllu"):
    """Write a treebank; a sentence is its sent_id and its words as form/UPOS/XPOS."""
    text = ""
    for identifier, words in sentences:
        text += f"# sent_id = {identifier}\n"
        for number, word in enumerate(words.split(), start=1):
            form, upos, xpos = word.split("/")
            relation = "root" if number == 1 else "dep"
            text += f"{number}\t{form}\t_\t{upos}\t{xpos}\t_\t{number - 1}\t{relation}\t_\t_\n"
        text += "\n"
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def tar(path, files):
    with tarfile.open(path, "w" if path.name.endswith(".tar") else "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def unpacked(path, files):
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text, encoding="utf-8")
    return path


def message_of(function, *arguments):
    with pytest.raises(InputError) as error:
        function(*arguments)
    return str(error.value)


# --- What is packed -------------------------------------------------------------------------------

FILES = {
    "data/b.part": "b\u00e9",
    "data/a.part": "a",
    "LICENSE": "x",
    "data/._a.part": "of a system",
}
PACKED = {"x.tar.gz": tar, "x.tgz": tar, "x.tar": tar, "x.zip": zipped, "x": unpacked}


@pytest.mark.parametrize("name", PACKED)
def test_packed_texts_are_those_asked_for_in_order(tmp_path, name):
    path = PACKED[name](tmp_path / name, FILES)
    assert list(packed_texts(path, ".part")) == [
        (f"{path}/data/a.part", "a"),
        (f"{path}/data/b.part", "b\u00e9"),
    ]


def test_one_file_stands_for_itself(tmp_path):
    path = tmp_path / "one.part"
    path.write_text("\ufeffa")
    assert list(packed_texts(path, ".part")) == [(str(path), "a")]


@pytest.mark.parametrize("name", ["x.tar.gz", "x.zip"])
def test_an_archive_cut_off_anywhere_is_refused(tmp_path, name):
    whole = PACKED[name](tmp_path / name, FILES).read_bytes()
    path = tmp_path / f"cut-{name}"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        message = message_of(list, packed_texts(path, ".part"))
        assert message.startswith(f"{path}: found "), (length, message)
        assert "; allowed: a whole .tar.gz, .tar or .zip with files *.part" in message


def test_a_tar_cut_off_at_the_end_of_a_file_is_refused(tmp_path):
    whole = tar(tmp_path / "x.tar", FILES).read_bytes()
    for length in range(512, whole.rindex(b"of a system") + 512, 512):
        (tmp_path / "x.tar").write_bytes(whole[:length])
        message = message_of(list, packed_texts(tmp_path / "x.tar", ".part"))
        assert "found what cannot be read (" in message, length


def test_an_archive_with_another_bit_is_refused(tmp_path):
    whole = bytearray(tar(tmp_path / "x.tar.gz", FILES).read_bytes())
    for place in (20, len(whole) // 2, len(whole) - 6):
        broken = bytearray(whole)
        broken[place] ^= 4
        (tmp_path / "x.tar.gz").write_bytes(broken)
        message = message_of(list, packed_texts(tmp_path / "x.tar.gz", ".part"))
        assert "found what cannot be read (" in message


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("x.tar.gz", gzip.compress(b"no" * 99, mtime=0), "what cannot be read (file could not be"),
        ("x.tar.gz", b"text", "what cannot be read (Not a gzipped file"),
        ("x.zip", b"text", "what cannot be read (File is not a zip file)"),
        ("x.txt", b"text", "no file named *.part in it"),
        ("x.part", b"a\nb\nc\xff", "bytes that are not UTF-8"),
    ],
)
def test_what_is_no_archive_is_refused(tmp_path, name, content, found):
    (tmp_path / name).write_bytes(content)
    line = ", line 3" if "UTF-8" in found else ""
    expected = f"{tmp_path / name}{line}: found {found}"
    assert message_of(list, packed_texts(tmp_path / name, ".part")).startswith(expected)


@pytest.mark.parametrize("name", PACKED)
def test_an_archive_without_such_a_file_is_refused(tmp_path, name):
    path = PACKED[name](tmp_path / name, {"LICENSE": "x", "._a.part": "x"})
    assert "found no file named *.part in it" in message_of(list, packed_texts(path, ".part"))


def test_an_archive_that_is_not_there_is_refused(tmp_path):
    for name in ("x.tar.gz", "x.zip", "x.part"):
        message = message_of(list, packed_texts(tmp_path / name, ".part"))
        assert "found what cannot be read (No such file or directory)" in message


# --- PropBank -------------------------------------------------------------------------------------

PLACE = "data/google/ewt/letters/03/to-bo.xml.gold_skel"


def skel(number, *words, document="google/ewt/letters/03/to-bo.xml"):
    """A sentence of a *.gold_skel file; a word is its tag, roleset and columns of arguments."""
    rows = ""
    for position, word in enumerate(words):
        tag, roleset, *arguments = word.split()
        columns = (document, number, position, "[WORD]", tag, "*", "-", roleset, *arguments)
        rows += "   ".join(map(str, columns)) + " \n"
    return rows + "\n"


GAVE = (
    "letters-to-bo-0001",
    "Ana/PROPN/NNP gave/VERB/VBD up/ADP/RP all/DET/DT she/PRON/PRP had/VERB/VBD",
)
HM = ("letters-to-bo-0002", "Hm/INTJ/UH")
SKEL_GAVE = skel(
    0,
    "NNP - (ARG0*) *",
    "VBD give_up.07 (V* *",
    "RP - *) *",
    "DT - (ARG1* (C-ARG1*)",
    "PRP - * (ARG0*)",
    "VBD have.03 *) (V*)",
)
SKEL_HM = skel(1, "UH -")
JOINED_GAVE = SpanSentence(
    ("Ana", "gave", "up", "all", "she", "had"),
    (
        SpanTarget((1, 2), (0, 1), ("ARG0",)),
        SpanTarget((1, 2), (3, 6), ("ARG1",)),
        SpanTarget((5, 6), (3, 4), ("C-ARG1",)),
        SpanTarget((5, 6), (4, 5), ("ARG0",)),
    ),
)


@pytest.mark.parametrize("name", PACKED)
def test_roles_are_joined_with_words(tmp_path, name):
    files = {PLACE: SKEL_GAVE + SKEL_HM, "LICENSE": "text"}
    path = PACKED[name](tmp_path / name, files)
    read = propbank_skel.read_semantic_roles(treebank(tmp_path, GAVE, HM), path)
    assert read.sentences == [JOINED_GAVE, SpanSentence(("Hm",), ())]
    assert read.left_out == {}


def test_sentences_are_found_by_document_and_number_and_not_by_order(tmp_path):
    """A document that the treebank has not is passed over."""
    other = {
        f"data/google/ewt/{genre}/{folder}/{name}.xml.gold_skel": skel(
            0, "UH go.01 (ARG1*)", document=f"google/ewt/{genre}/{folder}/{name}.xml"
        )
        for genre, folder, name in (("letters", "00", "to"), ("notes", "03", "to-bo"))
    }
    path = tar(tmp_path / "x.tar.gz", {**other, PLACE: SKEL_GAVE + SKEL_HM})
    words = treebank(tmp_path, ("notes-to-bo-0001", "Hm/INTJ/UH"), HM, GAVE)
    read = propbank_skel.read_semantic_roles(words, path)
    assert read.sentences == [
        SpanSentence(("Hm",), (SpanTarget((0, 1), (0, 1), ("ARG1",)),)),
        SpanSentence(("Hm",), ()),
        JOINED_GAVE,
    ]


def test_what_does_not_fit_is_left_out_by_reason(tmp_path):
    ten = "a/X/A " * 7
    words = treebank(
        tmp_path,
        GAVE,
        ("letters-to-bo-0002", "Hm/INTJ/UH !/PUNCT/."),
        # 7 of 10 tags are enough, 6 are not.
        ("letters-to-bo-0003", ten + "b/X/B " * 3),
        ("letters-to-bo-0004", ten.replace("A", "B", 1) + "b/X/B " * 3),
        ("letters-to-bo-0005", "Hm/INTJ/UH"),
        ("letters-to-cy-0001", "Hm/INTJ/UH"),
        ("letters-to-cy-0002", "_/X/_ _/X/_"),
    )
    tags = ["A -"] * 10
    path = unpacked(tmp_path / "x", {PLACE: SKEL_GAVE + SKEL_HM + skel(2, *tags) + skel(3, *tags)})
    read = propbank_skel.read_semantic_roles(words, path)
    assert read.sentences == [JOINED_GAVE, SpanSentence(("a",) * 7 + ("b",) * 3, ())]
    assert read.left_out == {
        "sentence with another number of words than its annotation": 1,
        "sentence with mostly other tags than its annotation": 1,
        "sentence without annotation in its document": 1,
        "sentence of a document without annotation": 1,
        "sentence whose text is withheld": 1,
    }
    assert {(each["unit"], each["of"]) for each in read.records("dev")} == {("sentence", 7)}


ONE = "NNP go.01 (V*)"


@pytest.mark.parametrize(
    ("bad", "line", "found", "allowed"),
    [
        ("", None, "an empty file", "at least one sentence"),
        ("\n\n", None, "an empty file", "at least one sentence"),
        (skel(0, ONE).removesuffix("\n"), 1, "the end of the file within a sentence", "a blank"),
        (skel(0, ONE).removesuffix(" \n\n"), 1, "the end of the file within a sentence", "a bl"),
        (skel(0, ONE, "NN - *")[:-30], 2, "3 columns", "at least 8"),
        (skel(0, ONE, "NN -"), 2, "8 columns", "9, as in the first row"),
        (skel(0, ONE) + skel(2, ONE), 3, "the sentence number 2", "1 here"),
        (skel(0, ONE) * 2, 3, "the sentence number 0", "1 here"),
        (skel(0, ONE, "NN - *").replace(" 1 ", " 2 "), 2, "the word number 2", "1 here"),
        (skel(0, ONE) + skel(1, ONE, document="a/b/c.xml"), 3, "the document a/b/c.xml", "google"),
        (skel(0, ONE, document="c.xml"), 1, "the document c.xml", "google/ewt/<genre>"),
        (skel(0, ONE + " *"), 1, "2 columns of arguments in a sentence of 1 pred", "one for each"),
        (skel(0, ONE, "NN go.01 *"), 1, "1 columns of arguments in a sentence of 2 p", "one for"),
        (skel(0, "NNP go.01 (V*"), 1, "(V in column 9 that is not closed", "a closing bracket"),
        (skel(0, "NNP go.01 V*)"), 1, "V*) in column 9", "brackets around an asterisk"),
        (skel(0, "NNP go.01 *)"), 1, "*) in column 9, which closes too many", "brackets opened"),
        (skel(0, ONE, "NN - (ARGUMENT*)"), 2, "the role ARGUMENT", "V, ARG0 to ARG9, ARGA"),
        (skel(0, ONE, "NN - (X-ARG0*)"), 2, "the role X-ARG0", "V, ARG0 to ARG9, ARGA"),
    ],
)
def test_skeletons_that_are_refused(tmp_path, bad, line, found, allowed):
    words = treebank(tmp_path, ("letters-to-bo-1", "Bo/X/NNP"), ("letters-to-bo-2", "Bo/X/NNP"))
    if "(ARGUMENT" in bad or "(X-" in bad:
        words = treebank(tmp_path, ("letters-to-bo-1", "Bo/X/NNP Cy/X/NN"))
    path = tar(tmp_path / "x.tar.gz", {PLACE: bad})
    message = message_of(propbank_skel.read_semantic_roles, words, path)
    place = f"{path}/{PLACE}, line {line}: " if line else f"{path}/{PLACE}: "
    assert message.startswith(f"{place}found {found}"), message
    assert f"; allowed: {allowed}" in message


def test_a_document_in_two_files_is_refused(tmp_path):
    path = unpacked(tmp_path / "x", {PLACE: SKEL_GAVE, f"copy/{PLACE}": SKEL_GAVE})
    message = message_of(propbank_skel.read_semantic_roles, treebank(tmp_path, GAVE), path)
    expected = f"{path}/{PLACE}: found identifier google/ewt/letters/03/to-bo.xml a second time"
    assert message.startswith(expected)


@pytest.mark.parametrize("name", ["7", "LETTERS_bo-1", "letters-to-bo", "letters-to-bo-0000"])
def test_a_treebank_that_names_sentences_otherwise_is_refused(tmp_path, name):
    path = tar(tmp_path / "x.tar.gz", {PLACE: SKEL_GAVE})
    words = treebank(tmp_path, (name, "Hm/INTJ/UH"))
    message = message_of(propbank_skel.read_semantic_roles, words, path)
    assert message.startswith(f"{words}: found the sent_id {name}; allowed: <genre>-<document>-<nu")


def test_another_treebank_altogether_is_refused(tmp_path):
    path = tar(tmp_path / "x.tar.gz", {PLACE: SKEL_GAVE})
    words = treebank(tmp_path, ("notes-to-di-0001", "Hm/INTJ/UH"))
    message = message_of(propbank_skel.read_semantic_roles, words, path)
    assert message == f"{words}: found no target; allowed: at least one target in the file"


# --- UDS ------------------------------------------------------------------------------------------

ADVERBIAL = ("location", "manner", "purpose", "time")


def answers(*pairs):
    """What annotators a, b, ... said, each the value and the confidence."""
    said = dict(zip("abc", pairs, strict=False))
    return {
        "value": {name: value for name, (value, _) in said.items()},
        "confidence": {name: sure for name, (_, sure) in said.items()},
    }


def uds_pair(sentence, predicate, argument):
    return f"{sentence}-semantics-pred-{predicate}%%{sentence}-semantics-arg-{argument}"


def uds(sentences):
    """The JSON of UDS; a sentence has its pairs by predicate and argument."""
    data = {
        name: {uds_pair(name, *words): {"protoroles": rated} for words, rated in pairs.items()}
        for name, pairs in sentences.items()
    }
    return json.dumps({"metadata": {}, "data": data})


THREE = ("x-1", "Ana/PROPN/NNP saw/VERB/VBD Bo/PROPN/NNP")
TWO = ("x-2", "Go/AUX/VB there/ADV/RB")
WHOLE = {
    # (5 + 5 + 2) / 3 = 4
    "awareness": answers((4, 1), (4, 1), (1, 1)),
    # (5 + 5 + 1) / 3, because the 4 does not apply
    "sentient": answers((4, 1), (4, 1), (4, 0)),
    # 0 as an answer is 1, and so is what does not apply
    "partitive": answers((0, 1), (0, 0)),
    "volition": answers((3, 1)),
}


def rated(value):
    return {name: answers((value, 1)) for name in WHOLE}


@pytest.mark.parametrize("name", ["x.zip", "x.tar.gz", "x", "protoroles.json"])
def test_ratings_are_joined_with_words(tmp_path, name):
    text = uds(
        {
            "ewt-test-2": {(1, 2): {name: answers((4, 1)) for name in ADVERBIAL}},
            "ewt-test-1": {(2, 3): rated(0), (2, 1): WHOLE, (1, 3): rated(4)},
            "ewt-dev-9": {(7, 8): rated(4)},
        }
    )
    path = tmp_path / name
    if name in PACKED:
        PACKED[name](path, {"protoroles.json": text, "LICENSE": "text"})
    else:
        path.write_text(text)
    words = treebank(tmp_path, ("x-1", THREE[1].replace("PROPN", "VERB")), TWO)
    read = uds_raw.read_proto_roles(words, path, "test")
    assert read.sentences == [
        SpanSentence(
            ("Ana", "saw", "Bo"),
            (
                SpanTarget((0, 1), (2, 3), tuple(WHOLE)),
                SpanTarget((1, 2), (0, 1), ("awareness", "volition")),
                SpanTarget((1, 2), (2, 3), ()),
            ),
        ),
        SpanSentence(("Go", "there"), ()),
    ]
    assert read.left_out == {"pair rated on other properties than most": 1}


@pytest.mark.parametrize(
    ("split", "number", "there"),
    [
        *(("test", 1, 1), ("test", 400, 400), ("dev", 342, 342), ("dev", 345, 344)),
        *(("train", 11_476, 11_476), ("train", 11_477, 11_478), ("train", 11_500, 11_501)),
    ],
)
def test_sentences_have_the_numbers_of_the_release(tmp_path, split, number, there):
    """What SOURCES.md of the data says of release 2.16, found by comparing releases."""
    (tmp_path / "x.json").write_text(uds({f"ewt-{split}-{number}": {(2, 1): WHOLE}}))
    sentences = [("x-0", "No/NOUN/NN one/NOUN/NN")] * there
    sentences[there - 1] = THREE
    named = [(f"x-{place}", words) for place, (_, words) in enumerate(sentences)]
    read = uds_raw.read_proto_roles(treebank(tmp_path, *named), tmp_path / "x.json", split)
    assert [each.words for each in read.sentences] == [("Ana", "saw", "Bo")]


def test_withheld_words_are_left_out_and_keep_their_numbers(tmp_path):
    pairs = {(2, 1): WHOLE}
    (tmp_path / "x.json").write_text(uds({f"ewt-test-{n}": pairs for n in (2, 3)}))
    masked = re.sub("[A-Za-z]+/(?=[A-Z]+/)", "_/", THREE[1])
    words = treebank(tmp_path, TWO, ("x-3", masked), ("x-4", THREE[1]))
    read = uds_raw.read_proto_roles(words, tmp_path / "x.json", "test")
    assert [each.words for each in read.sentences] == [("Ana", "saw", "Bo")]
    assert read.left_out == {"sentence whose text is withheld": 1}


def whole_but(**changes):
    """The text of one pair with other answers on a property."""
    return uds({"ewt-test-1": {(2, 1): {**WHOLE, **changes}}})


def data(content):
    return json.dumps({"data": content})


TALL = uds_pair("ewt-test-1", 2, 4)
MIXED = "value 0 to 4 and confidence 0 or 1 of the same annotators"


@pytest.mark.parametrize(
    ("text", "found", "allowed"),
    [
        ("", "invalid JSON (", "one JSON object with the key data"),
        (whole_but()[:-9], "invalid JSON (", "one JSON object with the key data"),
        ("[]", "the file = []", "an object"),
        ("{}", "the file = {}", "an object with at least one key"),
        ('{"other": {}}', "data = null", "an object"),
        (data({"dev-1": {}}), "the sentence dev-1 in data", "ewt-train-<number"),
        (data({"ewt-test-0": {}}), "the sentence ewt-test-0 in data", "ewt-train-<number"),
        (data({"ewt-test-1": []}), "data.ewt-test-1 = []", "an object"),
        (data({"ewt-test-3": {}}), "data.ewt-test-3, which is sentence 3 of the t", "1 to 2 in"),
        (data({"ewt-test-1": {"2-1": {}}}), "the pair 2-1 in data.ewt-test-1", "ewt-test-1-sem"),
        (
            data({"ewt-test-1": {uds_pair("ewt-test-2", 2, 1): {}}}),
            f"the pair {uds_pair('ewt-test-2', 2, 1)} in data.ewt-test-1",
            "ewt-test-1-semantics-pred-<number>%%ewt-test-1-semantics-arg-<number>",
        ),
        (
            data({"ewt-test-1": {TALL: {"protoroles": WHOLE}}}),
            f"the argument of {TALL}, the word 4 of the treebank's sentence x-1",
            "1 to 3, the words it has, and the same split of UD English EWT 2.16",
        ),
        (data({"ewt-test-1": {uds_pair("ewt-test-1", 2, 1): {}}}), "ewt-test-1-sem", "an object"),
        (whole_but(colour=answers((1, 1))), "the property colour in ", "awareness, change_of_l"),
        (whole_but(volition=answers((5, 1))), "ewt-test-1-semantics-pred-2%%ewt", MIXED),
        (whole_but(volition=answers((-1, 1))), "ewt-test-1-semantics-pred-2%%ewt", MIXED),
        (whole_but(volition=answers((1, 2))), "ewt-test-1-semantics-pred-2%%ewt", MIXED),
        (whole_but(volition=answers((1.0, 1))), "ewt-test-1-semantics-pred-2%%ewt", MIXED),
        (whole_but(volition=answers((True, 1))), "ewt-test-1-semantics-pred-2%%ewt", MIXED),
        (whole_but(volition=answers((None, 1))), "ewt-test-1-semantics-pred-2%%ewt", MIXED),
        (
            whole_but(volition={"value": {"a": 1}, "confidence": {"b": 1}}),
            "ewt-test-1-semantics-pred-2%%ewt",
            MIXED,
        ),
        (whole_but(volition=answers()), "ewt-test-1-semantics-pred-2%%ewt", "an object with at"),
        (whole_but(volition={"value": {"a": 1}}), "ewt-test-1-semantics-pred-2%%e", "an object"),
    ],
)
def test_ratings_that_are_refused(tmp_path, text, found, allowed):
    path = zipped(tmp_path / "x.zip", {"protoroles.json": text})
    words = treebank(tmp_path, THREE, TWO)
    message = message_of(uds_raw.read_proto_roles, words, path, "test")
    place = re.escape(f"{path}/protoroles.json") + "(, line 1)?: found "
    assert re.match(place + re.escape(found), message), message
    assert f"; allowed: {allowed}" in message


def test_two_files_of_ratings_are_refused(tmp_path):
    path = zipped(tmp_path / "x.zip", {"a.json": whole_but(), "b.json": whole_but()})
    message = message_of(uds_raw.read_proto_roles, treebank(tmp_path, THREE), path, "test")
    assert message.startswith(f"{path}: found 2 files *.json: {path}/a.json, {path}/b.json; allo")


@pytest.mark.parametrize(("verbs", "fits"), [(99, True), (98, False)])
def test_a_treebank_whose_predicates_are_no_verbs_is_refused(tmp_path, verbs, fits):
    """Numbers that are one off lead to words that are there, but mostly no verbs."""
    names = [f"ewt-test-{number}" for number in range(1, 101)]
    (tmp_path / "x.json").write_text(uds({name: {(2, 1): WHOLE} for name in names}))
    noun = THREE[1].replace("VERB", "NOUN")
    sentences = [(name, THREE[1] if at < verbs else noun) for at, name in enumerate(names)]
    words = treebank(tmp_path, *sentences)
    if fits:
        read = uds_raw.read_proto_roles(words, tmp_path / "x.json", "test")
        assert len(read.sentences) == 100
        return
    message = message_of(uds_raw.read_proto_roles, words, tmp_path / "x.json", "test")
    assert message == (
        f"{words}: found a verb (UPOS VERB or AUX) as the predicate of 98 of 100 pairs only; "
        "allowed: at least 99% of them, and the same split of UD English EWT 2.16, whose numbers "
        "of sentences are known"
    )


def test_a_split_without_ratings_is_refused(tmp_path):
    (tmp_path / "x.json").write_text(whole_but())
    words = treebank(tmp_path, THREE)
    message = message_of(uds_raw.read_proto_roles, words, tmp_path / "x.json", "dev")
    assert message == f"{words}: found no target; allowed: at least one target in the file"


# --- As corpora -----------------------------------------------------------------------------------


def test_a_corpus_is_fetched_with_its_annotations(tmp_path):
    treebank(tmp_path, GAVE, HM, name="train.conllu")
    treebank(tmp_path, GAVE, ("letters-to-cy-0001", "Hm/INTJ/UH"), name="test.conllu")
    tar(tmp_path / "x.tar.gz", {PLACE: SKEL_GAVE + SKEL_HM})
    source = {"source": "files", "format": "propbank_skel", "annotations": "x.tar.gz"}
    source |= {"train": "train.conllu", "test": "test.conllu"}
    folder = tmp_path / "corpus"
    assert fetch_corpus("semantic_roles", source, folder, tmp_path) == {"train": 2, "test": 1}
    assert read_edges(folder / "test.jsonl") == [JOINED_GAVE]
    assert left_out_by_reader(folder) == [
        {
            "split": "test",
            "unit": "sentence",
            "reason": "sentence of a document without annotation",
            "left_out": 1,
            "of": 2,
        }
    ]


def test_each_split_is_joined_with_the_ratings_of_that_split(tmp_path):
    sentences = {f"ewt-{split}-1": {(2, 1): rated(value)} for split, value in SPLIT_VALUES}
    (tmp_path / "x.json").write_text(uds(sentences))
    for split, _ in SPLIT_VALUES:
        treebank(tmp_path, THREE, name=f"{split}.conllu")
    source = {"source": "files", "format": "uds_raw", "annotations": "x.json"}
    source |= {split: f"{split}.conllu" for split, _ in SPLIT_VALUES}
    fetch_corpus("proto_roles", source, tmp_path / "corpus", tmp_path)
    for split, value in SPLIT_VALUES:
        (sentence,) = read_edges(tmp_path / "corpus" / f"{split}.jsonl")
        assert sentence.targets[0].labels == (tuple(WHOLE) if value == 4 else ())


SPLIT_VALUES = (("train", 4), ("dev", 0), ("test", 4))


@pytest.mark.parametrize(
    ("phenomenon", "name", "annotations", "message"),
    [
        (
            *("semantic_roles", "propbank_skel", None),
            "propbank_skel: found no annotations; allowed: the path of what is joined with the",
        ),
        (
            *("semantic_roles", "propbank", "x.zip"),
            "propbank: found annotations, x.zip; allowed: none, for its files have them",
        ),
    ],
)
def test_annotations_go_with_the_formats_that_need_them(phenomenon, name, annotations, message):
    found = message_of(read_spans, phenomenon, name, "words.conllu", annotations, "test")
    assert found.startswith(message)


# --- The real data --------------------------------------------------------------------------------


def without_documents(sentences):
    return [replace(sentence, document=None) for sentence in sentences]


def documents_of(sentences):
    """Give each text with the document that it stands in."""
    return {(sentence.words, sentence.document) for sentence in sentences}


def documents_in(shared_data, split):
    """The same of the whole treebank, read by another library."""
    document, found = None, set()
    text = (shared_data / f"ewt/en_ewt-ud-{split}.conllu").read_text(encoding="utf-8")
    for tokens in conllu.parse(text):
        document = tokens.metadata.get("newdoc id", document)
        words = tuple(token["form"] for token in tokens if isinstance(token["id"], int))
        found.add((words, document))
    return found


@pytest.mark.parametrize(
    ("split", "sentences", "arguments", "left_out"),
    [("train", 12_504, 81_399, 40), ("dev", 1_963, 9_576, 38), ("test", 2_054, 9_337, 23)],
)
def test_propbank_joined_equals_what_was_joined_before(
    shared_data, split, sentences, arguments, left_out
):
    read = propbank_skel.read_semantic_roles(
        shared_data / f"ewt/en_ewt-ud-{split}.conllu",
        shared_data / "srl/propbank-release-ewt.tar.gz",
    )
    before = roles.read_semantic_roles(shared_data / f"srl/propbank_ewt_spans/{split}.jsonl")
    assert without_documents(read.sentences) == before.sentences
    assert documents_of(read.sentences) <= documents_in(shared_data, split)
    assert len(read.sentences) == sentences
    assert sum(len(each.targets) for each in read.sentences) == arguments
    assert sum(read.left_out.values()) == left_out


@pytest.mark.parametrize(
    ("split", "pairs", "adverbial"), [("train", 5_669, 795), ("dev", 751, 119), ("test", 670, 88)]
)
def test_uds_joined_equals_what_was_joined_before(shared_data, split, pairs, adverbial):
    """All but the order, for the file of normalised ratings has another."""
    read = uds_raw.read_proto_roles(
        shared_data / f"ewt/en_ewt-ud-{split}.conllu",
        shared_data / "spr/uds2.0_raw_protoroles.zip",
        split,
    )
    before = proto_roles.read_proto_roles(shared_data / f"spr/uds_spr_on_ewt/{split}.jsonl")

    def in_order(sentence):
        return replace(sentence, targets=tuple(sorted(sentence.targets, key=lambda t: t.spans)))

    found = without_documents(read.sentences)
    assert Counter(found) == Counter(map(in_order, before.sentences))
    assert documents_of(read.sentences) <= documents_in(shared_data, split)
    assert sum(len(each.targets) for each in read.sentences) == pairs - adverbial
    assert read.left_out == before.left_out
    assert sum(read.left_out.values()) == adverbial

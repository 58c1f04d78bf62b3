"""The lexicon: sizes asked for, rules of spelling, sound relations, and clear refusals."""

import shutil
from pathlib import Path

import pytest

from bertology.corpora.grammar import lexicon as lx
from bertology.errors import InputError

ALL = lx.read_tables(lx.DATA_FOLDER)
WORD_CLASSES = ("nouns", "verbs", "adjectives", "adverbs", "names")


def words_of(lexicon: lx.Lexicon) -> list:
    return [word for name in WORD_CLASSES for word in getattr(lexicon, name)]


def test_as_many_words_as_the_study_needs() -> None:
    assert len({noun.lemma for noun in ALL.nouns}) >= 440
    assert len({verb.lemma for verb in ALL.verbs}) >= 165
    assert len({word.lemma for word in (*ALL.adjectives, *ALL.adverbs)}) >= 165
    assert len({name.words for name in ALL.names}) >= 220
    assert sum(verb.antonym is not None for verb in ALL.verbs) >= 40
    assert sum(adjective.antonym is not None for adjective in ALL.adjectives) >= 60


def test_core_is_a_small_share_and_domains_are_of_similar_size() -> None:
    everything = words_of(ALL)
    core = sum(word.domain == lx.CORE for word in everything)
    assert 0.10 <= core / len(everything) <= 0.17
    sizes = [sum(word.domain == domain for word in everything) for domain in lx.DOMAINS]
    assert max(sizes) < 1.2 * min(sizes)


@pytest.mark.parametrize("domain", lx.DOMAINS)
def test_a_tenth_of_the_words_is_for_the_test_only(domain: str) -> None:
    lexicon = lx.load_lexicon(domain)
    own = [word for word in words_of(lexicon) if word.domain == domain]
    assert 0.10 <= sum(word.test_only for word in own) / len(own) <= 0.13
    assert lexicon.for_split("test") == lexicon
    assert lexicon.for_split("train") == lexicon.for_split("dev")
    assert set(words_of(lexicon)) - set(words_of(lexicon.for_split("train"))) == {
        word for word in words_of(lexicon) if word.test_only
    }


@pytest.mark.parametrize("domain", lx.DOMAINS)
def test_relations_stay_within_each_split_of_a_domain(domain: str) -> None:
    for split in ("train", "test"):
        words = lx.load_lexicon(domain).for_split(split)
        nouns = {noun.lemma: noun for noun in words.nouns}
        for noun in words.nouns:
            assert set(noun.parts) <= set(nouns)
            assert noun.hypernym is None or noun.hypernym in nouns
        verbs = {verb.lemma: verb for verb in words.verbs}
        adjectives = {adjective.lemma: adjective for adjective in words.adjectives}
        for by_lemma in (verbs, adjectives):
            for word in by_lemma.values():
                assert word.antonym is None or by_lemma[word.antonym].antonym == word.lemma


def test_hypernyms_lead_upwards_one_by_one() -> None:
    for words in (ALL.nouns, ALL.verbs):
        by_lemma = {word.lemma: word for word in words}
        for word in words:
            chain = (word.lemma, *word.hypernyms)
            steps = [by_lemma[lemma].hypernym for lemma in chain]
            assert tuple(steps) == (*word.hypernyms, None)
    nouns = {noun.lemma: noun for noun in ALL.nouns}
    assert nouns["tanker"].hypernyms == ("ship", "vessel", "vehicle")


def test_every_argument_finds_a_noun_in_its_domain() -> None:
    for domain in lx.DOMAINS:
        train = lx.load_lexicon(domain).for_split("train")
        kinds = {noun.kind for noun in train.nouns}
        for verb in train.verbs:
            for wanted in (verb.subject_kinds, verb.object_kinds, verb.recipient_kinds):
                assert not wanted or kinds & set(wanted), verb.lemma


@pytest.mark.parametrize(
    ("lemma", "third_person", "past", "gerund"),
    [
        ("load", "loads", "loaded", "loading"),
        ("move", "moves", "moved", "moving"),
        ("carry", "carries", "carried", "carrying"),
        ("wrap", "wraps", "wrapped", "wrapping"),
        ("mix", "mixes", "mixed", "mixing"),
        ("tow", "tows", "towed", "towing"),
        ("pay", "pays", "payed", "paying"),
        ("agree", "agrees", "agreed", "agreeing"),
        ("reach", "reaches", "reached", "reaching"),
        ("open", "opens", "opened", "opening"),
    ],
)
def test_regular_verbs(lemma: str, third_person: str, past: str, gerund: str) -> None:
    forms = (lx.with_s(lemma), lx.past_of(lemma), lx.gerund_of(lemma))
    assert forms == (third_person, past, gerund)


@pytest.mark.parametrize(
    ("lemma", "plural"),
    [
        ("box", "boxes"),
        ("ferry", "ferries"),
        ("day", "days"),
        ("potato", "potatoes"),
        ("radio", "radios"),
        ("boat", "boats"),
    ],
)
def test_regular_plurals(lemma: str, plural: str) -> None:
    assert lx.with_s(lemma) == plural


def test_irregular_words_keep_the_forms_of_their_table() -> None:
    verbs = {verb.lemma: verb for verb in ALL.verbs}
    nouns = {noun.lemma: noun for noun in ALL.nouns}
    sing = verbs["sing"]
    assert (sing.past, sing.participle, sing.gerund) == ("sang", "sung", "singing")
    assert verbs["submit"].gerund == "submitting"
    assert nouns["thesis"].plural == "theses"
    assert nouns["bread"].uncountable


def test_tables_hold_no_form_that_the_rule_gives() -> None:
    rows = (lx.DATA_FOLDER / "verbs.tsv").read_text(encoding="utf-8").splitlines()[4:]
    for lemma, third_person, past, participle, gerund, *_ in (row.split("\t") for row in rows):
        assert third_person != lx.with_s(lemma)
        assert past != lx.past_of(lemma)
        assert not participle or participle != lx.past_of(lemma)
        assert gerund != lx.gerund_of(lemma), lemma


def line_of(path: Path, lemma: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(n for n, line in enumerate(lines, 1) if line.startswith(lemma + "\t"))


@pytest.mark.parametrize(
    ("table", "lemma", "change", "message"),
    [
        ("nouns", "ship", lambda row: row[:-1], "8 columns"),
        ("nouns", "ship", lambda row: [*row[:3], "boat", *row[4:]], "'boat' in column kind"),
        ("nouns", "ship", lambda row: [*row[:4], "galleon", *row[5:]], "unknown word 'galleon'"),
        ("nouns", "ship", lambda row: [*row[:4], "poem", *row[5:]], "'poem' of domain village"),
        ("nouns", "ship", lambda row: [*row[:4], "worker", *row[5:]], "hypernym 'worker'"),
        ("nouns", "ship", lambda row: ["boat", *row[1:]], "'boat' again"),
        ("nouns", "vessel", lambda row: [*row[:4], "ship", *row[5:]], "in a circle: 'vessel'"),
        ("nouns", "ship", lambda row: ["Ship", *row[1:]], "'Ship' in column lemma"),
        ("verbs", "load", lambda row: [*row[:11], "carry", *row[12:]], "antonym 'carry'"),
        ("verbs", "tow", lambda row: [*row[:12], "see", *row[13:]], ""),
        ("verbs", "tow", lambda row: [*row[:12], "swim", *row[13:]], "hypernym 'swim'"),
        ("verbs", "tow", lambda row: [*row[:13], "ARG0", *row[14:]], "1 roles"),
        ("verbs", "give", lambda row: [*row[:10], "", *row[11:]], "preposition and kinds"),
        ("adjectives", "wet", lambda row: [*row[:3], "deep", *row[4:]], "antonym 'deep'"),
        ("adverbs", "safely", lambda row: [*row[:2], "mood", row[3]], "'mood' in column type"),
        ("names", "Bergen", lambda row: ["bergen", *row[1:]], "'bergen' in column name"),
        ("names", "Bergen", lambda row: [*row[:3], "f", row[4]], "'f' in column gender"),
    ],
)
def test_a_malformed_row_is_named(tmp_path, table, lemma, change, message) -> None:
    folder = shutil.copytree(lx.DATA_FOLDER, tmp_path / "data")
    path = folder / f"{table}.tsv"
    line = line_of(path, lemma)
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[line - 1] = "\t".join(change(lines[line - 1].split("\t")))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if not message:  # An allowed change, to show that the others fail for their own reason.
        lx.read_tables(folder)
        return
    with pytest.raises(InputError) as caught:
        lx.read_tables(folder)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)
    assert f"line {line}:" in str(caught.value) or "again" in message or "antonym" in message


def test_an_unknown_domain_is_refused() -> None:
    with pytest.raises(InputError, match=r"'moon'.*harbour, market, laboratory, village"):
        lx.load_lexicon("moon")


def test_data_files_are_all_tables() -> None:
    assert sorted(path.stem for path in lx.DATA_FOLDER.iterdir()) == sorted(WORD_CLASSES)

"""The treebank of the embedded corpus: valid UD, correct English, disjoint splits."""

import re
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import conllu
import pytest

from bertology.corpora.grammar import generate
from bertology.corpora.grammar.lexicon import DOMAINS, load_lexicon
from bertology.corpora.grammar.write import write_grammar_corpus
from bertology.errors import InputError

SIZES = {"train": 250, "dev": 60, "test": 150}
SEED = 11
CONTENT_TAGS = ("NOUN", "VERB", "ADJ", "ADV")

Tree = conllu.TokenList
Word = conllu.Token


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("treebanks")
    for domain in DOMAINS:
        write_grammar_corpus(domain, "treebank", SIZES, SEED, root / domain)
    return {domain: root / domain for domain in DOMAINS}


@pytest.fixture(scope="module")
def splits(folders: dict[str, Path]) -> dict[tuple[str, str], list[Tree]]:
    return {
        (domain, split): conllu.parse((folder / f"{split}.conllu").read_text(encoding="utf-8"))
        for domain, folder in folders.items()
        for split in SIZES
    }


@pytest.fixture(scope="module")
def trees(splits: dict[tuple[str, str], list[Tree]]) -> list[Tree]:
    return [tree for trees in splits.values() for tree in trees]


def children(tree: Tree, word: Word, *relations: str) -> list[Word]:
    return [
        each
        for each in tree
        if each["head"] == word["id"] and (not relations or each["deprel"] in relations)
    ]


@pytest.mark.parametrize("domain", DOMAINS)
def test_official_validator_finds_no_error(folders: dict[str, Path], domain: str) -> None:
    files = [str(folders[domain] / f"{split}.conllu") for split in SIZES]
    command = [sys.executable, "-m", "udtools.cli", "--lang", "en", "--level", "3", *files]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "PASSED" in ended.stderr and "WARNING" not in ended.stdout


def test_each_split_has_the_sentences_asked_for(
    splits: dict[tuple[str, str], list[Tree]],
) -> None:
    assert {key: len(trees) for key, trees in splits.items()} == {
        (domain, split): size for domain in DOMAINS for split, size in SIZES.items()
    }


def test_text_is_the_words_as_english_writes_them(trees: list[Tree]) -> None:
    for tree in trees:
        rebuilt = "".join(
            word["form"] + ("" if (word["misc"] or {}).get("SpaceAfter") == "No" else " ")
            for word in tree
        )
        text = tree.metadata["text"]
        assert rebuilt.rstrip() == text
        assert re.fullmatch(r"[A-Z][A-Za-z0-9 ,']*[.?]", text), text
        assert not re.search(r" [,.?']|\b(\w+) \1\b|  ", text), text


def test_every_tree_is_a_tree(trees: list[Tree]) -> None:
    for tree in trees:
        heads = {word["id"]: word["head"] for word in tree}
        assert list(heads.values()).count(0) == 1
        for start in heads:
            path = [start]
            while heads[path[-1]] != 0:
                path.append(heads[path[-1]])
                assert len(path) <= len(heads), tree.metadata["text"]


SINGULAR_FORMS = ("was", "is", "does")
PLURAL_FORMS = ("were", "are", "do")


def subject_of(tree: Tree, finite: Word) -> Word | None:
    """The subject by the tree alone: of the verb, its head, or what it is coordinated with."""
    clause = finite
    if finite["deprel"] in ("aux", "aux:pass", "cop"):
        clause = next(word for word in tree if word["id"] == finite["head"])
    while True:
        subjects = children(tree, clause, "nsubj", "nsubj:pass")
        if subjects:
            return subjects[0]
        if clause["deprel"] != "conj":
            return None
        clause = next(word for word in tree if word["id"] == clause["head"])


def is_plural(tree: Tree, word: Word) -> bool:
    if any(
        each["form"] == "and" for c in children(tree, word, "conj") for each in children(tree, c)
    ):
        return True
    if word["form"].lower() in ("who", "which", "that") and word["xpos"] in ("WP", "WDT"):
        clause = next(each for each in tree if each["id"] == word["head"])
        if clause["deprel"] == "acl:relcl":
            return is_plural(tree, next(e for e in tree if e["id"] == clause["head"]))
        return False
    return word["xpos"] in ("NNS", "NNPS") or word["form"].lower() == "they"


def test_finite_verbs_agree_with_their_subjects(trees: list[Tree]) -> None:
    checked = 0
    for tree in trees:
        for word in tree:
            form = word["form"].lower()
            says_singular = word["xpos"] == "VBZ" or form in SINGULAR_FORMS
            says_plural = word["xpos"] == "VBP" or (form in PLURAL_FORMS and word["xpos"] != "VB")
            subject = subject_of(tree, word) if says_singular or says_plural else None
            if subject is not None:
                assert says_plural == is_plural(tree, subject), (tree.metadata["text"], form)
                checked += 1
    assert checked > 200


def test_determiners_agree_with_their_nouns(trees: list[Tree]) -> None:
    of_singular = {"a", "an", "every", "each", "this", "that"}
    of_plural = {"these", "those", "several", "many", "few", "most", "all"}
    for tree in trees:
        for noun in (word for word in tree if word["upos"] == "NOUN"):
            before = {word["form"].lower() for word in children(tree, noun, "det")}
            before |= {word["form"].lower() for word in children(tree, noun, "amod")}
            numbers = children(tree, noun, "nummod")
            assert not (before & of_singular and noun["xpos"] == "NNS"), tree.metadata["text"]
            assert not ((before & of_plural or numbers) and noun["xpos"] == "NN")


def test_article_follows_the_sound_of_the_next_word(trees: list[Tree]) -> None:
    exceptions = {"university": "a", "union": "a", "unicorn": "a", "honest": "an", "hour": "an"}
    for tree in trees:
        for word, following in pairwise(tree):
            if word["lemma"] == "a" and word["upos"] == "DET":
                vowel = "an" if following["form"][0] in "aeiou" else "a"
                expected = exceptions.get(following["form"], vowel)
                assert word["form"].lower() == expected, tree.metadata["text"]


@pytest.mark.parametrize("domain", DOMAINS)
def test_no_sentence_is_in_two_splits(
    splits: dict[tuple[str, str], list[Tree]], domain: str
) -> None:
    texts = {
        split: {tree.metadata["text"].lower() for tree in splits[domain, split]} for split in SIZES
    }
    assert not texts["train"] & texts["dev"]
    assert not (texts["train"] | texts["dev"]) & texts["test"]


def content_types(trees: list[Tree]) -> set[tuple[str, str]]:
    return {
        (word["lemma"], word["upos"])
        for tree in trees
        for word in tree
        if word["upos"] in CONTENT_TAGS
    }


def test_a_tenth_of_the_content_words_is_in_the_test_only(
    splits: dict[tuple[str, str], list[Tree]],
) -> None:
    for domain in DOMAINS:
        known = load_lexicon(domain)
        groups = {
            "NOUN": known.nouns,
            "VERB": known.verbs,
            "ADJ": known.adjectives,
            "ADV": known.adverbs,
        }
        reserved = {(w.lemma, tag) for tag, words in groups.items() for w in words if w.test_only}
        elsewhere = content_types(splits[domain, "train"] + splits[domain, "dev"])
        in_test = content_types(splits[domain, "test"])
        assert not reserved & elsewhere
        assert len(reserved & in_test) >= 0.1 * len(in_test)
        names = {" ".join(name.words) for name in known.names if name.test_only}
        for tree in splits[domain, "train"] + splits[domain, "dev"]:
            assert not any(re.search(rf"\b{name}\b", tree.metadata["text"]) for name in names)


def test_same_seed_gives_the_same_bytes(folders: dict[str, Path], tmp_path: Path) -> None:
    write_grammar_corpus("market", "treebank", SIZES, SEED, tmp_path / "again")
    write_grammar_corpus("market", "treebank", SIZES, SEED + 1, tmp_path / "other")
    for split in SIZES:
        name = f"{split}.conllu"
        first = (folders["market"] / name).read_bytes()
        assert (tmp_path / "again" / name).read_bytes() == first
        assert (tmp_path / "other" / name).read_bytes() != first


def any_word(test: Callable[[Tree, Word], object]) -> Callable[[Tree], bool]:
    return lambda tree: any(test(tree, word) for word in tree)


def form(*forms: str) -> Callable[[Tree], bool]:
    return any_word(lambda tree, word: word["form"].lower() in forms)


def relation(*relations: str) -> Callable[[Tree], bool]:
    return any_word(lambda tree, word: word["deprel"] in relations)


def relative(*relations: str) -> Callable[[Tree], bool]:
    """A relative clause whose verb has a relative pronoun in one of these relations."""
    return any_word(
        lambda tree, word: (
            word["deprel"] == "acl:relcl"
            and any("Rel" in str(each["feats"]) for each in children(tree, word, *relations))
        )
    )


def verb_with(present: tuple[str, ...], absent: tuple[str, ...]) -> Callable[[Tree], bool]:
    return any_word(
        lambda tree, word: (
            word["upos"] == "VERB"
            and all(children(tree, word, each) for each in present)
            and not (absent and children(tree, word, *absent))
        )
    )


def date_word(tree: Tree, word: Word) -> bool:
    return word["deprel"] == "obl" and (
        word["form"].endswith("day") or bool(re.fullmatch(r"(19|20)\d\d", word["form"]))
    )


CONSTRUCTIONS: dict[str, Callable[[Tree], bool]] = {
    "intransitive": verb_with(("nsubj",), ("obj", "iobj", "obl", "ccomp", "conj", "expl")),
    "transitive": verb_with(("nsubj", "obj"), ("iobj", "obl")),
    "ditransitive, two objects": verb_with(("nsubj", "iobj", "obj"), ()),
    "ditransitive, to": any_word(
        lambda tree, word: (
            children(tree, word, "obj")
            and any(
                c["form"] == "to" for o in children(tree, word, "obl") for c in children(tree, o)
            )
        )
    ),
    "sentential complement": relation("ccomp"),
    "passive with agent": verb_with(("nsubj:pass", "obl:agent"), ()),
    "passive without agent": verb_with(("nsubj:pass",), ("obl:agent",)),
    "subject relative": relative("nsubj"),
    "object relative": relative("obj"),
    "relative without pronoun": any_word(
        lambda tree, word: (
            word["deprel"] == "acl:relcl"
            and not any("Rel" in str(each["feats"]) for each in children(tree, word))
        )
    ),
    "adjective": relation("amod"),
    "adverb": relation("advmod"),
    "prepositional phrase on noun": relation("nmod"),
    "prepositional phrase on verb": relation("obl"),
    "coordination of noun phrases": any_word(
        lambda tree, word: word["deprel"] == "conj" and word["upos"] in ("NOUN", "PROPN")
    ),
    "coordination of verb phrases": any_word(
        lambda tree, word: word["deprel"] == "conj" and word["upos"] == "VERB"
    ),
    "negation with do": any_word(
        lambda tree, word: word["form"] == "not" and tree[word["id"] - 2]["lemma"] == "do"
    ),
    "all": form("all"),
    "some": form("some"),
    "no": form("no"),
    "every": form("every"),
    "most": form("most"),
    "few": form("few"),
    "numeral": relation("nummod"),
    "date": any_word(date_word),
    "day and month": any_word(
        lambda tree, word: word["form"].isdigit() and word["deprel"] == "nummod"
    ),
    "name of several words": relation("flat"),
    "pronoun": form("he", "she", "they"),
    "possessive pronoun": any_word(lambda tree, word: word["xpos"] == "PRP$"),
    "possessor": any_word(lambda tree, word: word["xpos"] == "POS"),
    "existential": relation("expl"),
    "copula": relation("cop"),
    "adverbial clause": relation("advcl"),
    "progressive": any_word(lambda tree, word: word["xpos"] == "VBG"),
    "future": form("will"),
    "yes/no question": lambda tree: tree[-1]["form"] == "?" and tree[0]["upos"] == "AUX",
    "wh-question": lambda tree: tree[-1]["form"] == "?" and "Int" in str(tree[0]["feats"]),
}


def test_all_constructions_occur_in_each_domain(
    splits: dict[tuple[str, str], list[Tree]],
) -> None:
    for domain in DOMAINS:
        sample = [tree for split in SIZES for tree in splits[domain, split]]
        missing = [name for name, holds in CONSTRUCTIONS.items() if not any(map(holds, sample))]
        assert len(sample) <= 1000 and missing == []


def test_sentences_vary_in_length(trees: list[Tree]) -> None:
    lengths = [len(tree) for tree in trees]
    assert 10 <= sum(lengths) / len(lengths) <= 13
    assert min(lengths) <= 5 and 20 <= max(lengths) <= generate.LONGEST_SENTENCE


@pytest.mark.parametrize(
    ("domain", "kind", "sizes", "named"),
    [
        ("moon", "treebank", {"train": 1}, "moon"),
        ("market", "poems", {"train": 1}, "poems"),
        ("market", "treebank", {"final": 1}, "final"),
    ],
)
def test_unknown_settings_are_refused_by_name(
    tmp_path: Path, domain: str, kind: str, sizes: dict[str, int], named: str
) -> None:
    with pytest.raises(InputError, match=f"{named}.*allowed"):
        write_grammar_corpus(domain, kind, sizes, SEED, tmp_path / "corpus")
    assert not (tmp_path / "corpus").exists()

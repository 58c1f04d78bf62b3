"""Annotations of the embedded corpus: wording, constituents, roles, coreference, proto-roles."""

import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from bertology.corpora.edges import read_edges
from bertology.corpora.grammar.annotations import Mention, Sentence, Span
from bertology.corpora.grammar.generate import Passage, sample_splits
from bertology.corpora.grammar.lexicon import (
    DOMAINS,
    Adjective,
    Adverb,
    Name,
    Noun,
    Verb,
    load_lexicon,
)
from bertology.corpora.grammar.meaning import (
    Adjunct,
    Clause,
    Date,
    NounPhrase,
    Preposed,
    Quality,
    Relative,
)
from bertology.corpora.grammar.realise import realise
from bertology.corpora.grammar.write import PHENOMENA, write_grammar_corpus

SIZES = {"train": 250, "dev": 20, "test": 30}
SEED = 5

CAPTAIN = NounPhrase(
    Noun("captain", "captains", "d", "person"), determiner="the", gender="f", referent=1
)
ANNA = NounPhrase(Name(("Anna", "Keller"), "person", "f", "d"), referent=2)
BOAT = NounPhrase(Noun("boat", "boats", "d", "vehicle"), determiner="a", referent=3)
ROPES = NounPhrase(Noun("rope", "ropes", "d", "artifact"), plural=True, number=3, referent=4)
HARBOUR = NounPhrase(Noun("harbour", "harbours", "d", "place"), determiner="the", referent=5)
SELL = Verb(
    *("sell", "sells", "sold", "sold", "selling", "d", "transitive"),
    subject_kinds=("person",),
    object_kinds=("vehicle",),
    roles=("ARG0", "ARG1"),
    effect="transfer",
)
GIVE = Verb(
    *("give", "gives", "gave", "given", "giving", "d", "ditransitive"),
    subject_kinds=("person",),
    preposition="to",
    roles=("ARG0", "ARG1", "ARG2"),
)
WAIT = Verb(
    *("wait", "waits", "waited", "waited", "waiting", "d", "intransitive"),
    subject_kinds=("person",),
    preposition="for",
    roles=("ARG0", "ARG1"),
)
SAY = Verb(
    *("say", "says", "said", "said", "saying", "d", "clausal"),
    subject_kinds=("person",),
    roles=("ARG0", "ARG1"),
)
OLD = Quality(Adjective("old", "d", ("vehicle",)))
SOLD = Clause(SELL, CAPTAIN, object=BOAT)
GAVE = Clause(GIVE, CAPTAIN, object=ROPES, recipient=ANNA)
WAITED = Clause(WAIT, ANNA, oblique=BOAT)
IN_1987 = Adjunct("time", Date(year=1987))
AT_HARBOUR = Adjunct("place", HARBOUR, "at")
SLOWLY = Adjunct("manner", Adverb("slowly", "d", "manner"))
SHE = replace(CAPTAIN, pronoun=True)
BOATS = replace(BOAT, plural=True, determiner=None)
SEA = Clause(None, BOATS, existential=True, adjuncts=(AT_HARBOUR,))

WORDINGS = [
    (SOLD, "The captain sold a boat."),
    (replace(SOLD, tense="present", subject=ANNA), "Anna Keller sells a boat."),
    (replace(SOLD, negative=True), "The captain did not sell a boat."),
    (replace(SOLD, negative=True, tense="present"), "The captain does not sell a boat."),
    (replace(SOLD, tense="future", negative=True), "The captain will not sell a boat."),
    (replace(SOLD, voice="passive"), "A boat was sold by the captain."),
    (replace(SOLD, voice="passive", agent_expressed=False), "A boat was sold."),
    (replace(SOLD, voice="passive", tense="future"), "A boat will be sold by the captain."),
    (replace(SOLD, voice="passive", aspect="progressive"), "A boat was being sold by the captain."),
    (replace(SOLD, object=BOATS, voice="passive"), "Boats were sold by the captain."),
    (replace(SOLD, aspect="progressive", mood="polar"), "Was the captain selling a boat?"),
    (replace(SOLD, object=replace(BOAT, adjectives=(OLD,))), "The captain sold an old boat."),
    (replace(SOLD, adjuncts=(SLOWLY, IN_1987)), "The captain sold a boat slowly in 1987."),
    (
        replace(SOLD, adjuncts=(replace(SLOWLY, position="middle"),)),
        "The captain slowly sold a boat.",
    ),
    (
        replace(SOLD, adjuncts=(replace(IN_1987, position="front"),)),
        "In 1987, the captain sold a boat.",
    ),
    (
        replace(SOLD, adjuncts=(Adjunct("time", Date(day=5, month="March", year=1987)),)),
        "The captain sold a boat on 5 March 1987.",
    ),
    (
        replace(SOLD, object=replace(BOAT, possessor=SHE)),
        "The captain sold her boat.",
    ),
    (
        replace(SOLD, object=replace(BOAT, possessor=replace(CAPTAIN, plural=True))),
        "The captain sold the captains' boat.",
    ),
    (replace(SOLD, subject=SHE, object=replace(BOAT, pronoun=True)), "She sold it."),
    (GAVE, "The captain gave three ropes to Anna Keller."),
    (replace(GAVE, recipient_first=True), "The captain gave Anna Keller three ropes."),
    (replace(GAVE, voice="passive"), "Three ropes were given to Anna Keller by the captain."),
    (WAITED, "Anna Keller waited for a boat."),
    (
        Clause(SAY, ANNA, complement=replace(SOLD, subject=SHE)),
        "Anna Keller said that she sold a boat.",
    ),
    (
        replace(SOLD, subject=replace(CAPTAIN, conjuncts=(ANNA, BOAT)), tense="present"),
        "The captain, Anna Keller and a boat sell a boat.",
    ),
    (
        replace(SOLD, coordinated=(replace(WAITED, subject=CAPTAIN),)),
        "The captain sold a boat and waited for a boat.",
    ),
    (
        replace(WAITED, oblique=replace(BOAT, modifiers=(Preposed("near", HARBOUR),))),
        "Anna Keller waited for a boat near the harbour.",
    ),
    (
        replace(WAITED, oblique=replace(BOAT, relative=Relative(SOLD, "object", "that"))),
        "Anna Keller waited for a boat that the captain sold.",
    ),
    (
        replace(WAITED, oblique=replace(BOAT, relative=Relative(SOLD, "object", None))),
        "Anna Keller waited for a boat the captain sold.",
    ),
    (
        replace(WAITED, subject=replace(CAPTAIN, relative=Relative(SOLD, "subject", "who"))),
        "The captain who sold a boat waited for a boat.",
    ),
    (SEA, "There were boats at the harbour."),
    (replace(SEA, mood="polar"), "Were there boats at the harbour?"),
    (replace(SEA, mood="polar", tense="future"), "Will there be boats at the harbour?"),
    (replace(SEA, mood="wh", focus="subject.number"), "How many boats were there at the harbour?"),
    (Clause(None, CAPTAIN, predicate=OLD), "The captain was old."),
    (Clause(None, CAPTAIN, predicate=OLD, negative=True), "The captain was not old."),
    (Clause(None, CAPTAIN, predicate=OLD, mood="polar"), "Was the captain old?"),
    (Clause(None, ANNA, predicate=replace(BOAT, referent=None)), "Anna Keller was a boat."),
    (replace(SOLD, mood="polar"), "Did the captain sell a boat?"),
    (replace(SOLD, mood="wh", focus="subject"), "Who sold a boat?"),
    (replace(SOLD, mood="wh", focus="object"), "What did the captain sell?"),
    (replace(SOLD, mood="wh", focus="subject", voice="passive"), "By whom was a boat sold?"),
    (replace(SOLD, mood="wh", focus="object", voice="passive"), "What was sold by the captain?"),
    (replace(GAVE, mood="wh", focus="recipient"), "To whom did the captain give three ropes?"),
    (
        replace(GAVE, mood="wh", focus="object.number"),
        "How many ropes did the captain give to Anna Keller?",
    ),
    (replace(WAITED, mood="wh", focus="oblique"), "For what did Anna Keller wait?"),
    (
        replace(WAITED, mood="wh", focus="time", adjuncts=(IN_1987, AT_HARBOUR)),
        "When did Anna Keller wait for a boat at the harbour?",
    ),
    (
        replace(WAITED, mood="wh", focus="place", tense="future", adjuncts=(AT_HARBOUR,)),
        "Where will Anna Keller wait for a boat?",
    ),
]


@pytest.mark.parametrize(("clause", "text"), WORDINGS)
def test_meaning_is_worded_as_english(clause: Clause, text: str) -> None:
    assert realise(clause).text == text


@pytest.mark.parametrize(
    "clause",
    [
        replace(WAITED, voice="passive"),
        replace(SOLD, mood="wh", focus="recipient"),
        replace(SOLD, mood="wh", focus="time"),
        replace(SOLD, mood="polar", coordinated=(WAITED,)),
        Clause(None, CAPTAIN),
    ],
)
def test_meaning_without_wording_is_refused(clause: Clause) -> None:
    with pytest.raises(ValueError, match=r"passive|question|predicate"):
        realise(clause)


def roles(clause: Clause) -> dict[str, str]:
    """For each role the head word of what fills it."""
    sentence = realise(clause)
    found = {}
    for frame in sentence.frames:
        for argument in frame.arguments:
            start, end = argument.span
            heads = [
                token.form.lower()
                for token in sentence.tokens[start:end]
                if not start < token.head <= end
            ]
            found[argument.label] = " ".join(heads)
    return found


def test_roles_stay_when_the_wording_changes() -> None:
    active = roles(SOLD)
    assert active == {"ARG0": "captain", "ARG1": "boat"}
    assert roles(replace(SOLD, voice="passive")) == active
    assert roles(replace(SOLD, mood="polar")) == active
    assert roles(replace(GAVE, recipient_first=True)) == roles(GAVE)
    assert roles(replace(SOLD, voice="passive", agent_expressed=False)) == {"ARG1": "boat"}
    assert roles(replace(SOLD, mood="wh", focus="subject"))["ARG0"] == "who"


def test_addresses_find_the_phrases_in_the_text() -> None:
    clause = replace(
        GAVE,
        object=replace(ROPES, possessor=ANNA),
        recipient=replace(BOAT, relative=Relative(SOLD, "object", "that")),
        adjuncts=(IN_1987, AT_HARBOUR),
    )
    sentence = realise(clause)
    found = {name: sentence.text_of(span) for name, span in sentence.phrases.items()}
    assert found["subject"] == "The captain"
    assert found["object"] == "Anna Keller's three ropes"
    assert found["object.possessor"] == "Anna Keller"
    assert found["object.number"] == "three"
    assert found["recipient"] == "to a boat that the captain sold"
    assert found["recipient.phrase"] == "a boat that the captain sold"
    assert found["recipient.phrase.relative.subject"] == "the captain"
    assert found["time"] == "in 1987" and found["time.phrase"] == "1987"
    assert found["place"] == "at the harbour"
    for span in sentence.phrases.values():
        start, end = sentence.character_span(span)
        assert sentence.text[start:end] == sentence.text_of(span)


@pytest.fixture(scope="module")
def passages() -> list[Passage]:
    splits = [sample_splits(domain, SIZES, SEED) for domain in DOMAINS]
    return [passage for split in splits for passages in split.values() for passage in passages]


@pytest.fixture(scope="module")
def sentences(passages: list[Passage]) -> list[Sentence]:
    return [sentence for passage in passages for sentence in passage]


def test_constituents_cover_the_sentence_and_nest(sentences: list[Sentence]) -> None:
    for sentence in sentences:
        spans = [each.span for each in sentence.constituents]
        whole = [
            each.label for each in sentence.constituents if each.span == (0, len(sentence.tokens))
        ]
        assert whole[0] in ("S", "SQ", "SBARQ")
        for (a, b), (c, d) in combinations(spans, 2):
            assert b <= c or d <= a or (a <= c and d <= b) or (c <= a and b <= d)


def subtree(sentence: Sentence, position: int) -> Span:
    """First and end word of all that depends on a word, which must be one stretch."""
    inside = {position}
    while True:
        more = {i for i, token in enumerate(sentence.tokens) if token.head - 1 in inside} | inside
        if more == inside:
            break
        inside = more
    assert inside == set(range(min(inside), max(inside) + 1)), sentence.text
    return min(inside), max(inside) + 1


def head_of(sentence: Sentence, span: Span) -> int:
    start, end = span
    outside = [i for i in range(start, end) if not start < sentence.tokens[i].head <= end]
    assert len(outside) == 1, (sentence.text, span)
    return outside[0]


def test_arguments_are_subtrees(sentences: list[Sentence]) -> None:
    """But the antecedent of a relative clause, whose subtree has that clause in it."""
    for sentence in sentences:
        for frame in sentence.frames:
            predicate = sentence.tokens[frame.predicate[0]]
            assert predicate.universal_tag == "VERB"
            for argument in frame.arguments:
                start, end = subtree(sentence, head_of(sentence, argument.span))
                if start <= frame.predicate[0] < end:
                    assert predicate.relation in ("acl:relcl", "conj")
                    assert (start, end) != argument.span
                else:
                    assert (start, end) == argument.span, (sentence.text, argument)


def test_phrases_are_constituents_or_words(sentences: list[Sentence]) -> None:
    for sentence in sentences:
        constituents = {each.span for each in sentence.constituents}
        for address, (start, end) in sentence.phrases.items():
            assert (start, end) in constituents or end == start + 1, (sentence.text, address)


def test_entities_hold_all_names_and_numbers(sentences: list[Sentence]) -> None:
    kinds = {"person": "PERSON", "place": "GPE", "institution": "ORG"}
    labels = {
        name.words: kinds[name.kind] for domain in DOMAINS for name in load_lexicon(domain).names
    }
    for sentence in sentences:
        covered: set[int] = set()
        for entity in sentence.entities:
            inside = sentence.words[slice(*entity.span)]
            assert labels.get(inside, entity.label) == entity.label
            assert inside in labels or entity.label in ("DATE", "CARDINAL")
            covered |= set(range(*entity.span))
        marked = {i for i, t in enumerate(sentence.tokens) if t.universal_tag in ("PROPN", "NUM")}
        assert covered == marked, sentence.text


def head_token(sentence: Sentence, mention: Mention) -> tuple[str, str, str]:
    token = sentence.tokens[head_of(sentence, mention.span)]
    return token.universal_tag, token.lemma, token.treebank_tag


PRONOUN_NUMBER = {"he": "Sing", "she": "Sing", "it": "Sing", "they": "Plur"}


def test_mentions_of_a_passage_corefer_consistently(passages: list[Passage]) -> None:
    pronouns = 0
    for passage in passages:
        seen: dict[int, tuple[str, str]] = {}
        gendered: dict[int, str] = {}
        for sentence in passage:
            for mention in sorted(
                sentence.mentions, key=lambda each: (each.span[0], -each.span[1])
            ):
                universal_tag, lemma, treebank_tag = head_token(sentence, mention)
                if universal_tag == "PRON":
                    pronouns += 1
                    assert mention.referent in seen, sentence.text
                    plural = seen[mention.referent][1] in ("NNS", "NNPS")
                    assert PRONOUN_NUMBER[lemma] == ("Plur" if plural else "Sing")
                    assert gendered.setdefault(mention.referent, lemma) == lemma
                else:
                    known = seen.setdefault(mention.referent, (lemma, treebank_tag))
                    assert known == (lemma, treebank_tag), sentence.text
    assert pronouns > 100


def test_names_get_the_pronoun_of_their_gender(passages: list[Passage]) -> None:
    genders = {name.words: name.gender for d in DOMAINS for name in load_lexicon(d).names}
    for passage in passages:
        names: dict[int, str | None] = {}
        for sentence in passage:
            for mention in sentence.mentions:
                words = sentence.words[slice(*mention.span)]
                if words in genders:
                    names[mention.referent] = genders[words]
                elif words[0].lower() in ("he", "his", "him") and mention.referent in names:
                    assert names[mention.referent] == "m"
                elif words[0].lower() in ("she", "her") and mention.referent in names:
                    assert names[mention.referent] == "f"


def test_proto_roles_follow_verb_and_noun(sentences: list[Sentence]) -> None:
    verbs = {verb.lemma: verb for domain in DOMAINS for verb in load_lexicon(domain).verbs}
    found = set()
    for sentence in sentences:
        persons = [each.span for each in sentence.entities if each.label == "PERSON"]
        labels = {
            (frame.predicate, head_of(sentence, argument.span)): argument.label
            for frame in sentence.frames
            for argument in frame.arguments
        }
        for each in sentence.proto_roles:
            verb = verbs[sentence.tokens[each.predicate[0]].lemma]
            label = labels[each.predicate, each.argument[0]]
            holding = set(each.properties)
            found |= holding
            assert ("instigation" in holding) <= (label == "ARG0")
            assert ("volition" in holding) <= ("instigation" in holding)
            assert ("created" in holding) <= (verb.effect == "create" and label != "ARG0")
            assert "existed_before" in holding or "created" in holding
            assert list(each.properties) == sorted(holding)
            position = each.argument[0]
            if any(start <= position < end for start, end in persons):
                assert "sentient" in holding
    assert len(found) >= 12


def test_wh_word_fills_the_role_that_is_asked_for() -> None:
    question = realise(replace(SOLD, mood="wh", focus="object", adjuncts=(IN_1987,)))
    assert {each.label for each in question.frames[0].arguments} == {"ARG0", "ARG1", "ARGM-TMP"}
    assert question.phrases["object"] == (0, 1)
    assert [token.relation for token in question.tokens][:2] == ["obj", "aux"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("edges")
    for phenomenon in PHENOMENA:
        for folder in ("edges", "again"):
            write_grammar_corpus("harbour", phenomenon, SIZES, SEED, root / folder / phenomenon)
    write_grammar_corpus("harbour", "treebank", SIZES, SEED, root / "treebank")
    return root


@pytest.mark.parametrize("phenomenon", PHENOMENA)
def test_edges_are_read_by_the_reader_of_real_data(written: Path, phenomenon: str) -> None:
    for split in SIZES:
        path = written / "edges" / phenomenon / f"{split}.jsonl"
        assert sum(len(sentence.targets) for sentence in read_edges(path)) > 0
        assert path.read_bytes() == (written / "again" / phenomenon / path.name).read_bytes()


def test_edges_and_treebank_are_the_same_sentences(written: Path) -> None:
    conllu = pytest.importorskip("conllu")
    for split in SIZES:
        text = (written / "treebank" / f"{split}.conllu").read_text(encoding="utf-8")
        trees = conllu.parse(text)
        dependencies = read_edges(written / "edges" / "dependencies" / f"{split}.jsonl")
        tags = read_edges(written / "edges" / "part_of_speech" / f"{split}.jsonl")
        assert len(trees) == len(dependencies) == len(tags) == SIZES[split]
        for tree, arcs, tagged in zip(trees, dependencies, tags, strict=True):
            assert arcs.words == tagged.words == tuple(word["form"] for word in tree)
            expected = {
                (word["id"] - 1, word["head"] - 1, word["deprel"]) for word in tree if word["head"]
            }
            assert expected == {
                (arc.span1[0], arc.span2[0], arc.labels[0]) for arc in arcs.targets if arc.span2
            }
            assert [target.labels[0] for target in tagged.targets] == [w["xpos"] for w in tree]


def test_coreference_balances_pairs_over_whole_passages(written: Path) -> None:
    passages = sample_splits("harbour", SIZES, SEED)["train"]
    lines = (written / "edges" / "coreference" / "train.jsonl").read_text().splitlines()
    assert len(lines) == len(passages)
    counts = {"0": 0, "1": 0}
    for passage, line in zip(passages, lines, strict=True):
        record = json.loads(line)
        words = [word for sentence in passage for word in sentence.words]
        assert record["text"].split() == words
        starts = [0]
        for sentence in passage:
            starts.append(starts[-1] + len(sentence.tokens))
        referents = {
            (mention.span[0] + start, mention.span[1] + start): mention.referent
            for sentence, start in zip(passage, starts, strict=False)
            for mention in sentence.mentions
        }
        for target in record["targets"]:
            first, second = referents[tuple(target["span1"])], referents[tuple(target["span2"])]
            assert target["label"] == ("1" if first == second else "0")
            counts[target["label"]] += 1
    assert counts["1"] > 50 and 0.5 * counts["1"] < counts["0"] <= counts["1"]

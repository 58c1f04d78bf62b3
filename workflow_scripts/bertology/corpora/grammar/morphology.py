"""Inflected words with their tags and features, as UD English and the Penn Treebank write them."""

from dataclasses import dataclass, replace
from typing import Literal

from bertology.corpora.grammar.lexicon import Noun, Verb
from bertology.corpora.grammar.meaning import Tense

Case = Literal["Nom", "Acc", "Gen"]

NUMBER_WORDS = {
    2: "two",
    3: "three",
    4: "four",
    5: "five",
    6: "six",
    7: "seven",
    8: "eight",
    9: "nine",
    10: "ten",
    11: "eleven",
    12: "twelve",
    13: "thirteen",
    14: "fourteen",
    15: "fifteen",
    16: "sixteen",
    17: "seventeen",
    18: "eighteen",
    19: "nineteen",
    20: "twenty",
}
"""Cardinals written as words; others are written in digits."""

PRONOUNS = {
    "f": ("she", "her", "her", "Gender=Fem|Number=Sing"),
    "m": ("he", "him", "his", "Gender=Masc|Number=Sing"),
    "thing": ("it", "it", "its", "Gender=Neut|Number=Sing"),
    "plural": ("they", "them", "their", "Number=Plur"),
}
"""Nominative, accusative and possessive form, and the features of gender and number."""

DETERMINERS = {
    "the": ("DET", "DT", "Definite=Def|PronType=Art"),
    "a": ("DET", "DT", "Definite=Ind|PronType=Art"),
    "this": ("DET", "DT", "Number=Sing|PronType=Dem"),
    "that": ("DET", "DT", "Number=Sing|PronType=Dem"),
    "all": ("DET", "DT", "PronType=Tot"),
    "every": ("DET", "DT", "PronType=Tot"),
    "each": ("DET", "DT", "PronType=Tot"),
    "some": ("DET", "DT", "PronType=Ind"),
    "no": ("DET", "DT", "PronType=Neg"),
    "most": ("ADJ", "JJS", "Degree=Sup"),
    "few": ("ADJ", "JJ", "Degree=Pos"),
    "many": ("ADJ", "JJ", "Degree=Pos"),
    "several": ("ADJ", "JJ", "Degree=Pos"),
}
PLURAL_DEMONSTRATIVES = {"this": "these", "that": "those"}

SPOKEN_WITH_CONSONANT = ("uni", "use", "usu", "eu", "one", "once", "ute")
SPOKEN_WITH_VOWEL = ("hour", "honest", "honour", "heir")


@dataclass(frozen=True, slots=True)
class Word:
    """A word form with tags and features; `joins_previous` if no space stands before it."""

    form: str
    lemma: str
    universal_tag: str
    treebank_tag: str
    features: str = "_"
    joins_previous: bool = False


def starts_with_vowel_sound(form: str) -> bool:
    """Say whether "an" stands before `form`."""
    lowered = form.lower()
    if lowered.startswith(SPOKEN_WITH_CONSONANT):
        return False
    return lowered.startswith(SPOKEN_WITH_VOWEL) or lowered[0] in "aeiou"


def with_article_form(word: Word, following: Word) -> Word:
    """Give the indefinite article before `following` as "a" or "an"; any other word unchanged."""
    is_article = word.lemma == "a" and word.universal_tag == "DET"
    return (
        replace(word, form="an") if is_article and starts_with_vowel_sound(following.form) else word
    )


def noun(entry: Noun, plural: bool) -> Word:
    """Give a common noun."""
    form, tag, number = (entry.plural, "NNS", "Plur") if plural else (entry.lemma, "NN", "Sing")
    return Word(form, entry.lemma, "NOUN", tag, f"Number={number}")


def proper_noun(form: str) -> Word:
    """One word of a name, a month or a weekday."""
    return Word(form, form, "PROPN", "NNP", "Number=Sing")


def personal_pronoun(which: str, case: Case) -> Word:
    """Give a pronoun by its key in PRONOUNS; case "Gen" is the determiner ("his")."""
    nominative, accusative, possessive, features = PRONOUNS[which]
    form = {"Nom": nominative, "Acc": accusative, "Gen": possessive}[case]
    tag = "PRP$" if case == "Gen" else "PRP"
    marks = [f"Case={case}", *features.split("|"), "Person=3"]
    if case == "Gen":
        marks.append("Poss=Yes")
    return Word(form, nominative, "PRON", tag, "|".join([*marks, "PronType=Prs"]))


def wh_pronoun(form: str, kind: Literal["Int", "Rel"]) -> Word:
    """Give an interrogative or relative pronoun: who, whom, what, which, that."""
    tag = "WP" if form in ("who", "whom", "what") else "WDT"
    return Word(form, "who" if form == "whom" else form, "PRON", tag, f"PronType={kind}")


def wh_adverb(form: str) -> Word:
    """Give an interrogative adverb: when, where, how, why."""
    return Word(form, form, "ADV", "WRB", "PronType=Int")


def determiner(lemma: str, plural: bool) -> Word:
    """Give an article, demonstrative or quantifier."""
    universal_tag, treebank_tag, features = DETERMINERS[lemma]
    form = PLURAL_DEMONSTRATIVES.get(lemma, lemma) if plural else lemma
    if form != lemma:
        features = features.replace("Sing", "Plur")
    return Word(form, lemma, universal_tag, treebank_tag, features)


def cardinal(number: int, digits: bool = False) -> Word:
    """Give a cardinal number as a word from two to twenty, in digits beyond or where asked."""
    form = str(number) if digits else NUMBER_WORDS.get(number, str(number))
    shape = "Digit" if form.isdigit() else "Word"
    return Word(form, form, "NUM", "CD", f"NumForm={shape}|NumType=Card")


def finite_features(tense: Tense, plural: bool) -> str:
    """Features of a finite verb in the third person."""
    number, time = ("Plur" if plural else "Sing"), ("Past" if tense == "past" else "Pres")
    return f"Mood=Ind|Number={number}|Person=3|Tense={time}|VerbForm=Fin"


def finite_tag(tense: Tense, plural: bool) -> str:
    """Penn Treebank tag of a finite verb in the third person."""
    if tense == "past":
        return "VBD"
    return "VBP" if plural else "VBZ"


def finite_verb(entry: Verb, tense: Tense, plural: bool) -> Word:
    """Give a main verb in simple past or present."""
    present = entry.lemma if plural else entry.third_person
    form = entry.past if tense == "past" else present
    return Word(
        form, entry.lemma, "VERB", finite_tag(tense, plural), finite_features(tense, plural)
    )


def finite_auxiliary(lemma: str, tense: Tense, plural: bool) -> Word:
    """Give a form of "be" or "do" as auxiliary or copula."""
    forms = {"be": ("was", "were", "is", "are"), "do": ("did", "did", "does", "do")}[lemma]
    form = forms[(0 if tense == "past" else 2) + plural]
    return Word(form, lemma, "AUX", finite_tag(tense, plural), finite_features(tense, plural))


def modal_will() -> Word:
    """Give the auxiliary of the future."""
    return Word("will", "will", "AUX", "MD", "Mood=Ind|VerbForm=Fin")


def infinitive(lemma: str, universal_tag: str = "VERB") -> Word:
    """Give the bare infinitive."""
    return Word(lemma, lemma, universal_tag, "VB", "VerbForm=Inf")


def passive_participle(entry: Verb) -> Word:
    """Give the past participle of a passive."""
    features = "Tense=Past|VerbForm=Part|Voice=Pass"
    return Word(entry.participle, entry.lemma, "VERB", "VBN", features)


def present_participle(form: str, lemma: str, universal_tag: str = "VERB") -> Word:
    """Give the participle of a progressive."""
    return Word(form, lemma, universal_tag, "VBG", "Tense=Pres|VerbForm=Part")


def adjective(lemma: str) -> Word:
    """Give an adjective in the positive degree."""
    return Word(lemma, lemma, "ADJ", "JJ", "Degree=Pos")


def adverb(lemma: str) -> Word:
    """Give an adverb."""
    return Word(lemma, lemma, "ADV", "RB")


def negation() -> Word:
    """Give the particle of negation."""
    return Word("not", "not", "PART", "RB", "Polarity=Neg")


def possessive_ending(previous: Word) -> Word:
    """'s, or the bare apostrophe after a plural in s."""
    bare = previous.treebank_tag == "NNS" and previous.form.endswith("s")
    return Word("'" if bare else "'s", "'s", "PART", "POS", joins_previous=True)


def preposition(form: str) -> Word:
    """Give a preposition ("to" has its own Penn tag in some corpora; here all are IN)."""
    return Word(form, form, "ADP", "IN")


def subordinator(form: str) -> Word:
    """Give a conjunction before a dependent clause."""
    return Word(form, form, "SCONJ", "IN")


def coordinator() -> Word:
    """Give the "and" that joins the last of several."""
    return Word("and", "and", "CCONJ", "CC")


def existential_there() -> Word:
    """Give the "there" of "there is"."""
    return Word("there", "there", "PRON", "EX", "PronType=Dem")


def punctuation(form: str) -> Word:
    """Give a full stop, question mark or comma, joined to the word before it."""
    return Word(form, form, "PUNCT", "," if form == "," else ".", joins_previous=True)

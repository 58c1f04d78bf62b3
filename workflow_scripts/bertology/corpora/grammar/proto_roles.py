"""Proto-role properties of arguments, derived from the verb and the kind of the noun.

The properties are among those of Reisinger et al. (2015), "Semantic Proto-Roles", which decompose
the agent and patient of Dowty (1991). Here they follow from the lexicon instead of judgements.
"""

from bertology.corpora.grammar.lexicon import Name, Noun, Verb
from bertology.corpora.grammar.meaning import NounPhrase

SENTIENT_KINDS = ("person", "animal")
AGENT_LABEL = "ARG0"

EFFECTS = {
    "change": ("change_of_state",),
    "create": ("change_of_state", "created"),
    "destroy": ("change_of_state", "destroyed"),
    "move": ("change_of_location", "manipulated_by_another"),
    "transfer": ("change_of_possession", "manipulated_by_another"),
}
"""What holds of the argument that a verb of this effect acts on."""


def proto_role_properties(verb: Verb, label: str, role: str, phrase: NounPhrase) -> tuple[str, ...]:
    """Sorted properties of the argument `role` ("subject", ...) of `verb` filled by `phrase`.

    `label` is its semantic role: an ARG0 instigates, an affected argument undergoes the effect.
    """
    holding = set(_of_existence(verb, role))
    if _kind(phrase.head) in SENTIENT_KINDS:
        holding |= {"sentient"}
        if label == AGENT_LABEL or role == "recipient":
            holding |= {"awareness"}
    if label == AGENT_LABEL:
        holding |= set(_of_agents(verb, phrase))
    if role == "recipient" and verb.effect == "transfer":
        holding |= {"change_of_possession"}
    if role == _affected_role(verb) and verb.effect is not None:
        holding |= set(EFFECTS[verb.effect])
    if role == "subject":
        holding -= {"manipulated_by_another"}
    return tuple(sorted(holding))


def _of_agents(verb: Verb, phrase: NounPhrase) -> tuple[str, ...]:
    if _kind(phrase.head) not in (*SENTIENT_KINDS, "institution"):
        return ("instigation",)
    return () if verb.stative else ("instigation", "volition")


def _of_existence(verb: Verb, role: str) -> tuple[str, ...]:
    affected = role == _affected_role(verb)
    before = () if affected and verb.effect == "create" else ("existed_before",)
    after = () if affected and verb.effect == "destroy" else ("existed_after",)
    return (*before, "existed_during", *after)


def _affected_role(verb: Verb) -> str:
    return "subject" if verb.frame == "intransitive" else "object"


def _kind(head: Noun | Name) -> str:
    return head.kind

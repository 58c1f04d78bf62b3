"""Which similarity to the pretrained encoder is held against which other one.

Pure configuration: the rules ask for it before anything is there.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

Config = dict[str, Any]
ONE_SEGMENT = ("treebank", "text")
"""Kinds of text that have no pairs: both forms are one."""


def domain_of(config: Config, text: str, task: str, section: str = "stimuli") -> str:
    """Say whether a text is a task's own, another task's (other), or no task's (neutral).

    section: of the configuration that has the text, stimuli or probes.
    """
    corpus = config[section][text]["corpus"]
    corpora = {name: settings["corpus"] for name, settings in config["tasks"].items()}
    if corpus == corpora[task]:
        return "own"
    return "other" if corpus in corpora.values() else "neutral"


def own_texts(config: Config) -> dict[str, str]:
    """Give each task's own text in its own form, if it is among the stimuli (the first if more)."""
    texts: dict[str, str] = {}
    for task, (name, settings) in product(config["tasks"], config["stimuli"].items()):
        if settings["form"] == "own" and domain_of(config, name, task) == "own":
            texts.setdefault(task, name)
    return texts


def single_texts(config: Config) -> list[str]:
    """List the texts in single segments: those that were cut, and those that have no pairs."""
    return [
        name
        for name, settings in config["stimuli"].items()
        if settings["form"] == "single" or settings["kind"] in ONE_SEGMENT
    ]


def common_texts(config: Config) -> list[str]:
    """List the texts in single segments from corpora that no task was tuned on."""
    return [
        name
        for name in single_texts(config)
        if all(domain_of(config, name, task) == "neutral" for task in config["tasks"])
    ]


def contrasts(config: Config) -> Iterator[dict[str, str]]:
    """Give what is held against what, each a row of the table of domains.

    The encoder tuned on `other_task`, read on `other_stimuli`, is held against the one tuned on
    `task`, read on `stimuli`. `contrast` says why: domain (other or neutral text against the task's
    own, in the same form), form (a text in single segments against its own form) or task (another
    task's encoder against the task's own, on its own text). `domain` is that of `other_stimuli` to
    `task`.
    """
    for task in config["tasks"]:
        own = [name for name in config["stimuli"] if domain_of(config, name, task) == "own"]
        for stimuli, other in product(own, config["stimuli"]):
            if domain_of(config, other, task) != "own" and _read_alike(config, stimuli, other):
                yield _contrast(config, "domain", (task, stimuli), (task, other))
        for stimuli, other in product(config["stimuli"], repeat=2):
            if _cut_from(config, other, stimuli):
                yield _contrast(config, "form", (task, stimuli), (task, other))
        for stimuli, other_task in product(own, config["tasks"]):
            if other_task != task:
                yield _contrast(config, "task", (task, stimuli), (other_task, stimuli))


def _contrast(
    config: Config, contrast: str, first: tuple[str, str], other: tuple[str, str]
) -> dict[str, str]:
    (task, stimuli), (other_task, other_stimuli) = first, other
    forms = {config["stimuli"][name]["form"] for name in (stimuli, other_stimuli)}
    return {
        "contrast": contrast,
        "task": task,
        "stimuli": stimuli,
        "other_task": other_task,
        "other_stimuli": other_stimuli,
        "domain": domain_of(config, other_stimuli, task),
        "form": "single" if "single" in forms else "own",
    }


def _read_alike(config: Config, first: str, second: str) -> bool:
    """Tell whether two texts come in the same form, or one of them has single segments anyway."""
    both = [config["stimuli"][name] for name in (first, second)]
    same = both[0]["form"] == both[1]["form"]
    return same or any(settings["kind"] in ONE_SEGMENT for settings in both)


def _cut_from(config: Config, single: str, own: str) -> bool:
    """Tell whether one text is the other one, cut into single segments."""
    cut, whole = (config["stimuli"][name] for name in (single, own))
    forms = (cut["form"], whole["form"]) == ("single", "own")
    return forms and _drawn(cut) == _drawn(whole)


def _drawn(settings: Config) -> Config:
    """Give what decides which text is drawn; where sentences end does not."""
    return {key: value for key, value in settings.items() if key not in ("form", "language")}

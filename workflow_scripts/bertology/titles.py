"""What readers call what a study names: titles from the configuration, else names, spelt out."""

from collections.abc import Mapping
from typing import Any

Config = dict[str, Any]
Titles = Mapping[str, Mapping[str, str]]
"""By section of the configuration, then by name; only entries that have one."""

TITLED = ("encoders", "tasks", "stimuli", "probes")
"""Sections whose entries may have a title."""
SPELLINGS = {
    "las": "LAS",
    "f1": "F1",
    "ewt": "EWT",
    "gum": "GUM",
    "mnli": "MNLI",
    "semeval": "SemEval",
    "squad": "SQuAD",
    "uds": "UDS",
    "wikitext": "WikiText",
}
"""Of words that are not written as they stand in a name."""


def titles_of(config: Config) -> dict[str, dict[str, str]]:
    """Gather the titles of a configuration's entries."""
    return {
        section: {
            name: entry["title"] for name, entry in config[section].items() if "title" in entry
        }
        for section in TITLED
    }


def title(titles: Titles, section: str, name: str) -> str:
    """Give the title of an entry, or its name as a reader would write it."""
    return titles.get(section, {}).get(name) or display_name(name)


def display_name(name: str) -> str:
    """Give a name of the configuration, or a metric, as a reader would write it."""
    words = [SPELLINGS.get(word, word) for word in name.replace("_", " ").replace("-", " ").split()]
    text = " ".join(words)
    return text[:1].upper() + text[1:]

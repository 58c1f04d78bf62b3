"""The formats from which labelled spans are read, and which reader each phenomenon has in them.

A reader is imported only when its format is asked for, so that work on one format never depends on
the code for another.
"""

import importlib
from dataclasses import dataclass, field
from pathlib import Path

from bertology.corpora.spans.annotated import Annotated
from bertology.errors import InputError


@dataclass(frozen=True, slots=True)
class Reader:
    """The function that reads one phenomenon from one format, and its options."""

    function: str
    options: dict[str, int | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpanFormat:
    """The module of a format, and its readers by phenomenon; one under None reads any."""

    module: str
    readers: dict[str | None, Reader]


SPAN_FORMATS = {
    "edges": SpanFormat("bertology.corpora.spans.edge_lines", {None: Reader("read_edge_lines")}),
    "conllu": SpanFormat(
        "bertology.corpora.spans.treebank",
        {
            "part_of_speech": Reader("read_part_of_speech"),
            "dependencies": Reader("read_dependencies"),
        },
    ),
    "conllu_universal": SpanFormat(
        "bertology.corpora.spans.treebank",
        {"part_of_speech": Reader("read_part_of_speech", {"universal": True})},
    ),
    "gum": SpanFormat(
        "bertology.corpora.spans.entities",
        {"entities": Reader("read_entities"), "coreference": Reader("read_coreference")},
    ),
    "propbank": SpanFormat(
        "bertology.corpora.spans.roles", {"semantic_roles": Reader("read_semantic_roles")}
    ),
    "uds": SpanFormat(
        "bertology.corpora.spans.proto_roles", {"proto_roles": Reader("read_proto_roles")}
    ),
    "semeval": SpanFormat(
        "bertology.corpora.spans.relations", {"relations": Reader("read_relations")}
    ),
    "ontonotes": SpanFormat(
        "bertology.corpora.spans.ontonotes",
        {
            "part_of_speech": Reader("read_part_of_speech"),
            "constituents": Reader("read_constituents"),
            "entities": Reader("read_entities"),
            "semantic_roles": Reader("read_semantic_roles"),
            "coreference": Reader("read_coreference"),
        },
    ),
}


def read_spans(phenomenon: str, format_name: str, path: Path | str) -> Annotated:
    """Read the labelled spans of a phenomenon from a file.

    Raises InputError for a format that is unknown or does not have the phenomenon, and for what the
    reader refuses.
    """
    if not has_phenomenon(format_name, phenomenon):
        allowed = [name for name in SPAN_FORMATS if has_phenomenon(name, phenomenon)]
        found = f"{phenomenon}: found the format {format_name}"
        raise InputError(f"{found}; allowed: {', '.join(allowed)}")
    span_format = SPAN_FORMATS[format_name]
    reader = span_format.readers.get(phenomenon) or span_format.readers[None]
    function = getattr(importlib.import_module(span_format.module), reader.function)
    annotated: Annotated = function(path, **reader.options)
    return annotated


def has_phenomenon(format_name: str, phenomenon: str) -> bool:
    """Say whether a format has a reader for a phenomenon."""
    readers = SPAN_FORMATS[format_name].readers if format_name in SPAN_FORMATS else {}
    return phenomenon in readers or None in readers

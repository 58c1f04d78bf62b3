"""The formats from which labelled spans are read, and which reader each phenomenon has in them.

A reader is imported only when its format is asked for, so that work on one format never depends on
the code for another.
"""

import importlib
from dataclasses import dataclass, field
from pathlib import Path

from bertology.corpora.spans.annotated import Annotated
from bertology.errors import InputError

ANNOTATIONS = "annotations"
"""What says where the annotations are that stand apart from the words in a corpus's splits."""


@dataclass(frozen=True, slots=True)
class Reader:
    """The function that reads one phenomenon from one format, and its options.

    Beside the file it may need the `split` that the file is, and the `annotations`, where these
    stand apart from the words that the file has.
    """

    function: str
    options: dict[str, int | bool] = field(default_factory=dict)
    needs: tuple[str, ...] = ()


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
    "propbank_skel": SpanFormat(
        "bertology.corpora.spans.propbank_skel",
        {"semantic_roles": Reader("read_semantic_roles", needs=(ANNOTATIONS,))},
    ),
    "uds_raw": SpanFormat(
        "bertology.corpora.spans.uds_raw",
        {"proto_roles": Reader("read_proto_roles", needs=(ANNOTATIONS, "split"))},
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


def read_spans(
    phenomenon: str,
    format_name: str,
    path: Path | str,
    annotations: Path | str | None = None,
    split: str = "",
) -> Annotated:
    """Read the labelled spans of a phenomenon from a file.

    annotations: where they are, in a format in which they stand apart from the words in the file.
    split: which one of a corpus (train, dev, test) the file is.
    Raises InputError for a format that is unknown or does not have the phenomenon, for annotations
    that it lacks or does not take, and for what the reader refuses.
    """
    if not has_phenomenon(format_name, phenomenon):
        allowed = [name for name in SPAN_FORMATS if has_phenomenon(name, phenomenon)]
        found = f"{phenomenon}: found the format {format_name}"
        raise InputError(f"{found}; allowed: {', '.join(allowed)}")
    span_format = SPAN_FORMATS[format_name]
    reader = span_format.readers.get(phenomenon) or span_format.readers[None]
    _check_annotations(format_name, reader, annotations)
    function = getattr(importlib.import_module(span_format.module), reader.function)
    beside = {ANNOTATIONS: annotations, "split": split}
    needed = {name: beside[name] for name in reader.needs}
    annotated: Annotated = function(path, **reader.options, **needed)
    return annotated


def _check_annotations(format_name: str, reader: Reader, annotations: Path | str | None) -> None:
    """Raise InputError for annotations that a reader lacks, or would not look at."""
    needed = ANNOTATIONS in reader.needs
    if needed and annotations is None:
        allowed = "the path of what is joined with the words"
        raise InputError(f"{format_name}: found no {ANNOTATIONS}; allowed: {allowed}")
    if annotations is not None and not needed:
        found = f"{format_name}: found {ANNOTATIONS}, {annotations}"
        raise InputError(f"{found}; allowed: none, for its files have them")


def has_phenomenon(format_name: str, phenomenon: str) -> bool:
    """Say whether a format has a reader for a phenomenon."""
    readers = SPAN_FORMATS[format_name].readers if format_name in SPAN_FORMATS else {}
    return phenomenon in readers or None in readers

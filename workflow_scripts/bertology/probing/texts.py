"""The text under the probes: sentences that several probes share, each encoded once."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from bertology.corpora.kinds import read_kind, split_path
from bertology.corpora.shapes import SPLITS, Stimulus
from bertology.corpora.stimuli import write_stimuli


def sentence_key(words: Sequence[str], seed: int = 0) -> str:
    """Name a sentence by its words: 16 hexadecimal digits, the same in every probe and study."""
    return blake2b("\n".join([str(seed), *words]).encode(), digest_size=8).hexdigest()


def gather_text(probes: Iterable[tuple[str, Path | str]], stimuli_file: Path | str) -> None:
    """Write each different sentence of some probes' data once, as a stimulus named by its key.

    `probes` holds the kind (edges or treebank) and the folder of each probe's data. A further probe
    on the same sentences leaves the file as it is.
    """
    stimuli = {
        key: Stimulus(key, (words,), None, key, key)
        for kind, folder in probes
        for words in (each.words for each in _sentences(kind, folder))
        for key in [sentence_key(words)]
    }
    write_stimuli(stimuli_file, [stimuli[key] for key in sorted(stimuli)])


def _sentences(kind: str, folder: Path | str) -> list[Any]:
    return [each for split in SPLITS for each in read_kind(kind, split_path(kind, folder, split))]

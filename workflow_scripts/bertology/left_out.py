"""What a step leaves out or changes of its input: counted by reason, in every `summary.json`.

A summary holds the list `left_out`, one record for each split and reason, in the shape of
`records`. What is left out of a study is read from these lists alone (see `tables/left_out.csv`).
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

logger = logging.getLogger(__name__)

WARNING_PERCENT = 1.0
"""A share of the input above which the report warns."""


def records(split: str, unit: str, of: int, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Give a record for each reason with a count above 0.

    split: of the corpus, or "" where there are none. unit: what is counted ("sentence", "answer").
    of: how many units there were, those left out included. counts: units by reason, in words.
    """
    return [
        {"split": split, "unit": unit, "reason": reason, "left_out": count, "of": of}
        for reason, count in counts.items()
        if count
    ]


def in_words(record: Mapping[str, Any]) -> str:
    """Give a record as a line for a log: "train: 3 of 3000 sentences left out (too long)"."""
    place = f"{record['split']}: " if record["split"] else ""
    counted = f"{record['left_out']} of {record['of']} {record['unit']}s"
    return f"{place}{counted} left out ({record['reason']})"


def warn_of(records: Iterable[Mapping[str, Any]]) -> None:
    """Write a warning into the log for each record."""
    for record in records:
        logger.warning("%s", in_words(record))


def percent(record: Mapping[str, Any]) -> float:
    """Give the share that was left out, 0 to 100."""
    return 100 * record["left_out"] / max(record["of"], 1)

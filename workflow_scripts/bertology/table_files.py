"""Reading tables that jobs of a study wrote; of one that is damaged there is one message."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bertology.errors import InputError

WHOLE = "the table as its job wrote it: delete it, and run the study again"


def read_csv(
    path: Path, columns: Sequence[str] = (), numbers: Sequence[str] = (), **options: Any
) -> pd.DataFrame:
    """Read a CSV table that has at least these columns; those of `numbers` become numbers.

    options: of pandas.read_csv. InputError for what is no such table.
    """

    def read() -> pd.DataFrame:
        table = pd.read_csv(path, **options)
        return table.assign(
            **{name: pd.to_numeric(table[name]) for name in numbers if name in table}
        )

    return _whole(read, path, columns)


def read_parquet(path: Path, columns: Sequence[str] = ()) -> pd.DataFrame:
    """Read a Parquet table that has at least these columns; InputError for what is none."""
    return _whole(lambda: pd.read_parquet(path), path, columns)


def with_reference(table: pd.DataFrame, reference: str, path: Path) -> pd.DataFrame:
    """Give the rows of a model's comparisons with one reference; InputError if there is none."""
    rows = table[table["reference"] == reference]
    if rows.empty:
        raise InputError.at(path, None, f"no comparison with {reference}", WHOLE)
    return rows.drop(columns="reference")


def _whole(read: Callable[[], pd.DataFrame], path: Path, columns: Sequence[str]) -> pd.DataFrame:
    try:
        table = read()
    except FileNotFoundError:
        raise
    except (ValueError, KeyError, OSError, EOFError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # This machine's trouble, such as a file that may not be read.
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise InputError.at(path, None, f"no whole table ({reason})", WHOLE) from error
    missing = [name for name in columns if name not in table]
    if missing:
        raise InputError.at(path, 1, f"no column {missing[0]!r}", WHOLE)
    return table

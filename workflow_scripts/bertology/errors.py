"""The one exception that stands for a mistake a user can mend."""

from pathlib import Path


class InputError(Exception):
    """A file or setting of the user's cannot be used; the message alone suffices to mend it."""

    @classmethod
    def at(cls, path: Path | str, line: int | None, found: str, allowed: str) -> "InputError":
        """Say where (file, and 1-based line if there is one), what was found, what is allowed."""
        place = f"{path}, line {line}" if line is not None else f"{path}"
        return cls(f"{place}: found {found}; allowed: {allowed}")

"""The one exception that stands for a mistake a user can mend."""

from pathlib import Path


class InputError(Exception):
    """A file or setting that a user gave cannot be used; the message alone must suffice to mend it."""

    @classmethod
    def at(cls, path: Path | str, line: int | None, found: str, allowed: str) -> "InputError":
        """Say where (file, and 1-based line where there is one), what was found, what is allowed."""
        place = f"{path}, line {line}" if line is not None else f"{path}"
        return cls(f"{place}: found {found}; allowed: {allowed}")

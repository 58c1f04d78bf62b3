"""Where tests let figures be drawn."""

from pathlib import Path

from bertology.figures.style import FigureFiles


def files_in(folder: Path, name: str = "x") -> FigureFiles:
    """Name the files of a figure in a folder."""
    return FigureFiles(*(folder / f"{name}.{kind}" for kind in ("png", "pdf", "csv")))

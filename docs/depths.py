"""Draw published studies beside each other: `python docs/depths.py open open-deep` (`make depths`).

Writes results/published/depths.png and what it draws as depths.csv.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

REPOSITORY = Path(__file__).resolve().parents[1]
PUBLISHED = REPOSITORY / "results" / "published"
sys.path.insert(0, str(REPOSITORY / "workflow_scripts"))

from bertology.figures.depths import plot_depths  # noqa: E402
from bertology.figures.style import FigureFiles, FigureSettings  # noqa: E402
from bertology.study_files import read_study  # noqa: E402
from bertology.titles import TITLED, Titles  # noqa: E402


def titles() -> Titles:
    """Gather what the repository's studies call what they name."""
    files = [REPOSITORY / "config.yaml", *sorted((REPOSITORY / "studies").glob("*.yaml"))]
    studies = [read_study(file) for file in files]
    return {
        section: {
            name: entry["title"]
            for study in studies
            for name, entry in (study.get(section) or {}).items()
            if "title" in (entry or {})
        }
        for section in TITLED
    }


def main(*studies: str) -> None:
    """Draw these studies, from left to right."""
    png, table = PUBLISHED / "depths.png", PUBLISHED / "depths.csv"
    folders = [PUBLISHED / study for study in studies]
    with TemporaryDirectory() as folder:
        files = FigureFiles(png=png, pdf=Path(folder) / "depths.pdf", csv=table)
        plot_depths(folders, files, FigureSettings(titles=titles()))
    print(f"{png.relative_to(REPOSITORY)}: {', '.join(studies)}.")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""How often intervals of what probes change hold 0, where fine-tuning changed nothing but noise.

Each job probes a planted pretrained encoder and one tuned to nothing (`tests/null_study.py`:
vectors times 1 + 1 % noise), with three seeds. Not bounded here but for what it prints: 93 to 97 of
100 is what intervals of 95 % should hold. Run by
`python benchmarks/statistics/null_study.py [jobs of each kind]`.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow_scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from null_study import changes, holds_zero


def main() -> None:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    held: dict[tuple[str, str, str], list[bool]] = {}
    for number in range(jobs):
        for kind in ("part_of_speech", "structure"):
            with tempfile.TemporaryDirectory() as folder:
                for change in changes(Path(folder) / "job", kind, number):
                    place = (kind, change.input, change.metric)
                    held.setdefault(place, []).append(holds_zero(change))
    print(f"{2 * jobs} jobs: per cent of 95 % intervals that hold 0")
    for place, found in held.items():
        print(f"{' '.join(place):45}{len(found):6} cells{100 * np.mean(found):8.1f}")
    everything = [each for found in held.values() for each in found]
    print(f"{'all':45}{len(everything):6} cells{100 * np.mean(everything):8.1f}")


if __name__ == "__main__":
    main()

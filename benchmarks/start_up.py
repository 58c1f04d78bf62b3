"""What each rule's script takes to start: the imports that it makes before it does anything.

Each script's imports, and those inside the functions that it calls, are run in a new process, after
the imports that Snakemake itself makes there. Processor time, the least of some runs, as many
scripts at a time as there are cores; and which of the slow packages were loaded. Run by
`make bench`, or `python benchmarks/start_up.py`.
"""

import ast
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
from harness import FOLDER, REPOSITORY

SCRIPTS = REPOSITORY / "workflow_scripts"
SLOW = ("torch", "transformers", "datasets", "scipy", "pandas", "matplotlib", "sklearn")
RUNS = 3
TIMED = """
import ast, inspect, sys, textwrap, time
sys.path.insert(0, {folder!r})
import snakemake.script
before = time.process_time()
{imports}
for function in [each for each in list(globals().values()) if inspect.isfunction(each)]:
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            exec(ast.unparse(node))
print(time.process_time() - before, *(name for name in {slow!r} if name in sys.modules))
"""


def imports_of(script: Path) -> str:
    """Give a script's import statements, at any depth, in their order."""
    tree = ast.parse(script.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return "\n".join(map(ast.unparse, sorted(found, key=lambda node: node.lineno)))


def start_up(script: Path) -> dict[str, object]:
    code = TIMED.format(folder=str(SCRIPTS), imports=imports_of(script), slow=SLOW)
    outputs = [
        subprocess.run(
            [sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True
        ).stdout.split()
        for _ in range(RUNS)
    ]
    least = min(outputs, key=lambda output: float(output[0]))
    return {"rule": script.stem, "seconds": float(least[0]), "loads": " ".join(least[1:])}


def main() -> int:
    with ThreadPoolExecutor(os.cpu_count()) as side_by_side:
        table = pd.DataFrame(side_by_side.map(start_up, sorted(SCRIPTS.glob("*.py"))))
    print(table.sort_values("seconds", ascending=False).round(2).to_string(index=False))
    FOLDER.mkdir(parents=True, exist_ok=True)
    table.to_csv(FOLDER / "start_up.seconds.csv", index=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())

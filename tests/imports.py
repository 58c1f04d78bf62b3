"""The files of the library that a script may load, found in compiled code by Python's own finder.

What the fingerprint finds in syntax trees, by other means.
"""

from collections.abc import Iterable
from modulefinder import ModuleFinder
from pathlib import Path


def importable(scripts: Path, script: str, modules: Iterable[str] = ()) -> set[str]:
    """Give the files below `scripts`, relative to it, that a script and some modules import.

    modules: files that the script loads by name when it runs. Imports inside functions count.
    """
    finder = ModuleFinder(path=[str(scripts)])
    finder.run_script(str(scripts / script))
    for path in modules:
        finder.import_hook(".".join(Path(path).with_suffix("").parts).removesuffix(".__init__"))
    files = (Path(module.__file__) for module in finder.modules.values() if module.__file__)
    return {str(path.relative_to(scripts)) for path in files if path.is_relative_to(scripts)}

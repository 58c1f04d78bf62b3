"""The figures of a study: title, place in the report, tables, and when there is one to draw.

To add one: a module with a function `plot_<name>(*tables, files, settings)`, an entry here, and a
caption in report/<name>.rst.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Config = dict[str, Any]


def always(config: Config) -> bool:
    """Say that each study has such a figure."""
    return True


def with_tags(config: Config) -> bool:
    """Say whether some stimuli have parts of speech."""
    return any(stimuli["kind"] == "treebank" for stimuli in config["stimuli"].values())


def with_edge_probes(config: Config) -> bool:
    """Say whether some phenomenon is probed."""
    return any(text["phenomena"] for text in config["probes"].values())


def with_structural_probes(config: Config) -> bool:
    """Say whether some trees are probed."""
    return any(text["structure"] for text in config["probes"].values())


def with_ablations(config: Config) -> bool:
    """Say whether layers are fixed or left out."""
    return any(config["ablations"].values())


def with_training_sizes(config: Config) -> bool:
    """Say whether models are trained on parts of the training data too."""
    return bool(config["training_sizes"]["percents"])


def with_reverts(config: Config) -> bool:
    """Say whether layers of tuned encoders are put back to their pretrained weights."""
    return bool(config["transplants"]) and config["transplants"]["examples"] != 0


def with_trajectory(config: Config) -> bool:
    """Say whether encoders are looked at while they are trained."""
    return bool(config["trajectory"]["steps"])


@dataclass(frozen=True)
class Figure:
    """A figure: `plot_<name>` of `module` below bertology.figures draws it from `tables`.

    section and title: its place in the report. drawn: whether a study has something to draw.
    shares: the module that it shares with other figures; else the module has the figure's name.
    texts: sections of the configuration whose texts it shows, by their titles, beside those of
    encoders and tasks. tests: whether it tests what it draws, at the level of the intervals.
    """

    name: str
    section: str
    title: str
    tables: tuple[str, ...]
    drawn: Callable[[Config], bool] = always
    shares: str = ""
    texts: tuple[str, ...] = ()
    tests: bool = False

    @property
    def module(self) -> str:
        """Name the module that draws it."""
        return self.shares or self.name

    def settings(self, config: Config) -> Config:
        """Give what it needs to know of a study beside its tables."""
        titles = {section: config["titles"][section] for section in (*TITLES, *self.texts)}
        return {"titles": titles, **({"level": config["intervals"]["level"]} if self.tests else {})}


SIMILARITY, PROBES, SCORES = "Similarity", "Probes", "Ablations and scores"
TITLES = ("encoders", "tasks")
"""The sections whose titles all figures show."""
IN_ORDER = (
    Figure(
        "similarity",
        SIMILARITY,
        "Similarity to the pretrained encoder, layer by layer",
        ("similarity_summary",),
        texts=("stimuli",),
    ),
    Figure(
        "transplants",
        SIMILARITY,
        "Where the encoder changes, and what the task owes to it",
        ("similarity_summary", "reverts"),
        with_reverts,
        texts=("stimuli",),
    ),
    Figure(
        "measures",
        SIMILARITY,
        "All measures of similarity side by side",
        ("similarity",),
        texts=("stimuli",),
    ),
    Figure(
        "token_classes",
        SIMILARITY,
        "Similarity by class of tokens",
        ("similarity",),
        with_tags,
        texts=("stimuli",),
    ),
    Figure(
        "domains",
        SIMILARITY,
        "Similarity on the task's own and on other text",
        ("similarity_summary", "domains"),
        texts=("stimuli",),
    ),
    Figure("weights", SIMILARITY, "How far the weights moved", ("weights",)),
    Figure(
        "probes",
        PROBES,
        "What probes find in all layers together",
        ("probe_summary",),
        with_edge_probes,
        texts=("probes",),
    ),
    Figure(
        "probe_changes",
        PROBES,
        "What probes gain and lose, layer by layer",
        ("probe_summary",),
        with_edge_probes,
        texts=("probes",),
        tests=True,
    ),
    Figure(
        "mix_weights",
        PROBES,
        "Which layers probes look at",
        ("probes",),
        with_edge_probes,
        "probe_layers",
        texts=("probes",),
    ),
    Figure(
        "structure",
        PROBES,
        "Structural probes, layer by layer",
        ("probe_summary",),
        with_structural_probes,
        "probe_layers",
        texts=("probes",),
    ),
    Figure(
        "ablations",
        SCORES,
        "Scores with frozen and with missing layers",
        ("ablations",),
        with_ablations,
    ),
    Figure(
        "training_sizes",
        SCORES,
        "Scores and recovery by the number of training examples",
        ("training_sizes",),
        with_training_sizes,
    ),
    Figure(
        "finetuning",
        SCORES,
        "Test scores of the tasks",
        ("finetuning", "ablations"),
    ),
    Figure(
        "trajectory",
        "Training",
        "The change while training runs",
        ("trajectory",),
        with_trajectory,
        texts=("stimuli", "probes"),
    ),
)
"""In the order of the report."""
FIGURES = {figure.name: figure for figure in IN_ORDER}
SECTIONS = tuple(dict.fromkeys(figure.section for figure in IN_ORDER))

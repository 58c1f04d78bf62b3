"""Where each artifact of a study lies: one pattern each, with its wildcards in braces."""

STRUCTURE = "structure"
"""The phenomenon of structural probes, beside those of edge probes."""
PERTURBED = "perturbed"
"""The model of a run that is the pretrained encoder with noise: its name below the run's."""
TRANSPLANTED = "transplanted"
"""After a fine-tuned model: what its layers make of the pretrained encoder's hidden states."""


LOCK = "provenance.json"
"""The lock of a study, below its results: what makes it anew, and the hashes of all of it."""


def results_of(study: str) -> str:
    """Give the folder in which all results of a study lie."""
    return f"results/{study}"


class Paths:
    """The patterns below one folder of results.

    Wildcards: file (a path as `downloads` has it), annotation (corpus/kind), encoder, task,
    variant, seed, stimuli, text, phenomenon, probe_seed; model (an encoder, or
    <encoder>/<task>/full/seed-<n>, or that and /step-<n>, /perturbed or /transplanted, which has
    activations alone). Most are stems, to which a rule adds an ending or a file's name.
    """

    def __init__(self, results: str) -> None:
        self.results = results
        self.download = f"{results}/downloads/{{file}}"
        self.corpus = f"{results}/corpora/{{annotation}}"
        self.task = f"{results}/tasks/{{task}}"
        self.stimuli = f"{results}/stimuli/{{stimuli}}"
        self.encoder = f"{results}/encoders/{{encoder}}"
        self.run = f"{results}/models/{{encoder}}/{{task}}/{{variant}}/seed-{{seed}}"
        self.full_run = f"{results}/models/{{encoder}}/{{task}}/full/seed-{{seed}}"
        self.tuned = f"{results}/models/{{model}}/encoder"
        self.perturbed = f"{results}/models/{{model}}/{PERTURBED}"
        # Not below the run, whose folder is replaced as a whole.
        self.checkpoints = f"{results}/checkpoints/{{model}}"
        self.trace = self.checkpoints.format(model="{encoder}/{task}/full/seed-{seed}")
        self.activations = f"{results}/activations/{{model}}/{{stimuli}}"
        self.pretrained_activations = f"{results}/activations/{{encoder}}/{{stimuli}}"
        self.transplanted = self.activations.format(
            model=f"{{encoder}}/{{task}}/full/seed-{{seed}}/{TRANSPLANTED}", stimuli="{stimuli}"
        )
        self.reverts = f"{results}/reverts/{{encoder}}/{{task}}/seed-{{seed}}"
        self.tokens = f"{results}/similarity/{{stimuli}}/{{encoder}}.tokens"
        self.similarity = f"{results}/similarity/{{stimuli}}/{{model}}"
        self.weights = f"{results}/weights/{{model}}"
        self.probe_data = f"{results}/probe_data/{{text}}/{{phenomenon}}"
        self.tree_data = f"{results}/probe_data/{{text}}/{STRUCTURE}"
        self.probe_text = f"{results}/stimuli/probes/{{text}}"
        self.probed_activations = f"{results}/activations/{{model}}/probes/{{text}}"
        self.probe = f"{results}/probes/{{text}}/{{phenomenon}}/{{model}}/probe-seed-{{probe_seed}}"
        self.structural_probe = (
            f"{results}/probes/{{text}}/{STRUCTURE}/{{model}}/probe-seed-{{probe_seed}}"
        )
        self.table = f"{results}/tables/{{table}}"
        self.figure = f"{results}/figures/{{figure}}"
        self.logs = f"{results}/logs"
        self.benchmarks = f"{results}/benchmarks"
        self.lock = f"{results}/{LOCK}"


def goes(artifact: str) -> bool:
    """Tell whether an artifact goes when it was read for the last time, if the study says so.

    `artifact` is its path below the results.
    """
    return artifact.startswith("activations/") or artifact.endswith(f"/{PERTURBED}")

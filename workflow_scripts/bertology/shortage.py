"""What a job ran out of, memory or disk, in one message that says which settings ask for less."""

import errno
import re
from collections.abc import Mapping

OF_TRAINING = "tasks.{task}.batch_size or tasks.{task}.longest"
OF_RUNNING = "activations.tokens_per_batch"
SETTINGS = {
    "finetune_encoder": OF_TRAINING,
    "trace_encoder": OF_TRAINING,
    "ablate_layers": OF_TRAINING,
    "revert_layers": OF_TRAINING,
    "perturb_encoder": OF_RUNNING,
    "cache_activations": OF_RUNNING,
    "transplant_layers": OF_RUNNING,
    "compare_representations": "similarity.tokens",
    "probe_edges": "probes.{text}.limits or probing.edges.batch_sentences",
    "probe_structure": "probes.{text}.limits",
}
"""What to lower where a job of a rule needs too much memory; names in braces are its wildcards."""

MEMORY = re.compile(
    "out of memory|can(no|')t allocate memory|not enough memory|unable to allocate", re.IGNORECASE
)
DISK = re.compile("no space left on device|disk quota exceeded|StorageFull", re.IGNORECASE)
"""What libraries say that raise no MemoryError or OSError: PyTorch, safetensors."""
FULL = (errno.ENOSPC, errno.EDQUOT)


def shortage(error: BaseException, rule: str, wildcards: Mapping[str, str]) -> str | None:
    """Say what a job lacked and what helps; None where the error is of another kind."""
    if getattr(error, "errno", None) in FULL or DISK.search(str(error)):
        return (
            f"the disk is full ({error}); nothing half is kept. Make room, or set activations.keep "
            "to false, and run it again: what is done stays, and training goes on after its last "
            "epoch"
        )
    if isinstance(error, MemoryError) or MEMORY.search(str(error)):
        return f"out of memory ({_first_line(error)}); {less_memory(rule, wildcards)}"
    return None


def less_memory(rule: str, wildcards: Mapping[str, str] | None = None) -> str:
    """Say what to do where a job of a rule needs too much memory."""
    if wildcards is None:
        setting = re.sub(r"\{(\w+)\}", r"<\1>", SETTINGS.get(rule, ""))
    else:
        setting = SETTINGS.get(rule, "").format(**wildcards)
    lower = f"lower {setting}, or " if setting else ""
    return (
        f"{lower}run fewer jobs at a time (--cores); on a cluster a job asks for more each time "
        "that it is tried again (--retries)"
    )


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]

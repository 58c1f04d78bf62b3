"""What every rule's script does around its one call: log, fail clearly, record provenance.

The only module of the library that knows Snakemake's `snakemake` object.
"""

import datetime
import gc
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from bertology.errors import InputError
from bertology.gpus import own_gpu
from bertology.provenance import write_record
from bertology.shortage import shortage


@contextmanager
def job(snakemake: Any) -> Iterator[dict[str, Any]]:
    """Run a rule's work: output to its log, a mistake or shortage as one line, then a record.

    Gives a dictionary: what the script puts there stands in the record as `findings`. A rule
    without an output named `provenance` gets no record.
    """
    _collect_garbage_rarely()
    _forget_shapes_of_tensors()
    findings: dict[str, Any] = {}
    started = datetime.datetime.now(datetime.UTC)
    terminal = _redirect_output(Path(snakemake.log[0]))
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    try:
        with own_gpu(snakemake.resources.get("gpu", 0)):
            yield findings
        if "provenance" in snakemake.output.keys():  # noqa: SIM118 (a list with names)
            _record(snakemake, started, findings)
        gc.freeze()  # no last search through the imported packages when the process ends
    except InputError as error:
        _fail(snakemake.rule, str(error), terminal)
    except Exception as error:
        lacking = shortage(error, snakemake.rule, dict(snakemake.wildcards))
        if lacking is not None:
            _fail(snakemake.rule, lacking, terminal)
        traceback.print_exc()
        print(f"Rule {snakemake.rule} failed, see {snakemake.log[0]}", file=terminal, flush=True)
        sys.exit(1)


def _fail(rule: str, message: str, terminal: Any) -> NoReturn:
    """End the process with one message, in the log and on the terminal."""
    for stream in (sys.stderr, terminal):
        print(f"Error in rule {rule}: {message}", file=stream, flush=True)
    sys.exit(1)


def _collect_garbage_rarely() -> None:
    """Take a quarter less time to import Transformers, whose objects all stay in use.

    Python would search all of them again after every few hundred new ones.
    """
    gc.set_threshold(100_000, 50, 100)


def _forget_shapes_of_tensors() -> None:
    """Let PyTorch's oneDNN keep what it prepared for the last 32 shapes of matrices, not 1,024.

    For batches of many lengths that took up to 3 GB, and hardly any length comes back. To be said
    before PyTorch multiplies for the first time.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "32")


def _redirect_output(log: Path) -> Any:
    """Send all that this process prints to the log; return a stream that still is the terminal."""
    log.parent.mkdir(parents=True, exist_ok=True)
    terminal = os.fdopen(os.dup(2), "w", encoding="utf-8")
    with log.open("w", encoding="utf-8") as stream:
        for descriptor in (1, 2):
            os.dup2(stream.fileno(), descriptor)
    return terminal


def _record(snakemake: Any, started: datetime.datetime, findings: dict[str, Any]) -> None:
    record = snakemake.output.provenance
    write_record(
        Path(record),
        rule=snakemake.rule,
        settings={**dict(snakemake.wildcards), **dict(snakemake.params)},
        inputs=list(snakemake.input),
        outputs=[name for name in snakemake.output if name != record],
        started=started,
        findings=findings,
    )

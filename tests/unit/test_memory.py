"""Freed memory is reused: the system hands out its pages once."""

import subprocess
import sys

import pytest

from bertology.memory import keep_freed_memory

FAULTS_OF_A_LOOP = """
import resource
import numpy as np
from bertology.memory import keep_freed_memory
{call}
np.ones(8_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    np.ones(8_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(call: str) -> int:
    code = FAULTS_OF_A_LOOP.format(call=call)
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd="workflow_scripts",
    )
    return int(done.stdout)


def test_pages_are_handed_out_once():
    if not keep_freed_memory():
        pytest.skip("not glibc")
    assert page_faults("keep_freed_memory()") * 10 < page_faults("")

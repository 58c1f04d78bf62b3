"""A real Slurm of one node on this machine, for tests: started without systemd, stopped after them.

All of it lies in one folder: configuration, state and records. Nothing is written to /etc, so that
the Slurm of a machine that belongs to a cluster is left alone.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from served import closed_port

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol")
PACKAGES = "slurmctld slurmd slurm-client munge"
"""Of Debian, whose Slurm 22.05 the tests were written with."""
PARTITION = "main"
CPUS, MEMORY = 4, 16000
"""What the node says that it has, whatever the machine has; memory in MiB."""
WAIT = 30
"""The most seconds that a daemon takes to start or to stop."""

CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
MailProg=/bin/true
MpiDefault=none
SwitchType=switch/none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
ReturnToService=2
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,bf_interval=5
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
MinJobAge=3600
KillWait=2
GresTypes=gpu
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} Gres=gpu:{gpus} State=UNKNOWN
PartitionName={partition} Nodes=ALL Default=YES DefaultTime=60 MaxTime=INFINITE State=UP
"""


def reason_to_skip() -> str | None:
    """Say why no Slurm can be started here; None where one can."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"Slurm is not installed: no {', '.join(missing)} (Debian: {PACKAGES})"
    return None if os.getuid() == 0 else "only root can start Slurm's daemons"


class Slurm:
    """The daemons of a cluster of one node that says it has so many GPUs, and its records."""

    def __init__(self, folder: Path, gpus: int) -> None:
        self.folder, self.running = folder, {}
        for name in ("state", "spool", "bin"):
            (folder / name).mkdir(parents=True)
        ports = [closed_port() for _ in range(2)]
        text = CONFIGURATION.format(
            **{"host": socket.gethostname().split(".")[0], "folder": folder, "gpus": gpus},
            **{"port": ports[0], "node_port": ports[1], "partition": PARTITION},
            **{"cpus": CPUS, "memory": MEMORY},
        )
        self.configuration = folder / "slurm.conf"
        self.configuration.write_text(text)
        self._write_gpus(gpus)
        self._write_srun()
        (folder / "munge.key").write_bytes(os.urandom(1024))
        (folder / "munge.key").chmod(0o400)

    def _write_gpus(self, gpus: int) -> None:
        """Files that are there stand for the devices; their numbers are the GPUs'."""
        for number in range(gpus):
            (self.folder / f"gpu{number}").symlink_to("/dev/null")
        (self.folder / "gres.conf").write_text(f"Name=gpu File={self.folder}/gpu[0-{gpus - 1}]\n")

    def _write_srun(self) -> None:
        """Write the `srun` of jobs: the executor takes SLURM_CONF away before it calls it."""
        srun = self.folder / "bin" / "srun"
        srun.write_text(
            f'#!/bin/sh\nSLURM_CONF={self.configuration} exec {shutil.which("srun")} "$@"\n'
        )
        srun.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        """What commands need in their environment to reach this cluster."""
        path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        return {"SLURM_CONF": str(self.configuration), "PATH": path}

    def start(self) -> None:
        """Start the daemons and wait until the node takes jobs."""
        files = [
            f"--{name}-file={self.folder}/munge.{name}" for name in ("key", "log", "pid", "seed")
        ]
        self._run(
            "munged", "--foreground", "--force", f"--socket={self.folder}/munge.socket", *files
        )
        self.wait_until(lambda: (self.folder / "munge.socket").exists(), "munged listens")
        self.start_controller()
        self._run("slurmd", "-D", "-f", str(self.configuration))
        self.wait_until(lambda: self.command("sinfo", "-h", "-o", "%T") == "idle\n", "a node idles")

    def start_controller(self) -> None:
        """Start the controller, which takes up the jobs that an earlier one knew."""
        self._run("slurmctld", "-D", "-f", str(self.configuration))
        self.wait_until(lambda: "UP" in self.command("scontrol", "ping"), "the controller answers")

    def stop_controller(self) -> None:
        """Stop the controller alone; jobs run on."""
        self._end("slurmctld")

    def stop(self) -> None:
        """Cancel all jobs and stop the daemons."""
        if "slurmctld" in self.running:
            self.cancel_all()
        for name in reversed(list(self.running)):
            self._end(name)

    def cancel(self, job: str) -> None:
        """Cancel a job; asked again until it runs no more: a new controller may not hear it yet."""

        def gone() -> bool:
            self.command("scancel", job)
            return self.command("squeue", "-h", "-t", "RUNNING", "-j", job) == ""

        self.wait_until(gone, f"job {job} is cancelled")

    def cancel_all(self) -> None:
        """Cancel what runs or waits, and wait until it has ended."""
        jobs = self.command("squeue", "-h", "-o", "%i").split()
        if jobs:
            self.command("scancel", *jobs)
        self.wait_until(lambda: not self.command("squeue", "-h"), "no job is left")

    def command(self, *words: str) -> str:
        """Run a command on this cluster and return what it prints, or an empty text if it fails."""
        environment = {**os.environ, **self.environment}
        return subprocess.run(words, env=environment, text=True, capture_output=True).stdout

    def jobs(self) -> list[dict[str, str]]:
        """Give Slurm's own records of all jobs, in the order in which they were submitted.

        With the fields of `scontrol show job`: JobState, TimeLimit, TresPerJob, and in Comment what
        Snakemake says of a job: its rule and wildcards, or its group and the group's rules.
        """
        lines = self.command("scontrol", "-o", "show", "jobs").splitlines()
        return [
            dict(part.split("=", 1) for part in line.split() if "=" in part)
            for line in lines
            if line.startswith("JobId=")
        ]

    def _run(self, *words: str) -> None:
        with (self.folder / f"{words[0]}.log").open("a") as log:
            environment = {**os.environ, **self.environment}
            self.running[words[0]] = subprocess.Popen(
                words, env=environment, stdout=log, stderr=log
            )

    def _end(self, name: str) -> None:
        process = self.running.pop(name)
        process.terminate()
        try:
            process.wait(WAIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def wait_until(self, holds: Callable[[], bool], what: str, seconds: float = WAIT) -> None:
        """Wait until something holds; `what` it is stands in the error if it never does."""
        end = time.monotonic() + seconds
        while not holds():
            for name, process in self.running.items():
                assert process.poll() is None, (self.folder / f"{name}.log").read_text()[-2000:]
            assert time.monotonic() < end, f"not in {seconds} s: {what}"
            time.sleep(0.2)


@contextmanager
def cluster(folder: Path, gpus: int) -> Iterator[Slurm]:
    """Give a cluster that runs while the block does."""
    slurm = Slurm(folder, gpus)
    try:
        slurm.start()
        yield slurm
    finally:
        slurm.stop()

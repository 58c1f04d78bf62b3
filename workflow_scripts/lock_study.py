"""Write the lock of the study: what makes it anew, and the hashes of all that it consists of."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.integrity.lock import write_lock

    write_lock(Path(snakemake.output.lock).parent, snakemake.rule, snakemake.params.config)

"""Write each different sentence of a text's probes once, to be encoded."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.probing.texts import gather_text

    gather_text(
        probes=list(zip(snakemake.params.kinds, snakemake.input.data, strict=True)),
        stimuli_file=Path(snakemake.output.stimuli),
    )

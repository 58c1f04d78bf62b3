"""Put noise on the pretrained encoder until it has changed as much as a run changed it."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.perturbation import write_perturbed

    write_perturbed(
        tuned_folder=Path(snakemake.input.tuned),
        pretrained_folder=Path(snakemake.input.pretrained),
        stimuli_file=Path(snakemake.input.stimuli),
        folder=Path(snakemake.output.encoder),
        description_file=Path(snakemake.output.description),
        settings=snakemake.params.settings,
        seed=int(snakemake.wildcards.seed),
        threads=snakemake.threads,
    )

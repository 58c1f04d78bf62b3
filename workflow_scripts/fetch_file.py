"""Fetch one file that the study gives addresses of, and keep it if it has the right content."""

from bertology.job import job

with job(snakemake) as findings:
    from pathlib import Path

    from bertology.corpora.downloads import fetch_file

    name = snakemake.wildcards.file
    # Not parameters: other addresses of the same content, or another data_dir, are no change.
    entry = {**snakemake.config["downloads"][name], "sha256": snakemake.params.sha256}
    data_dir = snakemake.config["data_dir"] or "<the folder that you name as data_dir>"
    path = Path(snakemake.output.file)
    findings |= fetch_file(name, entry, path, by_hand=f"{data_dir}/{name}")
    findings["licence"] = entry["licence"]

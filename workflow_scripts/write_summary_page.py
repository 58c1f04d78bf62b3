"""Write the summary page of the study."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.report.summary_page import Figure, Sources, write_summary_page

    files, pages, parameters = snakemake.input, snakemake.output, snakemake.params
    captions = map(Path, files.captions)
    sources = Sources(
        template=Path(files.template),
        methods=Path(files.methods),
        claims=Path(files.claims),
        figures=[
            Figure(**figure, caption=caption)
            for figure, caption in zip(parameters.figures, captions, strict=True)
        ],
        tables=[Path(table) for table in files.tables],
        left_out=Path(files.left_out),
        records=[Path(record) for record in files.records],
        benchmarks=Path(pages.page).parent / "benchmarks",
    )
    write_summary_page(sources, parameters.config, Path(pages.page), Path(pages.claims))

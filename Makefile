# make study   the default study       make test   all checks
# make open DATA=<folder>   the study on real text, whose files are in that folder
# make why     what would run now, for which reason, and how long it takes; of another study: make why STUDY=open DATA=<folder>
# make report  Snakemake's report of the finished study; of another one: make report STUDY=open DATA=<folder>
# make study LOCK=results/published/default/provenance.json   a study from its lock; says first what differs here
# make verify  what of a finished study is not as it was made; AGAINST=results/published/default: and what differs
# make publish its tables, claims, figures (FIGURES="a b": these) and lock, in results/published/; both with STUDY=open
# make depths  published studies of encoders of several depths in one figure, results/published/depths.png
# Each makes .venv first if there is none.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
CORES ?= $(shell nproc)
BIN := .venv/bin
SNAKEMAKE := $(BIN)/snakemake --profile profiles/local
INTEGRITY := PYTHONPATH=workflow_scripts $(BIN)/python -m bertology.integrity
LOCKED := results/locked.yaml
STUDY ?= default
OVERLAY = $(if $(filter default,$(STUDY)),,--configfile studies/$(STUDY).yaml) $(FILES)
FILES = $(if $(DATA),--config data_dir="$(DATA)")

.PHONY: study open report verify publish depths test lint bench dry-run why graph lock container
study: .venv/installed
	$(if $(LOCK),$(INTEGRITY) rerun $(LOCK) $(LOCKED) $(if $(DATA),--data-dir "$(DATA)"))
	$(SNAKEMAKE) --cores $(CORES) $(if $(LOCK),--configfile $(LOCKED))

open: .venv/installed
	$(SNAKEMAKE) --cores $(CORES) --configfile studies/open.yaml $(FILES)

report: .venv/installed
	$(BIN)/snakemake $(OVERLAY) --report results/$(STUDY)/report.html

verify: .venv/installed
	$(INTEGRITY) verify results/$(STUDY) $(if $(AGAINST),--against $(AGAINST))

publish: .venv/installed
	$(INTEGRITY) publish results/$(STUDY) results/published/$(STUDY) $(if $(FIGURES),--figures $(FIGURES))

depths: .venv/installed
	$(BIN)/python docs/depths.py open open-deep

dry-run: .venv/installed
	$(SNAKEMAKE) --cores $(CORES) --dry-run

# Of overlays elsewhere: snakemake --dry-run --quiet --configfile mine.yaml
why: .venv/installed
	$(SNAKEMAKE) --dry-run --quiet $(OVERLAY)

# A process more than cores: the tests of a cluster wait for its scheduler most of their time.
test: .venv/installed-for-tests lint
	$(BIN)/python -m pytest -n 3 --no-loadscope-reorder

lint: .venv/installed-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/mypy
	$(BIN)/snakemake --lint
	$(BIN)/hadolint envs/Dockerfile

# Ratios in results/benchmarks/; fails where a bar is missed.
BENCHMARKS = caching finetuning edge_probes structural_probes similarity reverts growth start_up large_study
bench: .venv/installed-for-tests
	for name in $(BENCHMARKS); do $(BIN)/python benchmarks/$$name.py || true; done
	$(BIN)/python benchmarks/summary.py

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: requirements.txt | .venv/bin/python
	$(BIN)/pip install --quiet --requirement requirements.txt
	touch $@

.venv/installed-for-tests: requirements-test.txt .venv/installed
	$(BIN)/pip install --quiet --requirement requirements-test.txt
	touch $@

# docs/rules.svg; needs Graphviz (dot, tred).
graph: .venv/installed
	$(BIN)/snakemake --rulegraph dot --configfile studies/smoke.yaml docs/graph.yaml 2>/dev/null \
	  | $(BIN)/python docs/rule_graph.py | tred | dot -Tsvg > docs/rules.svg

# requirements.lock, from PyPI. envs/Dockerfile installs it.
lock: .venv/installed-for-tests
	$(BIN)/uv pip compile requirements.txt --quiet --generate-hashes --no-config --no-annotate --custom-compile-command "make lock" \
	  --python-version 3.11 --python-platform x86_64-manylinux_2_28 --output-file requirements.lock

# envs/bertology.sif, for --sdm apptainer; needs Docker and Apptainer.
container:
	docker build --tag bertology --file envs/Dockerfile .
	apptainer build --force envs/bertology.sif docker-daemon:bertology:latest

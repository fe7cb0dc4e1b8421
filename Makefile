# Everything a user or CI needs: `make demo` and `make test` set up what they need themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help setup demo check test test-spark laws validity format bench bench-scale bench-notes bench-rules bench-model bench-spark bench-evaluation bench-service evidence synthetic-model reader clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    set up, build a synthetic county, rank it, show the first ten children"
	@echo "make test    set up, then format check, lint, types, tests and doctests"
	@echo "make test-spark  the tests of ranking on Spark: installs pyspark (400 MB) into .venv; needs Java"
	@echo "make laws    the laws again with 25 times as many, random, examples (half an hour)"
	@echo "make validity  what a fit finds on simulated truth: calibration, intervals, effects, priors,"
	@echo "                   recalibration, leaks; prints the tables of docs/model.md (half an hour)"
	@echo "make bench   every speed and memory target as one table, each figure beside a reference of the"
	@echo "                   same run; whole runs at 8,100 and 81,000 children (ten minutes on two idle cores)"
	@echo "make bench-scale   whole runs at 8,100, 81,000 and 810,000 children: time, memory, steps, growth,"
	@echo "                   Parquet, the night after (long; some 10 GB of disk for a while)"
	@echo "make bench-spark   core seconds and bytes shuffled of ranking 20,000 children on Spark"
	@echo "make bench-notes   how well notes are read: writers left out, another hand, spans given on"
	@echo "                   public text where it is at hand (half an hour)"
	@echo "make reader  learn the shipped note reader anew from corpus/, the same to the byte"
	@echo "make synthetic-model  train models/synthetic on an invented county, for demos and tests"
	@echo "make bench-rules   speed of rules: all rules over 810,000 children, loading, one child,"
	@echo "                   and how many ordinary children each pack puts in a tier"
	@echo "make bench-evaluation   an evaluation of 100,000 children at 12 dates, step by step"
	@echo "make bench-service   one child at a time, and the example service under 20,000 requests"
	@echo "make bench-model   how good the model is on public tables, moved, and beside other methods, and"
	@echo "                   how fast (an hour on two cores; installs interpret-core into .venv if it can)"

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "carescreen needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make demo PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(STAMP)

setup: $(STAMP)

demo: $(STAMP)
	$(BIN)/carescreen synth --children 2000 --villages 12 --months 18 --seed 7 --out out/county
	$(BIN)/carescreen rank out/county --as-of 2026-11-01 --pack cn-rural --model evidence --capacity 20 --quotes --out out/lists --show 10

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

test: check
	$(BIN)/python -m pytest -n auto --dist worksteal

test-spark: $(STAMP)
	$(BIN)/python -c 'import pyspark' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[spark]'
	$(BIN)/python -m pytest -n 0 tests/spark

laws: $(STAMP)
	HYPOTHESIS_PROFILE=search $(BIN)/python -m pytest tests/laws

validity: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal tests/validity

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# One thread in each process: on busy cores several wait for each other, and references are then no measure.
bench bench-scale bench-model bench-evaluation: export OMP_NUM_THREADS = 1
bench bench-scale bench-model bench-evaluation: export OPENBLAS_NUM_THREADS = 1
bench: $(STAMP)
	$(BIN)/python benchmarks/targets.py

bench-scale: $(STAMP)
	$(BIN)/python benchmarks/run.py 8,100 81,000 810,000

bench-spark: $(STAMP)
	$(BIN)/python -c 'import pyspark' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[spark]'
	$(BIN)/python benchmarks/spark.py

bench-notes: $(STAMP)
	$(BIN)/python benchmarks/given_spans.py
	$(BIN)/python benchmarks/notes_quality.py --folds 4 --curve

bench-rules: $(STAMP)
	$(BIN)/python benchmarks/rules.py
	$(BIN)/python benchmarks/ordinary.py

bench-model: $(STAMP)
	-$(BIN)/python -c 'import interpret' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python benchmarks/model_speed.py
	$(BIN)/python benchmarks/model_moved.py
	$(BIN)/python benchmarks/model_quality.py
	$(BIN)/python benchmarks/model_methods.py

bench-evaluation: $(STAMP)
	$(BIN)/python benchmarks/evaluation.py

bench-service: $(STAMP)
	$(BIN)/python benchmarks/one_case.py
	$(BIN)/python benchmarks/service_load.py

reader: $(STAMP)
	$(BIN)/carescreen notes train --pack base --out models/notes

evidence: $(STAMP)
	$(BIN)/python -m carescreen.evidence models/evidence

# From an invented county: the same bytes each time with the same library versions.
synthetic-model: $(STAMP)
	$(BIN)/carescreen synth --children 8000 --visits-per-child 3 --seed 11 --out out/county-of-model
	$(BIN)/carescreen model train out/county-of-model --out models/synthetic --as-of 2026-11-01 --language en

clean:
	rm -rf out build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

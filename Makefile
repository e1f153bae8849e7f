# Everything a person does with this project from a fresh machine; the README explains each target.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Everything a run leaves behind lives in the data folder: Dagster's home, frames, journal, reports, the sandbox.
export PERIO_DATA ?= $(CURDIR)/data

.PHONY: setup demo test lint faults faults-small schedules schedules-small cutover bench ui lock sbom audit clean

setup: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

demo: setup
	$(BIN)/perio demo

ui: setup
	$(BIN)/perio ui

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Slow tests wait as much as they work, so there are three at a time; long ones alone in their file must not come last.
test: setup lint
	$(BIN)/pytest -m "not slow" -n 2 --dist loadfile
	$(BIN)/pytest -m slow -n 3 --dist loadfile --no-loadscope-reorder

# Kills loads and rollbacks at every boundary of every request (an hour), or at some of them (minutes).
faults: setup
	$(BIN)/python -W ignore -m perio_pipeline_tests.faults

faults-small: setup
	$(BIN)/python -W ignore -m perio_pipeline_tests.faults --every 40

# Loads under 1,000 random schedules of faults, or some of them; `ARGUMENTS="--first 7 --count 1"` repeats one.
schedules: setup
	$(BIN)/python -W ignore -m perio_pipeline_tests.faults.troubled $(ARGUMENTS)

schedules-small: setup
	$(BIN)/python -W ignore -m perio_pipeline_tests.faults.troubled --count 12

# Two days of a cutover in minutes: work in PANDA and in the CRM, the daemon killed ten times (800 patients: an hour).
cutover: setup
	$(BIN)/python -W ignore -m perio_pipeline_tests.cutover.simulation $(ARGUMENTS)

# How much of the CRMs' quotas a load uses, what the machinery costs, and what grows with a practice of 20,000 patients (an hour);
# writes bench.json as well. `ARGUMENTS="volume"` runs one of them.
bench: setup
	$(BIN)/python -m perio_pipeline_tests.bench $(ARGUMENTS)

# How many of the bindings are right that `perio map propose` makes for the sample in every design (some minutes).
bench-map: setup
	$(BIN)/python -m perio_pipeline_tests.bench_map $(ARGUMENTS)

lock: setup
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --all-extras --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --extra sqlserver --no-header -c requirements.lock \
		pyproject.toml docker/requirements.in -o docker/requirements.lock

# Tools that look at the lock files from outside live in a venv of their own, so that they never become part of them.
TOOLS := .venv-tools
$(TOOLS)/.installed: tools.txt
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/pip install --quiet --requirement tools.txt
	touch $@

# What the image is made of, as CycloneDX: sbom.json.
sbom: $(TOOLS)/.installed
	$(TOOLS)/bin/cyclonedx-py requirements docker/requirements.lock --pyproject pyproject.toml --output-reproducible \
		--output-format JSON --output-file sbom.json
	@echo "Wrote sbom.json."

# What is known against the locked packages; needs the advisory service on the internet.
audit: $(TOOLS)/.installed
	$(TOOLS)/bin/python -m perio_pipeline_tests.deployment.advisories $(TOOLS)/bin/pip-audit \
		requirements.lock docker/requirements.lock

clean:
	rm -rf $(VENV) $(TOOLS) sbom.json data .mypy_cache .ruff_cache .pytest_cache .hypothesis

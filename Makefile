# Everything goes through tox; tox itself is bootstrapped into the checkout.
PYTHON ?= python3
TOX := .bootstrap/bin/tox

.DEFAULT_GOAL := help
.PHONY: help verify test bench report clean

help: ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

verify: $(TOX) ## set up, train on real ranks and real data, write results/report/report.html
	$(TOX) run -e verify

test: $(TOX) ## set up, then lint, types and every test
	$(TOX) run -e lint,types,tests

bench: $(TOX) ## time pieces that run in one process, and compare them with the baseline
	$(TOX) run -e bench

report: $(TOX) ## the report from the records that are already there
	$(TOX) run -e report

clean: ## remove the environments (records under results/ stay)
	rm -rf .bootstrap .tox .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(TOX):
	$(PYTHON) -m venv .bootstrap
	.bootstrap/bin/python -m pip install --quiet --disable-pip-version-check 'tox>=4.20' 'tox-uv>=1.20'

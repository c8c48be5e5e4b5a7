"""What an artefact tells who opens it."""

from __future__ import annotations

from patchopt.files.dataset import OpenDataset


def reproduce_script(version: str) -> str:
    """Return ``reproduce.sh``: a quick look by default, everything with ``full``."""
    return f"""\
#!/bin/sh
# Run the study of this artefact again and compare what it comes to.
#   sh reproduce.sh          one scenario, some minutes
#   sh reproduce.sh full     all of it
# Needs Python 3.11 or newer. ARTIFACT: the file that this was unpacked from.
set -eu
: "${{ARTIFACT:=artifact.zip}}"
python3 -m venv .venv
.venv/bin/pip install "patchopt=={version}"
if [ "${{1:-}}" = full ]; then
    .venv/bin/patchopt reproduce "$ARTIFACT"
else
    .venv/bin/patchopt reproduce "$ARTIFACT" --quick
fi
"""


def read_me(dataset: OpenDataset, version: str) -> str:
    """Return the artefact's ``README.md``."""
    plans = dataset.plans
    runs = f"{sum(dataset.replications.counts.values()):,}"
    return f"""\
# A study of security-patch deployment

{plans["scenario"].nunique()} scenarios, {plans["label"].nunique()} strategies, {runs} replications,
made by patchopt {version}.

- `config.json`, `scenarios/`: what was run; scenarios with the failures that the study gave them,
  times in seconds.
- `dataset/`: what it came to, as Parquet: replications, plans with certificates, bounds, events,
  times.
- `report/`: tables, figures and `report.md`, made from `dataset/`; `report/paper/` for LaTeX.
- `claims.csv`: every number of the paper's tables, and in which of them it stands.
- `environment.json`: packages, interpreter, processor, system, commit.
- `manifest.json`: every file with its SHA-256, what it is for and what it can be made from;
  `ro-crate-metadata.json` the same for repositories.

`patchopt reproduce artifact.zip` checks all of it, runs the study again and compares; `--quick`
runs one scenario, and `reproduce.sh` installs patchopt first.
"""

"""What an artefact tells who opens it."""

from __future__ import annotations

from collections.abc import Sequence

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


def read_me(datasets: Sequence[OpenDataset], version: str) -> str:
    """Return the artefact's ``README.md``."""
    scenarios = {name for one in datasets for name in one.plans["scenario"]}
    labels = {name for one in datasets for name in one.plans["label"]}
    runs = sum(sum(one.replications.counts.values()) for one in datasets)
    several = len(datasets) > 1
    of = f", of {len(datasets)} sweeps" if several else ""
    where = "sweeps/0/" if several else ""
    each = ", and so on for each sweep" if several else ""
    return f"""\
# A study of security-patch deployment

{len(scenarios)} scenarios, {len(labels)} strategies, {runs:,} replications{of},
made by patchopt {version}.

- `{where}config.json`, `{where}scenarios/`: what was run{each}; scenarios with the failures that
  the study gave them, times in seconds.
- `{where}dataset/`: what it came to, as Parquet: replications, plans with certificates, bounds,
  events, times.
- `report/`: tables, figures and `report.md`, made from that; `report/paper/` for LaTeX.
- `claims.csv`: every number of the paper's tables, and in which of them it stands.
- `environment.json`: packages, interpreter, processor, system, commit.
- `manifest.json`: every file with its SHA-256, what it is for and what it can be made from;
  `ro-crate-metadata.json` the same for repositories.

`patchopt reproduce artifact.zip` checks all of it, runs the study again and compares; `--quick`
runs one scenario, and `reproduce.sh` installs patchopt first.
"""

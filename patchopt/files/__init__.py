"""Everything that reads or writes: scenarios, plans, events, metrics, datasets.

`patchopt.files.dataset` is imported by whoever needs it: it takes pyarrow along.
"""

from patchopt.files.bundled import about_bundled, bundled_scenarios
from patchopt.files.events import events_text
from patchopt.files.metrics_csv import metrics_csv_text
from patchopt.files.output import atomic_write, prepare_output
from patchopt.files.plan_file import plan_json, read_plan
from patchopt.files.presets import about_preset, bundled_presets, load_preset
from patchopt.files.scenario_yaml import load_scenario, scenario_from_text
from patchopt.files.schema import scenario_schema

__all__ = [
    "about_bundled",
    "about_preset",
    "atomic_write",
    "bundled_presets",
    "bundled_scenarios",
    "events_text",
    "load_preset",
    "load_scenario",
    "metrics_csv_text",
    "plan_json",
    "prepare_output",
    "read_plan",
    "scenario_from_text",
    "scenario_schema",
]

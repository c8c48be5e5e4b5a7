"""Everything that reads or writes: scenarios, plans, events, metrics, datasets.

`patchopt.files.dataset` is imported by whoever needs it: it takes pyarrow along.
"""

from patchopt.files.events import events_text, read_events, write_events
from patchopt.files.metrics_csv import metrics_csv_text, write_metrics_csv
from patchopt.files.output import atomic_write, prepare_output
from patchopt.files.plan_json import plan_json, read_plan, write_plan
from patchopt.files.scenario_yaml import bundled_scenarios, load_scenario, scenario_from_text
from patchopt.files.schema import scenario_schema

__all__ = [
    "atomic_write",
    "bundled_scenarios",
    "events_text",
    "load_scenario",
    "metrics_csv_text",
    "plan_json",
    "prepare_output",
    "read_events",
    "read_plan",
    "scenario_from_text",
    "scenario_schema",
    "write_events",
    "write_metrics_csv",
    "write_plan",
]

"""The JSON Schema of scenario files, generated from the models, for editors."""

from __future__ import annotations

from typing import Any

from patchopt.model.scenario import Scenario


def scenario_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file.

    Returns
    -------
    dict
        What one entry can show; what needs the whole file is checked by the loader.

    Examples
    --------
    >>> scenario_schema()["properties"]["version"]["const"]
    1
    """
    schema = Scenario.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "patchopt scenario",
        "description": "A scenario of patchopt: what is to be patched, under which constraints.",
    }

"""The reference of scenario files, written from their JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml
from reference import table

from patchopt.files.schema import scenario_schema

#: Whole sentences of the schema for what is written in several ways.
_BOUNDS: Final = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
}
_PLAIN: Final = {
    "integer": "integer",
    "number": "number",
    "string": "text",
    "boolean": "true, false",
}
_DURATION: Final = "Whole seconds, or a string"


def pages() -> dict[str, str]:
    """Return the page, by the name of its file."""
    schema = scenario_schema()
    parts = [
        "# Fields of a scenario",
        (
            "A duration is a number of whole seconds, or text such as 90s, 5m, 1h30m, 2d. A key "
            "without a default must be there. `patchopt schema` prints the JSON Schema from which "
            "this page is made, `patchopt validate` checks a file, and "
            "[the model](../model.md#2-scenario-yaml-version-1) says what it all means."
        ),
        _fields("The file", schema),
    ]
    parts += [_fields(name, schema["$defs"][name]) for name in sorted(_objects(schema["$defs"]))]
    return {"scenario.md": "\n\n".join(parts) + "\n"}


def _objects(found: Mapping[str, Any]) -> list[str]:
    return [name for name, entry in found.items() if "properties" in entry]


def _fields(title: str, entry: Mapping[str, Any]) -> str:
    required = entry.get("required", ())
    rows = [
        (
            f"`{key}`",
            _kind(field),
            "" if key in required else _default(field),
            field.get("description", ""),
        )
        for key, field in entry["properties"].items()
    ]
    lines = [f"## {title}", entry.get("description", "").replace("\n", " ")]
    return "\n\n".join([*filter(None, lines), table(("key", "value", "default", "meaning"), rows)])


def _default(field: Mapping[str, Any]) -> str:
    default = field.get("default", {})
    if isinstance(default, dict):
        # A mapping of what has defaults itself, or names of which there are none.
        return "its own" if default else "none"
    return f"`{yaml.safe_dump(default, default_flow_style=True, width=1000).split(chr(10))[0]}`"


def _kind(field: Mapping[str, Any]) -> str:
    """Return in words what a value may be."""
    if field.get("description", "").startswith(_DURATION):
        return "duration"
    for several in ("anyOf", "oneOf"):
        if several in field:
            kinds = [_kind(each) for each in field[several]]
            return " or ".join(dict.fromkeys(kind for kind in kinds if kind))
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{each}`" for each in field["enum"])
    return _container(field)


def _container(field: Mapping[str, Any]) -> str:
    kind = field.get("type", "")
    if kind == "array":
        return f"list of {_kind(field.get('items', {}))}"
    if kind == "object":
        inner = next(iter(field.get("patternProperties", {}).values()), None)
        return f"names, each with a {_kind(inner)}" if inner else "mapping"
    bounds = [words.format(field[key]) for key, words in _BOUNDS.items() if key in field]
    return " ".join([_PLAIN.get(kind, kind), ", ".join(bounds)]).strip()

"""What the pages in docs/ say of the code is so: sections, lists, modules, links, examples."""

from __future__ import annotations

import re
import sys
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from patchopt.files import scenario_from_text
from patchopt.model.build import build_infrastructure, key_of
from patchopt.model.events import EventKind
from patchopt.model.metrics import METRICS
from patchopt.simulator.loop import draws, streams
from patchopt.strategies import base

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "docs").glob("*.md"))
LINKING = [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
MODEL = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)
_CITED = re.compile(r"\bMODEL (\d+(?:(?:, | and | to )\d+)*)")
_SPAN = re.compile(r"(\d+) to (\d+)|(\d+)")
#: A path in backticks, from the root or patchopt/: a file, or a folder with a slash at its end.
_PATH = re.compile(r"`((?:[\w.*-]+/)+[\w*-]+\.(?:py|yaml|toml|md)|[\w*]+\.py|(?:[\w.-]+/)+)`")


def names(pages: list[Path]) -> list[str]:
    return [page.name for page in pages]


def blocks(text: str, language: str) -> list[str]:
    return [code for found, code in _FENCED.findall(text) if found == language]


def prose(text: str) -> str:
    """Return a page without its blocks of code."""
    return _FENCED.sub("", text)


def section(number: int) -> str:
    """Return the text of a section of the model."""
    found = re.search(rf"^## {number}\. .*?(?=^## |\Z)", MODEL, flags=re.DOTALL | re.MULTILINE)
    assert found is not None, f"docs/model.md has no section {number}"
    return found[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of every row of the tables in a text."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def cited(text: str) -> set[int]:
    found: set[int] = set()
    for numbers in _CITED.findall(text):
        for first, last, alone in _SPAN.findall(numbers):
            found.update(range(int(first), int(last) + 1) if first else [int(alone)])
    return found


def test_citations_are_read() -> None:
    texts = ("(MODEL 4 to 7, 11)", "MODEL 2 and 11.", "MODEL 5, 6 and 8", "cp.MODEL_INVALID")
    assert [sorted(cited(text)) for text in texts] == [[4, 5, 6, 7, 11], [2, 11], [5, 6, 8], []]


def test_every_section_that_is_cited_exists() -> None:
    headings = re.findall(r"^## (\d+)\. \S", MODEL, flags=re.MULTILINE)
    assert headings == [str(number) for number in range(1, len(headings) + 1)]
    sources = [*(ROOT / "patchopt").rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *PAGES]
    wanted = {
        (number, str(source.relative_to(ROOT)))
        for source in sources
        if source.name != "test_docs.py"
        for number in cited(source.read_text(encoding="utf-8"))
    }
    assert len({number for number, _ in wanted}) >= 10
    assert not {at for at in wanted if at[0] > len(headings)}


def test_every_metric_stands_in_section_7_with_its_unit() -> None:
    text = section(7)
    told = {row[0]: row[1] for row in rows(text)[2:]}
    assert told == {f"`{metric.name}`": metric.unit or "text" for metric in METRICS}
    assert [row[0].strip("`") for row in rows(text)[2:]] == [metric.name for metric in METRICS]


def test_every_event_stands_in_section_10() -> None:
    told = {name for row in rows(section(10))[2:] for name in re.findall(r"`(\w+)`", row[0])}
    # A member only adds a node to the event before.
    assert told == {kind.label for kind in EventKind} - {"member"}


def test_the_draws_of_section_10_are_those_of_the_simulator() -> None:
    space: dict[str, Any] = {}
    for code in blocks(section(10), "python"):
        exec(code, space)  # noqa: S102 - ours
    for kind, name in (("node", "web-1"), ("release", "CVE-2026-0001"), ("node", "räck")):
        key = space["key_of"](kind, name)
        assert key == key_of(kind, name)
        for seed, stream, count in ((0, 1, 1), (42, 2, 0), (2**62 + 1, 15, 7)):
            assert space["draw"](seed, stream, key, count) == draws.draw(seed, stream, key, count)
    for luck, seed in (("ha-shop", 42), ("räck", 2**62 + 1)):
        keys = streams.replication_keys(luck, seed, 0, 3).tolist()
        assert keys == [space["replication_key"](luck, seed, number) for number in range(3)]


def test_every_strategy_stands_in_section_8_with_its_parameters() -> None:
    text = section(8)
    first, second = (rows(part) for part in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE))
    assert [row[0].strip("`") for row in first[2:]] == list(base._BUILT_IN)
    told = {(row[0].strip("`"), row[1].strip("`")): row[2] for row in second[2:]}
    common = {field.name for field in fields(base.Strategy)}
    known = {
        ("all" if field.name in common else name, field.name)
        for name in base._BUILT_IN
        for field in fields(base.strategy_class(name))
    }
    assert set(told) == known
    for (whose, parameter), default in told.items():
        name = "rolling" if whose == "all" else whose
        given = base.make_strategy(name, {parameter: yaml.safe_load(default)})
        assert given == base.make_strategy(name), (name, parameter)


def test_the_scenario_of_section_2_is_valid_also_with_the_failures_of_section_11() -> None:
    scenario, failures = (yaml.safe_load(blocks(section(n), "yaml")[0]) for n in (2, 11))
    calm = build_infrastructure(scenario_from_text(yaml.safe_dump(scenario), "model.md"))
    assert calm.nodes.ids == ("web-1", "web-2", "web-3", "db-1", "rack-a")
    assert not calm.restless
    scenario["patches"]["CVE-2026-0001"] |= failures["patches"]["CVE-2026-0001"]
    scenario["environment"] = failures["environment"]
    restless = build_infrastructure(scenario_from_text(yaml.safe_dump(scenario), "model.md"))
    assert restless.restless


def slug(heading: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


@pytest.mark.parametrize("page", LINKING, ids=names(LINKING))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text(encoding="utf-8"))):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        to = (page.parent / path).resolve() if path else page
        assert to.exists(), f"{page.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", prose(to.read_text(encoding="utf-8")), re.MULTILINE)
            assert anchor in map(slug, headings), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    missing = [
        path
        for path in _PATH.findall(prose(page.read_text(encoding="utf-8")))
        if not any(next(folder.glob(path), None) for folder in (ROOT, ROOT / "patchopt"))
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_lines_fit(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if len(line) > 120] == []


#: The gallery's blocks run where the site is built (`tests/test_site.py`).
RUNNABLE = [
    page
    for page in PAGES
    if page.stem != "gallery" and blocks(page.read_text(encoding="utf-8"), "python")
]


@pytest.mark.slow
@pytest.mark.parametrize("page", RUNNABLE, ids=names(RUNNABLE))
def test_the_code_of_a_page_runs(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of its blocks, one after another, as one module."""
    for name in base.strategy_names():
        base.strategy_class(name)  # what is loaded under a passing registry would be lost with it
    monkeypatch.setattr(base, "_REGISTERED", dict(base._REGISTERED))
    module = ModuleType(page.stem)
    monkeypatch.setitem(sys.modules, page.stem, module)
    space: dict[str, Any] = vars(module)
    for code in blocks(page.read_text(encoding="utf-8"), "python"):
        exec(compile(code, page.name, "exec", dont_inherit=True), space)  # noqa: S102 - ours


def test_every_word_of_the_glossary_has_a_home_and_stands_there_once() -> None:
    lines = prose((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"))
    entries = re.findall(r"^- \*\*(.+?)\*\*:(.*?)(?=^- |^#|\Z)", lines, re.DOTALL | re.MULTILINE)
    assert len(entries) > 100
    assert [words for words, text in entries if not _PATH.findall(text)] == []
    words = [word for words, _ in entries for word in words.split(", ")]
    assert len(words) == len(set(words))

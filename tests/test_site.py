"""The documentation site: built strictly, complete, and nothing of it comes from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest
from markdown_it import MarkdownIt

import patchopt
from patchopt.model.metrics import METRICS

ROOT = Path(__file__).resolve().parent.parent
pytestmark = [
    pytest.mark.slow,
    pytest.mark.no_cover,
    pytest.mark.skipif(
        not (ROOT / "experiments").is_dir(), reason="half of its pages do not come with an sdist"
    ),
]
SITE = ROOT / "docs" / "site"
#: Pages that stand in the repository; figures that the gallery draws are no part of its text.
SOURCES = [
    str(page.relative_to(ROOT))
    for folder, pattern in (("docs", "*.md"), ("experiments", "*/README.md"))
    for page in sorted((ROOT / folder).glob(pattern))
]

#: What the outputs of each notebook must say for its text to be true, and how many are pictures.
SAID = {
    "first_plan": (
        r"services\.database\.min_up: .*; give at most 0",
        r"^optimal, gap 0\.0%$",
        r"^\d\.\d% of the nights leave something out$",
        r"^unplanned downtime in 0\.0% of the nights$",
        r"^saved True$",
    ),
    "first_study": (
        r"replications of 8 plans, complete: True$",
        r"least that a canary is over the nominal optimum: [1-9]\d*%",
        r"Outcome with failures",
    ),
}
PICTURES = {"first_plan": 2, "first_study": 1}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a site that was built here."""
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, SITE / "build.py", "--out", out],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr
    return out / "site"


class Fetched(HTMLParser):
    """What a page makes a browser fetch, links to other pages left out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in {"script", "img", "iframe", "source"}:
            self.found.append(given.get("src") or "")
        if tag == "link":
            self.found.append(given.get("href") or "")


def fetched(page: Path) -> list[str]:
    parser = Fetched()
    parser.feed(page.read_text(encoding="utf-8"))
    return [address for address in parser.found if address]


def navigation() -> list[str]:
    text = (SITE / "mkdocs.yml").read_text(encoding="utf-8")
    return re.findall(r"([\w/]+\.md)$", text[text.index("\nnav:") :], flags=re.MULTILINE)


def navigated(page: str) -> str:
    """Return the file that is built of a page."""
    return page.replace("README.md", "index.md").removesuffix(".md") + ".html"


def test_every_page_is_in_the_navigation() -> None:
    pages = [page.name for page in sorted((ROOT / "docs").glob("*.md"))]
    notebooks = [f"notebooks/{page.stem}.md" for page in (ROOT / "docs").glob("notebooks/*.ipynb")]
    studies = [str(page.relative_to(ROOT)) for page in ROOT.glob("experiments/*/README.md")]
    wanted = {*pages, *notebooks, *studies, "index.md", "changelog.md"}
    assert wanted - set(navigation()) == set()


def test_every_page_was_built(site: Path) -> None:
    built = {navigated(page) for page in navigation()}
    assert {page for page in built if not (site / page).is_file()} == set()


@pytest.mark.parametrize("source", SOURCES)
def test_a_page_has_the_lists_and_blocks_that_it_has_elsewhere(source: str, site: Path) -> None:
    """Python-Markdown reads lists in its own way; markdown-it reads them as GitHub does."""
    text = (ROOT / source).read_text(encoding="utf-8")
    wanted = MarkdownIt("commonmark").enable("table").render(text)
    page = navigated(source.removeprefix("docs/"))
    html = (site / page).read_text(encoding="utf-8")
    article = html[html.index("<article") : html.index("</article>")]
    for tag in ("li", "pre", "table", "h2", "h3"):
        assert len(re.findall(rf"<{tag}\b", article)) == len(re.findall(rf"<{tag}\b", wanted)), tag


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    elsewhere = {
        (str(page.relative_to(site)), address)
        for page in site.rglob("*.html")
        for address in fetched(page)
        if re.match(r"(https?:)?//", address)
    }
    assert elsewhere == set()
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(?:@import|url\()\s*['\"]?(?:https?:)?//", sheet.read_text("utf-8"))


def test_what_is_fetched_is_there(site: Path) -> None:
    missing = {
        (str(page.relative_to(site)), address)
        for page in site.rglob("*.html")
        if page.name != "404.html"
        for address in fetched(page)
        if not address.startswith("data:")
        and not (page.parent / re.split(r"[?#]", address)[0]).exists()
    }
    assert missing == set()


def test_the_reference_has_the_whole_interface(site: Path) -> None:
    text = (site / "reference" / "python.html").read_text(encoding="utf-8")
    anchors = set(re.findall(r'id="(patchopt\.[\w.]+)"', text))
    assert {name for name in patchopt.__all__ if f"patchopt.{name}" not in anchors} == set()


def test_the_reference_has_every_metric_strategy_and_command(site: Path) -> None:
    metrics = (site / "reference" / "metrics.html").read_text(encoding="utf-8")
    for metric in METRICS:
        assert f"<code>{metric.name}</code>" in metrics
    strategies = (site / "reference" / "strategies.html").read_text(encoding="utf-8")
    for name in patchopt.strategy_names():
        assert f'<h2 id="{name}">' in strategies
    commands = (site / "reference" / "command_line.html").read_text(encoding="utf-8")
    for name in ("validate", "plan", "simulate", "compare", "sweep", "report", "reproduce"):
        assert f'<h2 id="{name}">' in commands


def test_every_preset_is_shown(site: Path) -> None:
    text = (site / "reference" / "configuration.html").read_text(encoding="utf-8")
    groups = [path for path in (ROOT / "conf").glob("*/*.yaml") if path.parent.name != "hydra"]
    assert len(groups) > 20
    for path in groups:
        assert str(path.relative_to(ROOT)) in text


def test_the_gallery_has_a_figure_for_each_block(site: Path) -> None:
    page = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    drawn = re.findall(r"^(?:figure|files) = ", page, flags=re.MULTILINE)
    shown = (site / "gallery.html").read_text(encoding="utf-8").count("<img ")
    assert shown >= len(drawn) >= 5


@pytest.mark.parametrize("name", sorted(SAID))
def test_a_notebook_says_what_its_text_says(name: str, site: Path) -> None:
    outputs = (site.parent / "site-src" / "notebooks" / f"{name}.md").read_text(encoding="utf-8")
    read: Any = nbformat.read
    for cell in read(ROOT / "docs" / "notebooks" / f"{name}.ipynb", as_version=4).cells:
        outputs = outputs.replace(cell.source, "")
    for pattern in SAID[name]:
        assert re.search(pattern, outputs, flags=re.MULTILINE), (pattern, outputs)
    assert outputs.count("![](") == PICTURES[name]

"""Pages of the repository as the site has them: links lead to where their targets went."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]

#: Folders that have no page of their own, and the page that shows what is in them.
SHOWN: Final = {
    "conf": "reference/configuration.md",
    "conf/failures": "reference/configuration.md#failures",
    "scenarios": "reference/scenarios.md",
}
PICTURES: Final = {".png", ".svg"}

_FENCE = re.compile(r"^( *```.*?^ *```$)", flags=re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_ITEM = re.compile(r"( *)([-*]|\d+\.) ")


def sources() -> dict[str, str]:
    """Return the page of the site for each page of the repository, both as paths from the root."""
    found = {"README.md": "index.md", "CHANGELOG.md": "changelog.md"}
    found["CONTRIBUTING.md"] = "contributing.md"
    found |= {f"docs/{page.name}": page.name for page in sorted((ROOT / "docs").glob("*.md"))}
    studies = sorted((ROOT / "experiments").glob("*/README.md"))
    return found | {str(page.relative_to(ROOT)): str(page.relative_to(ROOT)) for page in studies}


def stage(into: Path) -> None:
    """Write every page of the repository, and the pictures that they show."""
    for source, page in sources().items():
        text = (ROOT / source).read_text(encoding="utf-8")
        write(into / page, page_text(text, PurePosixPath(source), PurePosixPath(page)))
    for folder, pattern in (("docs", "*"), ("experiments", "*/*")):
        for picture in sorted((ROOT / folder).glob(pattern)):
            if picture.suffix in PICTURES:
                at = picture.relative_to(ROOT / "docs" if folder == "docs" else ROOT)
                (into / at).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(picture, into / at)


def write(path: Path, text: str) -> None:
    """Write a page, and make its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def page_text(text: str, source: PurePosixPath, page: PurePosixPath) -> str:
    """Return a page of the repository as the site has it."""
    parts = _FENCE.split(text)
    # Blocks of code stand at odd places, and stay as they are.
    return "".join(
        part if number % 2 else _LINK.sub(lambda link: _moved(link, source, page), _listed(part))
        for number, part in enumerate(parts)
    )


def _moved(link: re.Match[str], source: PurePosixPath, page: PurePosixPath) -> str:
    """Return a link to where its target went; plain words for what is not on the site."""
    picture, words, target = link.groups()
    path, _, anchor = target.partition("#")
    if not path or re.match(r"https?:", target):
        return link[0]
    at = os.path.normpath(source.parent / path)
    to = _pages().get(at)
    if to is None and picture:
        to = at.removeprefix("docs/")
    if to is None:
        return words if words.startswith("`") else f"{words} (`{at}`)" if words != at else f"`{at}`"
    relative = os.path.relpath(to, page.parent)
    return f"{picture}[{words}]({relative}{'#' if anchor else ''}{anchor})"


def _pages() -> dict[str, str]:
    """Return the page of the site for every file and folder that has one."""
    found = sources()
    folders = {str(PurePosixPath(page).parent): to for page, to in found.items() if "/" in page}
    folders.pop("docs", None)
    return found | folders | SHOWN


def _listed(text: str) -> str:
    """Return text whose lists Python-Markdown reads as everybody else does.

    It wants an empty line before a list and four spaces before what stands in an item, and takes
    any number at the beginning of a line for an item's.
    """
    return "\n".join(_lines(text.split("\n")))


def _lines(lines: list[str]) -> Iterator[str]:
    inside, nested, before = False, False, ""
    for given in lines:
        item, line = _ITEM.match(given), given
        if item and item[1] and item[2] not in {"-", "*", "1."}:
            item, line = None, given.replace(".", "\\.", 1)
        # So does the next item after one with more than a paragraph in it.
        new = item and (not nested if item[1] else nested or not inside)
        if new and before.strip():
            yield ""
        if line and not line.startswith(" ") and (item or not before.strip()):
            inside, nested = bool(item), False
        deep = inside and line.startswith(" ") and (item or not before.strip())
        nested = nested or bool(deep)
        yield f"    {line.lstrip(' ')}" if deep else line
        before = line

"""What is run while the site is made: the blocks of the gallery, and the notebooks."""

from __future__ import annotations

import base64
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import nbformat
from nbclient import NotebookClient

_BLOCK: Final = re.compile(r"^```python\n(.*?)^```$\n", flags=re.DOTALL | re.MULTILINE)
#: Longer than any of them takes on a slow machine.
TIMEOUT_S: Final = 300


def with_figures(text: str, name: str, into: Path) -> str:
    """Run the blocks of a page, and put what each has drawn below it.

    Parameters
    ----------
    text : str
        The page. A block draws by giving `figure` a value, or `files`: pictures on disk.
    name : str
        Of the page: what its pictures are called.
    into : Path
        Folder of the page.
    """
    module = ModuleType(name)
    sys.modules[name] = module
    space: dict[str, Any] = vars(module)
    count = 0

    def ran(block: re.Match[str]) -> str:
        nonlocal count
        count += 1
        exec(compile(block[1], f"{name}.md", "exec", dont_inherit=True), space)  # noqa: S102 - ours
        pictures = [f"![]({picture})" for picture in _drawn(space, f"{name}-{count}", into)]
        return "\n".join([block[0], *pictures, ""])

    return _BLOCK.sub(ran, text)


def _drawn(space: dict[str, Any], stem: str, into: Path) -> list[str]:
    """Write what a block has drawn, and forget it; return the names of the files."""
    import matplotlib as mpl

    names = []
    figure, files = space.pop("figure", None), space.pop("files", ())
    if figure is not None:
        names.append(f"{stem}.svg")
        # The same bytes each time: no date, and no names that are drawn at random.
        with mpl.rc_context({"svg.hashsalt": stem}):
            figure.savefig(into / names[-1], metadata={"Date": None})
    for number, file in enumerate(files, 1):
        names.append(f"{stem}-{number}{Path(file).suffix}")
        shutil.copyfile(file, into / names[-1])
    return names


def executed(notebook: Path, folder: Path) -> Any:
    """Return a notebook with the outputs of a run from top to bottom.

    Parameters
    ----------
    notebook : Path
        What is run; the file stays as it is.
    folder : Path
        Where it is run.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails.
    """
    read: Any = nbformat.read
    cells = read(notebook, as_version=4)
    NotebookClient(
        cells,
        timeout=TIMEOUT_S,
        kernel_name="python3",
        # Else the kernel tells in each run that what it says is not encrypted.
        extra_arguments=["--IPKernelApp.log_level=40"],
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    return cells


def notebook_page(notebook: Path, into: Path, folder: Path) -> str:
    """Return an executed notebook as a page; its pictures go beside it.

    Parameters
    ----------
    notebook : Path
        What is run; the file itself is copied beside the page.
    into : Path
        Folder of the page.
    folder : Path
        Where it is run.
    """
    into.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(notebook, into / notebook.name)
    parts = []
    for number, cell in enumerate(executed(notebook, folder).cells):
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        parts.append(f"```python\n{cell.source}\n```")
        stem = f"{notebook.stem}-{number}"
        parts += [_output(output, stem, into) for output in cell.outputs]
    title, *rest = parts
    note = f"*This page is [a notebook]({notebook.name}), run while the site was made.*"
    return "\n\n".join([title, note, *filter(None, rest)]) + "\n"


def _output(output: Any, stem: str, into: Path) -> str:
    """Return an output as Markdown: a picture, a table or text."""
    if output.output_type == "stream":
        return f"```text\n{output.text.rstrip()}\n```" if output.name == "stdout" else ""
    data = output.data
    if "image/png" in data:
        (into / f"{stem}.png").write_bytes(base64.b64decode(data["image/png"]))
        return f"![]({stem}.png)"
    if "text/markdown" in data:
        return str(data["text/markdown"])
    if "text/html" in data:
        html = re.sub(r"<style.*?</style>", "", data["text/html"], flags=re.DOTALL)
        html = html.replace(' border="1" class="dataframe"', "")
        # An empty line would end the block, and what is indented would be code.
        lines = [line.strip() for line in html.splitlines() if line.strip()]
        return '<div class="output">' + "\n".join(lines) + "</div>"
    return f"```text\n{data['text/plain'].rstrip()}\n```"

"""The documentation site: pages of the repository and generated ones, built strictly.

    python docs/site/build.py [--out build]

Pages are gathered in `OUT/site-src`, the site is `OUT/site`; open its index.html, no server is
needed. Nothing is fetched, neither here nor by whoever reads it.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path

import command_line
import reference
import running
import scenario_fields
import staging

HERE = Path(__file__).resolve().parent
#: In place of the day of the build, so that two builds give the same bytes: 1 January 2026.
EPOCH = "1767225600"


def gather(into: Path) -> None:
    """Write every page of the site, and what belongs to them."""
    shutil.rmtree(into, ignore_errors=True)
    staging.stage(into)
    shutil.copytree(HERE / "assets", into / "assets")
    made = reference.pages() | command_line.pages() | scenario_fields.pages()
    for name, text in made.items():
        staging.write(into / "reference" / name, text)
    gallery = into / "gallery.md"
    text = running.with_figures(gallery.read_text(encoding="utf-8"), gallery.stem, into)
    staging.write(gallery, text)
    for notebook in sorted((staging.ROOT / "docs" / "notebooks").glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as folder:
            page = running.notebook_page(notebook, into / "notebooks", Path(folder))
        staging.write(into / "notebooks" / f"{notebook.stem}.md", page)


def build(pages: Path, site: Path) -> int:
    """Build the site; return how many warnings there were."""
    # Material warns of another generator's future, in every build.
    os.environ |= {"SOURCE_DATE_EPOCH": EPOCH, "NO_MKDOCS_2_WARNING": "1"}
    from mkdocs.commands.build import build as build_site
    from mkdocs.config import load_config
    from mkdocs.exceptions import Abort
    from mkdocs.utils import CountHandler

    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    warnings = CountHandler()
    warnings.setLevel(logging.WARNING)
    logging.getLogger("mkdocs").addHandler(warnings)
    config = load_config(
        str(HERE / "mkdocs.yml"), docs_dir=str(pages), site_dir=str(site), strict=True
    )
    config.plugins.on_startup(command="build", dirty=False)
    try:
        build_site(config)
    except Abort:
        return max(1, sum(count for _, count in warnings.get_counts()))
    finally:
        config.plugins.on_shutdown()
    return 0


def main() -> int:
    """Gather the pages and build the site."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=staging.ROOT / "build", help="folder")
    out = parser.parse_args().out.resolve()
    gather(out / "site-src")
    if build(out / "site-src", out / "site"):
        return 1
    sys.stdout.write(f"The site is {out / 'site' / 'index.html'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What may follow on the command line of a sweep: groups and their options, keys, names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from patchopt.files import bundled_scenarios
from patchopt.strategies import strategy_names
from patchopt.sweeps.composing import composing

#: The last name of a list that is being written, and all before it.
_IN_LIST: Final = re.compile(r"^(.*=\[(?:.*,)?\s*)(\w*)$")


def completions(
    word: str, before: Sequence[str] = (), *, config_dir: Path | None = None
) -> list[str]:
    """Return what a word of a sweep's command line may become.

    Parameters
    ----------
    word : str
        As far as it is written.
    before : sequence of str
        The overrides before it.
    config_dir : Path, optional
        A folder of groups beside those under conf/.

    Returns
    -------
    list of str
        Whole words, sorted; nothing if the overrides cannot be used.

    Examples
    --------
    >>> completions("strategy=bi")
    ['strategy=big_bang']
    >>> completions("sweep.strategies=[rolling,ca")
    ['sweep.strategies=[rolling,canary']
    """
    key = word.partition("=")[0]
    listed = _IN_LIST.match(word)
    if listed and key in _NAMES:
        return [listed[1] + name for name in _starting(listed[2], _NAMES[key]())]
    from hydra.plugins.completion_plugin import DefaultCompletionPlugin

    with composing(config_dir) as (loader, more):
        plugin = DefaultCompletionPlugin(loader)
        try:
            found: list[str] = plugin._query("config", " ".join([*before, *more, word]))  # noqa: SLF001 - Hydra's own shells ask no other way
        except Exception:  # noqa: BLE001 - whatever is wrong, it is not the time to say so
            return []
    return [each for each in found if not each.startswith("hydra")]


_NAMES: Final = {"sweep.scenarios": bundled_scenarios, "sweep.strategies": strategy_names}


def _starting(begun: str, names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name.startswith(begun))

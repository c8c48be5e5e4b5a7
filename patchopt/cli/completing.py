"""What a shell offers when Tab is pressed: scenarios, strategies, presets, overrides of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer


def scenarios(incomplete: str) -> list[str]:
    """Offer bundled scenarios and YAML files."""
    from patchopt.files import bundled_scenarios

    return _starting(bundled_scenarios(), incomplete) + _files(incomplete)


def presets(incomplete: str) -> list[str]:
    """Offer presets of failures and YAML files."""
    from patchopt.files import bundled_presets

    return _starting(bundled_presets(), incomplete) + _files(incomplete)


def strategies(incomplete: str) -> list[str]:
    """Offer strategies."""
    from patchopt.strategies import strategy_names

    return _starting(strategy_names(), incomplete)


def settings(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the parameters of the strategy that is named already."""
    from patchopt.errors import StrategyError
    from patchopt.strategies import strategy_class

    try:
        cls = strategy_class(str(context.params.get("strategy")))
    except StrategyError:
        return []
    return _starting([f"{name}=" for name in vars(cls())], incomplete)


def families(incomplete: str) -> list[str]:
    """Offer families of made-up instances."""
    from patchopt.generate import FAMILIES

    return _starting(tuple(FAMILIES), incomplete)


def factors(incomplete: str) -> list[str]:
    """Offer factors of made-up instances."""
    from patchopt.generate.factors import FACTORS

    return _starting([f"{name}=" for name in FACTORS], incomplete)


def selected(incomplete: str) -> list[str]:
    """Offer what ``--only`` takes."""
    key, sign, begun = incomplete.partition("=")
    names = {"scenario": scenarios, "strategy": strategies}
    if sign:
        return [f"{key}={name}" for name in names[key](begun)] if key in names else []
    return _starting(["scenario=", "strategy=", "label=", "seed="], incomplete)


def overrides(context: typer.Context, incomplete: str) -> list[str]:
    """Offer Hydra's groups, their options, and keys."""
    from patchopt.sweeps.completing import completions

    before = [str(word) for word in context.params.get("overrides") or ()]
    config_dir = _folder_of(before)
    key = ""
    # bash parts words at signs of equality, and puts what is offered in place of the last part.
    if before and before[-1] == "=":
        del before[-1]
        if not before or "=" in before[-1]:
            flagged = f"{(context.params.get('only') or [''])[-1]}="
            return [found.removeprefix(flagged) for found in selected(flagged + incomplete)]
        key = before.pop() + "="
    elif before and not incomplete and "=" not in before[-1] and before[-1][0] not in "-~":
        key = before.pop() + "="
    given = [each for each in before if not each.startswith("-")]
    offered = completions(key + incomplete, given, config_dir=config_dir)
    return [found.removeprefix(key) for found in offered]


def _folder_of(words: list[str]) -> Path | None:
    for flag in ("--config-dir", "-cd"):
        if flag in words[:-1]:
            at = words.index(flag)
            folder = Path(words[at + 1])
            del words[at : at + 2]
            return folder if folder.is_dir() else None
    return None


def _starting(names: Any, begun: str) -> list[str]:
    return sorted(name for name in names if name.startswith(begun))


def _files(begun: str) -> list[str]:
    """Return folders and YAML files whose names begin so."""
    before = begun[: begun.rfind("/") + 1]
    try:
        found = sorted(Path(before or ".").iterdir())
    except OSError:
        return []
    names = [f"{path.name}/" if path.is_dir() else path.name for path in found]
    wanted = [before + name for name in names if name.endswith(("/", ".yaml", ".yml"))]
    return [name for name in wanted if name.startswith(begun)]

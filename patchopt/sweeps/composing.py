"""One sweep from Hydra overrides: composed, checked, and mistakes put into words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from patchopt.errors import ConfigError, nearest
from patchopt.sweeps.config import SweepConfig, check_config, conf_folder, keys_of
from patchopt.sweeps.runner import SweepResult, run_sweep
from patchopt.sweeps.stages import Watcher

#: Overrides that are quoted in a message are cut to that many characters.
_QUOTED: Final = 200


def compose(overrides: Sequence[str], *, config_dir: Path | None = None) -> SweepConfig:
    """Compose and check the configuration of one sweep.

    Parameters
    ----------
    overrides : sequence of str
        As Hydra takes them: ``group=option``, ``key=value``, ``+key=value``.
    config_dir : Path, optional
        A folder of groups beside those under conf/.

    Returns
    -------
    SweepConfig

    Raises
    ------
    ConfigError
        For overrides that Hydra refuses and values that make no sense.
    """
    from hydra import compose as hydra_compose
    from omegaconf import OmegaConf

    with composing(config_dir) as (_, more):
        try:
            composed = hydra_compose("config", overrides=[*overrides, *more])
            values = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
        except Exception as error:  # noqa: BLE001 - for odd overrides Hydra raises anything
            raise refusal(error, overrides) from None
    return check_composed(values)


@contextmanager
def composing(config_dir: Path | None) -> Iterator[tuple[Any, list[str]]]:
    """Have Hydra read conf/ inside a ``with``.

    Parameters
    ----------
    config_dir : Path, optional
        A folder of groups beside those under conf/.

    Yields
    ------
    hydra.core.config_loader.ConfigLoader
        Hydra's own.
    list of str
        Overrides that are wanted beside those of the user.
    """
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    GlobalHydra.instance().clear()
    more = [] if config_dir is None else [_search_path(config_dir)]
    with initialize_config_dir(config_dir=str(conf_folder().resolve()), version_base="1.3"):
        yield GlobalHydra.instance().config_loader(), more


def check_composed(values: Any) -> SweepConfig:
    """Check what Hydra composed.

    Raises
    ------
    ConfigError
        With every problem.
    """
    if not isinstance(values, dict):
        raise ConfigError("the configuration is not a mapping", remedy="see conf/config.yaml")
    return check_config({str(key): value for key, value in values.items()})


def _search_path(folder: Path) -> str:
    if not folder.is_dir():
        raise ConfigError(
            "there is no such folder",
            place=f"--config-dir {folder}",
            remedy="give a folder of groups, laid out as conf/ is",
        )
    path = str(folder.resolve()).replace("\\", "\\\\").replace("'", "\\'")
    return f"hydra.searchpath=['file://{path}']"


def refusal(error: Exception, overrides: Sequence[str]) -> ConfigError:
    """Put what Hydra says of overrides into one message with a remedy."""
    if isinstance(error, RecursionError):
        text = "they are nested too deeply"
    else:
        # Lists of what there is follow at the end; the remedy says it shorter.
        said = _LISTS.split(str(error))[0].splitlines()
        if str(error).startswith(_NO_VALUE) and error.__cause__ is not None:
            said = [f"{said[0]}: {str(error.__cause__).splitlines()[0]}"]
        kept = [line.strip() for line in said if not line.strip().startswith(_NOISE)]
        text = " ".join(_PARTS.sub("", " ".join(kept)).split()) or type(error).__name__
        if text.startswith(_NO_OPTION):
            text = "a group takes the name of one of its options"
    given = " ".join(overrides)
    if len(given) > _QUOTED:
        given = f"{given[:_QUOTED]}…"
    if len(text) > 2 * _QUOTED:
        text = f"{text[: 2 * _QUOTED]}…"
    message = f"the overrides '{given}' cannot be used: {text}" if given else text
    return ConfigError(message.rstrip(".:"), remedy=_remedy(str(error)))


#: How Hydra begins where a group is given a value.
_NO_OPTION: Final = "Config group override must be"
#: How it begins where a value has the wrong type for a structured configuration.
_NO_VALUE: Final = "Error merging override"
#: What of Hydra's messages helps nobody here.
_LISTS: Final = re.compile(r"Available options in|Config search path")
_NOISE: Final = ("full_key", "object_type", "reference_type")
_PARTS: Final = re.compile(
    r"See https?://\S+( for details)?|LexerNoViableAltException: |To append to your config use \S+"
)


#: What Hydra says without naming anything, and what would do.
_REMEDIES: Final = {
    _NO_OPTION: "write group=option (see conf/), or group.key=value for one of its keys",
    "missing EQUAL": "write key=value, for example sweep.scenarios=[online_boutique]",
}


def _remedy(text: str) -> str:
    """Name the nearest key or option for what Hydra did not know."""
    file = re.search(r"Could not find '(\w+)/(?:[^']*/)?([^'/]+)\.ya?ml'", text)
    if file:
        group, name = file[1], file[2]
        given = f"--config-dir DIR {group}={name}"
        return f"options have no suffix; one of your own lies in DIR/{group}/{name}.yaml: {given}"
    option = re.search(r"Could not find '([\w/]+)/(\w+)'", text)
    if option:
        return nearest(option[2], _options(text))
    key = re.search(r"Key '(\w+)' is not in struct\s+full_key: (\S+)", text)
    if key:
        section = key[2].rpartition(".")[0]
        return nearest(key[1], keys_of(section))
    override = re.search(r"Could not override '([\w./]+)'", text)
    if override:
        return _nearest_key(override[1])
    usual = "see the groups under conf/, and quote lists for the shell"
    return next((remedy for said, remedy in _REMEDIES.items() if said in text), usual)


def _nearest_key(key: str) -> str:
    section, _, name = key.rpartition(".")
    inside = [f"{other}.{name}" for other in keys_of("") if name in keys_of(other)]
    if inside and not section:
        return "did you mean " + " or ".join(f"'{key}'" for key in inside) + "?"
    return nearest(name, keys_of(section))


def _options(text: str) -> list[str]:
    """Return the options that Hydra says a group has, wherever they come from."""
    listed = re.search(r"Available options in '[^']+':\n((?:\t.*\n?)+)", text)
    return listed[1].split() if listed else []


def sweep(
    overrides: Sequence[str],
    *,
    watch: Watcher | None = None,
    tell: Callable[[str], None] | None = None,
    config_dir: Path | None = None,
) -> SweepResult:
    """Run one sweep from Hydra overrides.

    Parameters
    ----------
    overrides : sequence of str
        As `compose` takes them.
    watch, tell : callable, optional
        Told of the progress, and of what holds it up.
    config_dir : Path, optional
        A folder of groups beside those under conf/.

    Returns
    -------
    SweepResult
    """
    return run_sweep(compose(overrides, config_dir=config_dir), watch=watch, tell=tell)

"""The group of all commands: complaints of the parser's library are put into our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup


class Commands(TyperGroup):
    """The commands, with the words of the parser's library put into ours."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Parse."""
        with _own_words():
            return super().make_context(*args, **kwargs)

    def invoke(self, *args: Any, **kwargs: Any) -> Any:
        """Run what was parsed."""
        with _own_words():
            return super().invoke(*args, **kwargs)


@contextmanager
def _own_words() -> Iterator[None]:
    try:
        yield
    except typer.BadParameter as error:
        for said, ours in _WORDS.items():
            error.message = error.message.replace(said, ours)
        raise


_WORDS = {
    "Value error, ": "",
    "Input should be a valid number, unable to parse string as a number": "it is not a number",
    "Input should be a valid integer, unable to parse string as an integer": (
        "it is not a whole number"
    ),
    "Input should be": "it should be",
}

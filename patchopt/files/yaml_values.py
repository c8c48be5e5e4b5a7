"""What a YAML document holds, without positions: the quick way for what nearly all documents are.

A document of mappings, lists and scalars, no key twice, nothing of what `yaml_tree` refuses or
keeps count of, has a value that follows from its events one by one. Whatever else a document
holds is left to `yaml_tree`, which reads it with care and says what is wrong where.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

from patchopt.files.yaml_scalars import LEADING_ZERO, events_of, resolve

#: Deepest nesting.
MAX_DEPTH: Final = 50

#: Stands where a mapping wants its next key.
_NO_KEY: Final = object()


class NotSimpleError(Exception):
    """The document holds something that has to be read with care."""


def value_of(text: str) -> Any:
    """Return what a simple document holds.

    Parameters
    ----------
    text : str
        The document.

    Returns
    -------
    object
        Dicts, lists, text, numbers, truth values and None.

    Raises
    ------
    NotSimpleError
        If there is a tag, an anchor, an alias, a merge key, a key twice or that is no scalar, a
        number that begins with a zero, a second document, or deep nesting.
    yaml.YAMLError
        If it is no YAML. Linear in the text.

    Examples
    --------
    >>> value_of("a: [1, yes, null]")
    {'a': [1, 'yes', None]}
    """
    made = _Open()
    scalar, resolved = yaml.ScalarEvent, _Resolved()
    for event in events_of(text):
        if type(event) is not scalar:
            made.take(event)
            continue
        if event.anchor is not None or event.tag is not None:
            raise NotSimpleError
        value = event.value
        if made.key is _NO_KEY:
            if value == "<<" or value in made.container:
                raise NotSimpleError
            made.key = value
        elif event.implicit[0] and not event.style:
            made.put(resolved[value])
        else:
            made.put(value)
    return made.container[0] if made.container else None


class _Resolved(dict[str, Any]):
    """Plain scalars to their values, each found once: a file repeats nearly all of them."""

    def __missing__(self, text: str) -> Any:
        if LEADING_ZERO.fullmatch(text):
            raise NotSimpleError
        value = self[text] = resolve(text)
        return value


class _Open:
    """The innermost mapping or list that is not closed, and those around it.

    Parameters
    ----------
    container : dict or list
        The innermost; outside of all, a list that the document is put into.
    key : object
        Of a mapping, the key whose value comes next, or `_NO_KEY`; of a list, None.
    """

    __slots__ = ("around", "container", "documents", "key")

    def __init__(self) -> None:
        self.container: Any = []
        self.key: Any = None
        self.around: list[tuple[Any, Any]] = []
        self.documents = 0

    def put(self, value: Any) -> None:
        """Put a value where one comes next."""
        if self.key is None:
            self.container.append(value)
        else:
            self.container[self.key] = value
            self.key = _NO_KEY

    def take(self, event: yaml.Event) -> None:
        """Take whatever is no scalar."""
        kind = type(event)
        if kind is yaml.MappingStartEvent:
            self._begin(event, {}, _NO_KEY)
        elif kind is yaml.SequenceStartEvent:
            self._begin(event, [], None)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            closed = self.container
            self.container, self.key = self.around.pop()
            self.put(closed)
        elif kind is yaml.DocumentStartEvent:
            self.documents += 1
            if self.documents > 1:
                raise NotSimpleError
        elif kind is yaml.AliasEvent:
            raise NotSimpleError

    def _begin(self, event: Any, container: Any, key: Any) -> None:
        if self.key is _NO_KEY or event.anchor is not None or event.tag is not None:
            raise NotSimpleError
        if len(self.around) >= MAX_DEPTH:
            raise NotSimpleError
        self.around.append((self.container, self.key))
        self.container, self.key = container, key

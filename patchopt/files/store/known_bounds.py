"""Wait-and-see bounds as a ledger tells them: a few numbers each, so that they need no files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from patchopt.files.store.ledger import Record

#: Of a record of the ledger.
KIND: Final = "bounds"


class Bound(NamedTuple):
    """What is known of one outcome, milli-weight-seconds; nothing where solving it has failed."""

    bound_milli: int | None
    incumbent_milli: int | None


#: What solving an outcome has failed with comes to.
FAILED: Final = Bound(None, None)


class KnownBounds:
    """The bounds of a store, by the key of scenario and solver, the seed and the replication."""

    def __init__(self) -> None:
        self._found: defaultdict[tuple[str, int], dict[int, Bound]] = defaultdict(dict)
        self._errors: dict[tuple[str, int], str] = {}

    def take(self, record: Record) -> None:
        """Take in a record of the ledger."""
        at = str(record["key"]), int(record["seed"])
        for bound, incumbent, replications in record["found"]:
            self._found[at] |= dict.fromkeys(replications, Bound(bound, incumbent))
        if record.get("error") is not None:
            self._errors[at] = str(record["error"])

    def of(self, key: str, seed: int) -> dict[int, Bound]:
        """Return the bounds under a seed, by their replications."""
        return self._found.get((key, seed), {})

    def error(self, key: str, seed: int) -> str | None:
        """Return why some could not be found, if any could not."""
        return self._errors.get((key, seed))

    def forget_failures(self) -> bool:
        """Take what has failed for what was never tried; tell whether anything had."""
        for found in self._found.values():
            for number in [number for number, bound in found.items() if bound == FAILED]:
                del found[number]
        forgotten = bool(self._errors)
        self._errors.clear()
        return forgotten

    def records(self) -> Iterator[Record]:
        """Yield records that say all of it, in an order of their own."""
        for key, seed in sorted(self._found):
            alike: defaultdict[Bound, list[int]] = defaultdict(list)
            for number, bound in sorted(self._found[key, seed].items()):
                alike[bound].append(number)
            found = [(bound, tuple(numbers)) for bound, numbers in alike.items()]
            yield bounds_record(key, seed, found, self.error(key, seed))


def bounds_record(
    key: str,
    seed: int,
    found: Iterable[tuple[Bound, tuple[int, ...]]],
    error: str | None = None,
) -> Record:
    """Return what a ledger is to have of bounds and of the replications that each is of."""
    told = [[*bound, list(numbers)] for bound, numbers in found]
    record: Record = {"kind": KIND, "key": key, "seed": seed, "found": told}
    return record if error is None else {**record, "error": error}

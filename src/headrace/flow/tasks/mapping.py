"""Map, Map_all, Passthrough and Partition tasks: what is written, and where."""

from __future__ import annotations

from typing import Final

from headrace.engine.tasks import Map, MapAll
from headrace.flow.faults import shown
from headrace.flow.rules import Rule
from headrace.flow.tasks.given import Gathered, Given

_MOST_KEYS: Final = 10
_KEYS: Final = "taskProperties.ORDERED_PARTITION_KEYS_LIST"


def read_map(given: Given, gathered: Gathered) -> None:
    """Read a Map task."""
    given.expect_no_op()
    source = given.one_field()
    destination = given.destination()
    if source is not None and destination is not None:
        gathered.maps.append(Map(given.index, source, destination, given.property("DESTINATION_DATA_TYPE")))


def read_map_all(given: Given, gathered: Gathered) -> None:
    """Read a Map_all task."""
    given.expect_no_op()
    if given.fields:
        given.fault(
            Rule.SOURCE_FIELDS,
            f"sourceFields has {shown(', '.join(given.fields))}, but Map_all copies every field",
            "write an empty list, or a Map task for each of these fields",
            "sourceFields",
        )
    excluded = given.names("EXCLUDE_SOURCE_FIELDS_LIST") or ()
    gathered.map_alls.append(MapAll(given.index, frozenset(excluded)))


def read_passthrough(given: Given, gathered: Gathered) -> None:
    """Read a Passthrough task."""
    given.expect_no_op()
    gathered.passthroughs.append(given.index)


def read_partition(given: Given, gathered: Gathered) -> None:
    """Read a Partition task; sourceFields count where ORDERED_PARTITION_KEYS_LIST is absent."""
    given.expect_no_op()
    named = given.names("ORDERED_PARTITION_KEYS_LIST")
    if named is None and given.property("ORDERED_PARTITION_KEYS_LIST") is not None:
        return
    keys = given.fields if named is None else named
    if not 1 <= len(keys) <= _MOST_KEYS:
        given.fault(
            Rule.PARTITION_KEY,
            f"it names {len(keys)} partition keys",
            f'write 1 to {_MOST_KEYS} destination fields in ORDERED_PARTITION_KEYS_LIST, such as ["country","city"]',
            _KEYS,
        )
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        what = f"it names the partition key {shown(key)} {keys.count(key)} times"
        given.fault(Rule.PARTITION_KEY, what, "write each key once", _KEYS)
    gathered.partitions.append((given.index, keys))

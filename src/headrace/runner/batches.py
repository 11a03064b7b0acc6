"""Staged records to a destination that takes batches, with a position after each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from headrace.connector_sdk.records import Batch, Rejection
from headrace.engine.layout import SOURCE_MARK
from headrace.errors import Stop
from headrace.flow.records import Writing
from headrace.store.deliveries import Delivered
from headrace.store.executions import Execution

# A request that holds a batch has to stay below the 6 MB that AWS Lambda takes.
BATCH_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Sent:
    """A batch and the place of its first record among all staged records.

    `sources` are its records as their source had them.
    """

    first: int
    batch: Batch
    sources: tuple[str, ...] = ()

    def refused(self, rejections: Sequence[Rejection]) -> dict[int, str]:
        """The reason of each refused record, by its place in the batch, in order.

        Raises Stop where the destination refuses what it was not given.
        """
        count = len(self.batch.records)
        reasons = {rejection.place: rejection.reason for rejection in sorted(rejections, key=lambda one: one.place)}
        wrong = [place for place in reasons if not 0 <= place < count]
        if wrong:
            raise Stop(
                f"The connector refused record {wrong[0]} of a batch that has {count} records, so which records it"
                " has written is unknown. Its answer has to name places from 0 on"
            )
        return reasons


def batches(
    records: Iterable[str], *, writing: Writing, execution: Execution, within: str, first: int, size: int
) -> Iterator[Sent]:
    """The records from the place `first` on in batches; the same records from there give the same batches.

    `within` is what places are counted in: keys begin with it. `records` are lines as the engine stages them, each with
    its source after SOURCE_MARK. A batch holds at most `size` records, and BATCH_BYTES bytes or a single record.
    """
    place = first
    for group in _groups(islice(records, first, None), max(size, 1)):
        texts = tuple(text for text, _ in group)
        batch = Batch(
            key=f"{within}-{place}",
            entity=writing.entity,
            operation=writing.operation,
            id_fields=writing.id_fields,
            records=texts,
            flow_name=execution.flow_name,
            execution_id=execution.execution_id,
            api_version=writing.api_version,
            settings=writing.settings,
            all_or_none=False,
        )
        yield Sent(place, batch, tuple(source for _, source in group))
        place += len(texts)


def staged_records(paths: Iterable[Path]) -> Iterator[str]:
    """The text of every record in files of JSON Lines, file by file."""
    return chain.from_iterable(map(_lines, paths))


def after(position: Delivered, sent: Sent, refused: Mapping[int, str]) -> Delivered:
    """The position once the batch is answered."""
    taken = (text for place, text in enumerate(sent.batch.records) if place not in refused)
    return Delivered(
        records=position.records + len(sent.batch.records),
        refused=position.refused + len(refused),
        bytes_written=position.bytes_written + sum(len(text.encode()) + 1 for text in taken),
    )


def rejects(sent: Sent, refused: Mapping[int, str]) -> bytes:
    """The refused records with their reasons, as the engine writes its rejects."""
    lines = (_reject(sent, place, reason) for place, reason in refused.items())
    return "".join(lines).encode(errors="backslashreplace")


def _reject(sent: Sent, place: int, reason: str) -> str:
    said = json.dumps({"error": reason, "recordNumber": sent.first + place + 1}, ensure_ascii=False)
    # Records go in as they are: numbers keep their digits. The source is what a retry runs again.
    known = sent.sources[place] if sent.sources else ""
    source = f', "source": {known}' if known else ""
    return f'{{"record": {sent.batch.records[place]}{source}, {said[1:]}\n'


def _lines(path: Path) -> Iterator[str]:
    # Only \n ends a record: within texts, other line ends of Unicode may stand bare.
    with path.open(encoding="utf-8", newline="\n") as stream:
        for line in stream:
            yield line.removesuffix("\n")


def _groups(lines: Iterable[str], size: int) -> Iterator[list[tuple[str, str]]]:
    """Records with their sources, which are no part of what is sent."""
    group: list[tuple[str, str]] = []
    size_bytes = 0
    for line in lines:
        text, _, source = line.partition(SOURCE_MARK)
        added = len(text.encode())
        if group and (len(group) == size or size_bytes + added > BATCH_BYTES):
            yield group
            group, size_bytes = [], 0
        group.append((text, source))
        size_bytes += added
    if group:
        yield group

"""Records to an application: requests made of a batch, and which records their answers refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Raw

from headrace.connector_sdk.http.messages import Answer, Request
from headrace.connector_sdk.http.network import LOST
from headrace.connector_sdk.records import Batch, Rejection
from headrace.connector_sdk.rest.bodies import Body, Path, steps, text_in
from headrace.connector_sdk.rest.spec import Results, Write
from headrace.connector_sdk.templates import names_in, path_filled
from headrace.errors import Retry, Stop

_MEMBERS = msgspec.json.Decoder(dict[str, Raw])
# Of records that may be sent twice as many as is convenient: the position is saved after each batch.
_CONVENIENT = 200


def batch_size(writes: Iterable[Write]) -> int:
    """The most records that a batch may have: of what may not be sent twice, one request's."""
    once = [each.many for each in writes if not each.may_repeat]
    return min(once, default=_CONVENIENT)


@dataclass(frozen=True, slots=True)
class Writer:
    """Sends the records of one batch.

    `values` are for the path's template. `said` answers the words of an answer of failure.
    """

    write: Write
    batch: Batch
    base: str
    headers: Mapping[str, str]
    values: Mapping[str, str]
    send: Callable[[Request], Answer]
    said: Callable[[Answer], str]

    def rejections(self) -> Iterator[Rejection]:
        """Which records are refused; all others are durable. Raises Retry or Stop."""
        places = range(len(self.batch.records))
        for first in range(0, len(places), self.write.many):
            yield from self._sent(places[first : first + self.write.many])

    def _sent(self, places: range) -> Iterator[Rejection]:
        missing = self._missing(places)
        if missing is not None:
            yield Rejection(places[0], missing)
            return
        answer = self.send(self._request(places))
        if answer.status < 300:
            yield from self._refused(answer, places)
        elif len(places) == 1:
            yield Rejection(places[0], self.said(answer))
        else:
            half = len(places) // 2
            yield from self._sent(places[:half])
            yield from self._sent(places[half:])

    def _refused(self, answer: Answer, places: range) -> Sequence[Rejection]:
        """The records that an answer of success refuses all the same."""
        if self.write.results is None:
            return ()
        try:
            return tuple(_refused(answer, self.write.results, places))
        except Retry as error:
            if self.write.may_repeat:
                raise
            raise Stop(f"{error.message} {LOST}") from error

    def _missing(self, places: range) -> str | None:
        """Why the record can't be sent: it lacks what the path needs."""
        if "id" not in names_in(self.write.path) or self._id(places[0]):
            return None
        return f"The record has no {self.batch.id_fields[0]!r}, which says what to {self.batch.operation.lower()}."

    def _id(self, place: int) -> str | None:
        if not self.batch.id_fields:
            raise Stop(f"{self.batch.operation} needs an id field: name it in idFieldNames.")
        return text_in(self.batch.records[place], (self.batch.id_fields[0],))

    def _request(self, places: range) -> Request:
        write, values, accepted = self.write, dict(self.values), self.write.refusing
        if "id" in names_in(write.path):
            values |= {"id": self._id(places[0]) or "", "id_field": self.batch.id_fields[0]}
            # What is not there is the record then.
            accepted |= {404}
        has_body = write.method != "DELETE" or write.many > 1
        headers = {**self.headers, **({"content-type": "application/json"} if has_body else {})}
        if write.key_header is not None:
            headers[write.key_header] = f"{self.batch.key}-{places[0]}-{len(places)}"
        return Request(
            write.method,
            self.base + path_filled(write.path, values),
            headers,
            self._body(places) if has_body else None,
            is_repeatable=write.may_repeat,
            accepted=accepted,
        )

    def _body(self, places: range) -> bytes:
        write = self.write
        records: list[Any] = [_put(self._record(place), write.record_within) for place in places]
        sent = records if write.many > 1 else records[0]
        if not write.body:
            return msgspec.json.encode(_put(sent, write.within))
        return msgspec.json.encode({**write.body, **_put(sent, write.within)})

    def _record(self, place: int) -> Any:
        text = self.batch.records[place].encode()
        if not self.write.drops_ids:
            return Raw(text)
        return {name: value for name, value in _MEMBERS.decode(text).items() if name not in self.batch.id_fields}


def _put(value: Any, within: Path) -> Any:
    for step in reversed(steps(within)):
        value = {step: value}
    return value


def _refused(answer: Answer, results: Results, places: Sequence[int]) -> Iterator[Rejection]:
    body = Body(answer)
    found = body.records(results.at, is_optional=results.place is not None)
    if results.place is None and len(found) != len(places):
        raise Stop(
            f"{answer.where} answered {len(found)} results for {len(places)} records: which were written is unknown."
        )
    for number, result in enumerate(found):
        words = text_in(result, results.words)
        is_failure = bool(words) if results.ok is None else Body.of(result).value(results.ok[0]) != results.ok[1]
        if is_failure:
            place = number if results.place is None else _place(answer, text_in(result, results.place), len(places))
            yield Rejection(places[place], words or "The application gave no reason.")


def _place(answer: Answer, given: str | None, count: int) -> int:
    if given is None or not given.isdigit() or int(given) >= count:
        raise Stop(f"{answer.where} refused record {given} of {count}: which were written is unknown.")
    return int(given)

"""A look into the source and the destination of a plan: which fields they have, and what a run would make of them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, cast

from headrace.connector_sdk.contract import LocalFile, SourceFile
from headrace.connector_sdk.records import Connections, Query, RecordConnector
from headrace.connector_sdk.registry import Registry
from headrace.engine.fields import fields_read
from headrace.engine.formats import UnreadableSource, compression_of, format_of
from headrace.engine.preview import Preview
from headrace.engine.readable import Explained
from headrace.engine.results import EngineError, Naming, SplitOrder
from headrace.engine.split import Engine
from headrace.engine.tasks import READING
from headrace.errors import ConnectorError, ConnectorServerException, ServiceError, Stop
from headrace.flow.endpoints import SOURCES_OF_RECORDS
from headrace.flow.explanation import Explanation, Room, Splitting
from headrace.flow.faults import Place
from headrace.flow.findings import Described, Fields, Finding, Known, Looked, NotAsked
from headrace.flow.plan import Plan, Reading, Writing
from headrace.flow.rules import Rule
from headrace.log import silent
from headrace.runner.bookmarks import keeps_place
from headrace.runner.control import Control
from headrace.runner.grouping import SPLIT_BYTES, SPLIT_FILES, grouped
from headrace.runner.heads import Heads
from headrace.runner.placement import stays_because
from headrace.runner.queries import query_of
from headrace.runner.retries import with_retries
from headrace.runner.source_check import SourceCheck, check_timestamps, failed, place_of, sides
from headrace.runner.sources import Files, Pages, Result, SplitSource, SplitWork
from headrace.runner.windows import Span, records_in, timestamp_field
from headrace.settings import Ray

# How many objects are looked into for their fields, and how much is read for a preview, about.
LOOKED_FILES: Final = 8
LOOKED_BYTES: Final = 64 * 1024 * 1024
_MAGIC_BYTES: Final = 8
_LARGE: Final = f"its objects are larger than {LOOKED_BYTES:,} bytes and compressed, or Parquet"
_PAGES_STAY: Final = "the pages of an application are read one after the other"
_SOURCE: Final[Place] = ("sourceFlowConfig",)
_DESTINATION: Final[Place] = ("destinationFlowConfigList", 0)
_ELSEWHERE: Final = NotAsked(
    "connector profiles are kept by a service, and none is asked",
    "give --endpoint-url with the address of a headrace that has the profile",
)


class Looker:
    """Looks, and writes nothing but to a folder that goes; see operations.context.Looker.

    `connections` None: connector profiles are kept elsewhere. A preview reads about `most_bytes` of its source.
    """

    def __init__(
        self,
        registry: Registry,
        engine: Engine,
        connections: Connections | None,
        *,
        folder: Path,
        most_bytes: int = LOOKED_BYTES,
        ray: Ray | None = None,
    ) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._ray = ray or Ray()
        self._registry = registry
        self._engine = engine
        self._connections = connections
        self._check = SourceCheck(registry, connections)

    def look(self, plan: Plan, account: str, region: str) -> Looked:
        """What there is, and what CreateFlow would refuse for it."""
        missing = self._check.missing(plan)
        if missing is not None:
            return Looked(refusals=(Finding("error", Rule.NOT_THERE, _SOURCE, missing, "install the connector"),))
        found: dict[str, Known] = {}
        refusals: list[Finding] = []
        for scope, side in sides(plan):
            try:
                found[scope] = self._fields_of(plan, side, account, region)
            except ServiceError as error:
                refusals.append(_refusal(_SOURCE if scope == "SOURCE" else _DESTINATION, error))
        if plan.source.connector_type not in SOURCES_OF_RECORDS:
            try:
                found["SOURCE"] = self._fields_of_files(plan, self._check.check_files(plan))
            except ServiceError as error:
                refusals.append(_refusal(_SOURCE, error))
        return Looked(found.get("SOURCE"), found.get("DESTINATION"), tuple(refusals))

    def preview(
        self, plan: Plan, account: str, region: str, *, records: int, window_ms: tuple[int, int] | None
    ) -> Preview:
        """What a run would make of the first records; see operations.context.Looker."""
        try:
            source, plan = self._source(plan, account, region, records, window_ms)
            with TemporaryDirectory(dir=self._folder) as folder:
                return self._previewed(plan, source, records, Path(folder))
        except ConnectorError as error:
            raise failed(error) from error
        except (UnreadableSource, EngineError) as error:
            raise ConnectorServerException(f"The source can't be read: {error.message}") from error

    def explain(
        self,
        plan: Plan,
        account: str,
        region: str,
        *,
        named: Callable[[int], str],
        window_ms: tuple[int, int] | None,
    ) -> Explanation:
        """What a run would do; see operations.context.Looker."""
        try:
            if plan.reading is None:
                return self._explained_files(plan, window_ms, named)
            if self._connections is None:
                query = query_of(plan.reading, plan.tasks, flow_name=plan.flow_name, execution_id="")
                known = fields_read(replace(plan.tasks, map_all=None, passthrough=False)) or ()
                others = "" if query.fields is not None else "; all others are written as well"
                return self._explained_query(query, plan, named, query.fields or known, f"{_ELSEWHERE.why}{others}")
            connector, query, plan = self._asked(plan, plan.reading, account, region, window_ms)
            described = connector.describe(query.entity, api_version=query.api_version)
            fields = [field["identifier"] for field in described]
            return self._explained_query(query, plan, named, fields, "records get theirs as their pages come")
        except ConnectorError as error:
            raise failed(error) from error
        except (UnreadableSource, EngineError) as error:
            raise ConnectorServerException(f"The source can't be read: {error.message}") from error

    def _explained_files(
        self, plan: Plan, window_ms: tuple[int, int] | None, named: Callable[[int], str]
    ) -> Explanation:
        source, place = self._registry.source(plan.source.connector_type), place_of(plan)
        works = Files(plan, source, _retried, grouped, Span.between(window_ms)).works()
        first = [file for work in works for file in work.files][:LOOKED_FILES]
        looked = [file for file in first if self._is_quick(plan, file)]
        with TemporaryDirectory(dir=self._folder) as folder:
            heads = Heads(source, plan.source.properties, plan.input or "csv", Path(folder) / "heads").of(looked)
            order = _order(plan, Path(folder), heads, fields=works[0].fields if works else None)
            statement = self._engine.explain(order, place, named)
        why_not = None if looked else (_LARGE if first else "there is no object")
        return self._explanation(place, [work.files for work in works], None, statement, len(looked), why_not)

    def _explained_query(
        self, query: Query, plan: Plan, named: Callable[[int], str], fields: Sequence[str], why_not: str
    ) -> Explanation:
        place = _name_of(plan, query)
        with TemporaryDirectory(dir=self._folder) as folder:
            statement = self._engine.explain(
                _order(plan, Path(folder), (), fields=tuple(fields)), f"pages of {place}", named
            )
        return self._explanation(place, [()], query, statement, 0, why_not)

    def _explanation(
        self,
        place: str,
        splits: Sequence[tuple[SourceFile, ...]],
        query: Query | None,
        statement: Explained,
        looked_files: int,
        not_looked: str | None,
    ) -> Explanation:
        splitting = Splitting(tuple(splits), SPLIT_FILES, SPLIT_BYTES)
        room = self._room(splits, is_of_records=query is not None)
        return Explanation(place, splitting, query, statement, looked_files, not_looked, room)

    def _room(self, splits: Sequence[tuple[SourceFile, ...]], *, is_of_records: bool) -> Room:
        ray, engine, reason = self._ray, self._engine, None
        if ray.address is not None:
            works = [SplitWork(number, files, None) for number, files in enumerate(splits)]
            reason = _PAGES_STAY if is_of_records else stays_because(works, from_bytes=ray.from_bytes)
            if reason is None:
                return Room(is_cluster=True, stays_because=None, memory_limit_bytes=ray.memory_bytes, threads=ray.cpus)
        return Room(
            is_cluster=False,
            stays_because=reason,
            memory_limit_bytes=engine.memory_limit_bytes,
            threads=engine.threads,
        )

    def _previewed(self, plan: Plan, source: SplitSource, records: int, folder: Path) -> Preview:
        works = source.works()
        if not works:
            return Preview()
        with closing(cast("Generator[LocalFile]", source.local(works[0], folder / "scratch"))) as files:
            bounded = _Bounded(files, self._most_bytes)
            order = _order(plan, folder, bounded, limit=records)
            found = self._engine.preview(order)
        return replace(found, is_cut=bounded.is_cut and _passed(plan, found) < records)

    def _source(
        self, plan: Plan, account: str, region: str, limit: int, window_ms: tuple[int, int] | None
    ) -> tuple[SplitSource, Plan]:
        """The source, and the plan with the window among its filters."""
        if plan.reading is None:
            files = self._registry.source(plan.source.connector_type)
            return Files(plan, files, _retried, grouped, Span.between(window_ms), limit=limit), plan
        connector, query, plan = self._asked(plan, plan.reading, account, region, window_ms)
        return Pages(connector, query, _name_of(plan, query), _retried, _nothing, limit=limit), plan

    def _asked(
        self, plan: Plan, reading: Reading, account: str, region: str, window_ms: tuple[int, int] | None
    ) -> tuple[RecordConnector, Query, Plan]:
        """What is asked of a source of records, and the plan with the window among its filters."""
        if self._connections is None:
            raise ConnectorServerException(f"{_ELSEWHERE.why}: {_ELSEWHERE.instead}.")
        connector = self._connections.open(account, region, reading.profile, reading.connector_type)
        span = Span.between(window_ms)
        if span is not None and not keeps_place(connector, reading):
            described = connector.describe(reading.entity, api_version=reading.api_version)
            plan = replace(plan, tasks=records_in(span, timestamp_field(plan, described), plan.tasks))
        # No execution, by whose id a connector's lines would be kept.
        return connector, query_of(reading, plan.tasks, flow_name=plan.flow_name, execution_id=""), plan

    def _fields_of(self, plan: Plan, side: Reading | Writing, account: str, region: str) -> Known:
        """Raises the ServiceErrors of CreateFlow."""
        if self._connections is None:
            return _ELSEWHERE
        is_source = isinstance(side, Reading)
        scope, trigger = ("SOURCE", plan.trigger.trigger_type) if is_source else ("DESTINATION", None)
        described, keeps = self._check.check_side(scope, side, account, region, trigger)
        if is_source and not keeps:
            check_timestamps(plan, described)
        return Fields.of(f"{side.profile}/{side.entity}", described)

    def _fields_of_files(self, plan: Plan, files: Sequence[SourceFile]) -> Known:
        """The fields of the first files, as the engine reads them."""
        source, declared = self._registry.source(plan.source.connector_type), plan.input
        if not files or declared is None:
            return NotAsked("nothing lies there yet", "put an object there to have the fields looked at")
        properties = plan.source.properties
        small = [file for file in files if self._is_quick(plan, file)][:LOOKED_FILES]
        if not small:
            return NotAsked(_LARGE)
        with TemporaryDirectory(dir=self._folder) as folder:
            heads = Heads(source, properties, declared, Path(folder))
            try:
                found = self._engine.fields(heads.of(small), declared)
            except (UnreadableSource, EngineError, ConnectorError) as error:
                return NotAsked(error.message)
        return Fields(
            place_of(plan),
            {each.name: Described(each.name, each.type) for each in found},
            is_whole=len(small) == len(files),
            largest_bytes=max(file.size_bytes for file in files),
        )

    def _is_quick(self, plan: Plan, file: SourceFile) -> bool:
        """Whether a beginning of the file tells its fields, or all of it is not much."""
        if file.size_bytes <= LOOKED_BYTES:
            return True
        source = self._registry.source(plan.source.connector_type)
        head = source.head(plan.source.properties, file, _MAGIC_BYTES)
        return compression_of(head) == "none" and format_of(head, plan.input or "csv") != "parquet"


def _order(
    plan: Plan,
    folder: Path,
    files: Iterable[LocalFile],
    *,
    fields: tuple[str, ...] | None = None,
    limit: int | None = None,
) -> SplitOrder:
    """A split of which nothing is to become visible."""
    if plan.input is None or plan.output is None:
        raise Stop(f"Flows from {plan.source.connector_type} to {plan.destinations[0].connector_type} can't be run")
    return SplitOrder(
        tasks=plan.tasks,
        input=plan.input,
        output=plan.output,
        number=0,
        files=files,
        fields=fields,
        staging=folder / "staged",
        rejects=folder / "rejects",
        naming=Naming(plan.flow_name, "", 1, datetime(1970, 1, 1, tzinfo=UTC)),
        limit=limit,
    )


def _name_of(plan: Plan, query: Query) -> str:
    """What people know a source of records by."""
    return f"{plan.reading.profile if plan.reading else plan.source.profile}/{query.entity}"


def _passed(plan: Plan, found: Preview) -> int:
    """How many records passed the filters, whatever became of them then."""
    filtered = sum(found.dropped.get(index, 0) for index in {task.index for task in plan.tasks.filters})
    return found.read - filtered - found.rejected.get(READING, 0)


class _Bounded:
    """The files, or what comes first of them, until there are so many bytes; `is_cut`: there was more."""

    def __init__(self, files: Iterator[LocalFile], most_bytes: int) -> None:
        self._files = files
        self._left = most_bytes
        self.is_cut = False

    def __iter__(self) -> Iterator[LocalFile]:
        for file in self._files:
            if self._left <= 0:
                self.is_cut = True
                return
            yield self._capped(file)
            self._left -= file.size_bytes

    def _capped(self, file: LocalFile) -> LocalFile:
        more = file.more
        if more is None:
            return file
        return replace(file, more=lambda: self._capped(more())) if file.size_bytes < self._left else self._cut(file)

    def _cut(self, file: LocalFile) -> LocalFile:
        self.is_cut = True
        return replace(file, more=None)


def _retried(what: str, call: Callable[[], Result]) -> Result:
    control = Control(_nothing)
    return with_retries(what, call, wait=control.wait, log=silent())


def _nothing(*_: object) -> None:
    """Nobody follows a preview, and nobody stops it."""


def _refusal(place: Place, error: ServiceError) -> Finding:
    return Finding("error", Rule.NOT_THERE, place, error.message)

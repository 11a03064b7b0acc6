"""The splits of one execution: listed once, each run until its result is durable."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar, cast

from headrace.clock import from_ms
from headrace.connector_sdk.contract import LocalFile, SourceFile
from headrace.connector_sdk.records import Connections, RecordConnector
from headrace.connector_sdk.registry import Registry
from headrace.connector_sdk.rejects_place import RejectsPlace
from headrace.engine.results import Naming, SplitOrder, SplitResult
from headrace.engine.split import Engine
from headrace.errors import Stop
from headrace.flow.plan import Plan, Reading
from headrace.log import Log
from headrace.runner.bookmarks import keeps_place, since, source_of
from headrace.runner.control import Control
from headrace.runner.early import Early, flushing_early
from headrace.runner.folders import Folders, make_durable
from headrace.runner.ledger import Ledger
from headrace.runner.placement import Doing, Placement, Remote
from headrace.runner.progress import Progress
from headrace.runner.queries import query_of
from headrace.runner.rejected import Rejected, retry_of
from headrace.runner.retries import with_retries
from headrace.runner.sources import Files, Pages, SplitSource, SplitWork
from headrace.runner.windows import Span, records_in, timestamp_field
from headrace.store.executions import Claim, SplitRow

Result = TypeVar("Result")


@dataclass(frozen=True)
class Tools:
    """What every execution of a worker works with.

    `connections` opens connector profiles. `group` makes splits of files, as `grouped` does. `wait` waits some
    seconds unless the execution is stopped.
    """

    ledger: Ledger
    registry: Registry
    connections: Connections
    engine: Engine
    placement: Placement
    folders: Folders
    rejects: RejectsPlace
    plan: Callable[[Claim], Plan]
    group: Callable[..., tuple[tuple[SourceFile, ...], ...]]
    wait: Callable[[Control, float], None]


@dataclass(frozen=True)
class Held:
    """One claimed execution in this process, or one batch of the events that it works on.

    `batch` is then its number in the execution, and `source` what it reads; None: what the flow says.
    """

    claim: Claim
    control: Control
    progress: Progress
    log: Log
    batch: int | None = None
    source: SplitSource | None = None

    @property
    def staging_id(self) -> str:
        """What its folder of staged files is named by, and its batches of records."""
        execution_id = self.claim.execution.execution_id
        return execution_id if self.batch is None else f"{execution_id}.{self.batch:05d}"


class Splits:
    """Runs the splits of one execution and gathers their results."""

    def __init__(self, tools: Tools, held: Held) -> None:
        self._tools = tools
        self._held = held
        self._results: dict[int, SplitResult] = {}
        self._unfinished: set[int] = set()
        # Of splits that have to run again though something of them may be visible.
        self._earlier: dict[int, SplitResult] = {}

    @property
    def results(self) -> list[SplitResult]:
        """Of the splits that came to their end, in order of their numbers."""
        return [self._results[number] for number in sorted(self._results)]

    @property
    def keys(self) -> set[str]:
        """Every key that a try of a split may have made visible."""
        known = [*self._earlier.values(), *self._results.values()]
        return {key for result in known for key in (*result.superseded, *(file.key for file in result.outputs))}

    def run(self, plan: Plan) -> None:
        """Run each split that has no result here, until the first reject if the flow fails on that.

        Here: another node's disk may hold what an earlier holder staged. Once anything may be visible, the result of
        another run of the same split takes the place of the first one's.
        """
        rows = self._held.claim.splits
        works = None if rows is None else self._without_result(rows)
        if works is not None and not works:
            return
        keeps_place = self._keeps_place(plan)
        if not keeps_place:
            plan = self._windowed(plan)
        source = self._source(plan, is_marked=keeps_place)
        works = self._without_result(self._listed(source)) if works is None else works
        with closing(self._tools.placement.run(works, self._doing(plan, source))) as results:
            for work, result in results:
                self._record(work, result)
                if plan.errors.fail_on_first and result.counts.records_rejected:
                    return
                self._held.control.check()

    def take_results(self) -> None:
        """Take the recorded results for what they count; their files may lie elsewhere."""
        for split in self._held.claim.splits or ():
            if split.result is not None:
                self._finish(split.number, SplitResult.from_document(split.result))

    def leave(self) -> None:
        """Remove what unfinished splits staged; finished ones are for the next holder."""
        execution = self._held.claim.execution
        for number in self._unfinished:
            self._tools.folders.drop_split(self._held.staging_id, execution.fence, number)

    def retried(self, what: str, call: Callable[[], Result]) -> Result:
        """Make a call of a connector, again while it asks for that and the execution is not stopped."""
        held, wait = self._held, self._tools.wait
        return with_retries(what, call, wait=lambda seconds: wait(held.control, seconds), log=held.log)

    def _source(self, plan: Plan, *, is_marked: bool) -> SplitSource:
        tools, execution = self._tools, self._held.claim.execution
        if self._held.source is not None:
            return self._held.source
        reading = plan.reading
        if (retried := retry_of(execution)) is not None:
            return Rejected(tools.rejects, tools.ledger.rejects_of(retried), retried, plan.input)
        if reading is None:
            files = tools.registry.source(plan.source.connector_type)
            return Files(plan, files, self.retried, tools.group, Span.of(execution), limit=self._limit)
        query = query_of(reading, plan.tasks, flow_name=execution.flow_name, execution_id=execution.execution_id)
        if is_marked:
            begin = since(plan, self._held.claim.bookmark)
            query = replace(query, since=begin, timestamp_field=plan.timestamp_field)
        return Pages(
            self._connector(reading),
            query,
            f"{reading.profile}/{reading.entity}",
            self.retried,
            self._held.control.check,
            is_marked=is_marked,
            limit=self._limit,
        )

    @property
    def _limit(self) -> int | None:
        """How many records that pass the filters are wanted, None: all."""
        overrides = self._held.claim.execution.overrides
        return None if overrides is None else overrides.get("limit")

    def _connector(self, reading: Reading) -> RecordConnector:
        execution = self._held.claim.execution
        opened = self._tools.connections.open
        return opened(execution.account, execution.region, reading.profile, reading.connector_type)

    def _keeps_place(self, plan: Plan) -> bool:
        reading = plan.reading
        if reading is None or source_of(plan) is None:
            return False
        connector = self._connector(reading)
        return self.retried("describe", lambda: keeps_place(connector, reading))

    def _windowed(self, plan: Plan) -> Plan:
        """The plan of a source of records, with the window of the execution as filters."""
        execution, reading = self._held.claim.execution, plan.reading
        span = Span.of(execution)
        if span is None or reading is None:
            return plan
        connector = self._connector(reading)
        fields = self.retried("describe", lambda: connector.describe(reading.entity, api_version=reading.api_version))
        return replace(plan, tasks=records_in(span, timestamp_field(plan, fields), plan.tasks))

    def _listed(self, source: SplitSource) -> Sequence[SplitRow]:
        documents = [work.to_document() for work in source.works()]
        if documents:
            self._tools.ledger.record_splits(self._held.claim, documents)
        return [SplitRow(number, document, None) for number, document in enumerate(documents)]

    def _without_result(self, rows: Sequence[SplitRow]) -> list[SplitWork]:
        works: list[SplitWork] = []
        self._results.clear()
        self._held.progress.begin_again()
        for row in rows:
            result = None if row.result is None else SplitResult.from_document(row.result)
            if result is not None and self._is_staged(result):
                self._finish(row.number, result)
                continue
            works.append(SplitWork.of(row))
            if result is not None and self._is_visible:
                self._earlier[row.number] = result
        return works

    def _is_staged(self, result: SplitResult) -> bool:
        """Whether everything that the result names is here, so that the split need not run again."""
        return all(map(self._tools.folders.has_staged, (*result.outputs, *result.rejects)))

    @property
    def _is_visible(self) -> bool:
        """Whether an earlier holder may have made something visible."""
        claim = self._held.claim
        return claim.execution.commit_ms is not None or claim.delivered is not None

    def _doing(self, plan: Plan, source: SplitSource) -> Doing:
        def here(work: SplitWork) -> SplitResult:
            return self.retried(f"split {work.number}", lambda: self._try_one(plan, source, work))

        def there(work: SplitWork, remote: Remote) -> SplitResult:
            return self.retried(f"split {work.number}", lambda: self._try_there(plan, work, remote))

        # Other sources say more than their files do: what is read, and when it is enough.
        is_movable = isinstance(source, Files) and self._limit is None
        return Doing(here, there if is_movable else None, self._held.control.watch, self._held.log)

    def _try_there(self, plan: Plan, work: SplitWork, remote: Remote) -> SplitResult:
        return remote(plan, work, self._naming(), self._folder(work))

    def _folder(self, work: SplitWork) -> Path:
        """The empty folder of a split that begins. Raises Cancelled."""
        self._held.control.check()
        self._unfinished.add(work.number)
        fence = self._held.claim.execution.fence
        return self._tools.folders.split(self._held.staging_id, fence, work.number)

    def _try_one(self, plan: Plan, source: SplitSource, work: SplitWork) -> SplitResult:
        if plan.input is None or plan.output is None:
            raise Stop(f"Flows from {plan.source.connector_type} to {plan.destinations[0].connector_type} can't be run")
        folder = self._folder(work)
        fetched = cast("Generator[LocalFile]", source.local(work, folder / "scratch"))
        with closing(fetched) as files:
            asked = SplitOrder(
                tasks=plan.tasks,
                input=plan.input,
                output=plan.output,
                number=work.number,
                files=files,
                fields=work.fields,
                staging=folder / "staged",
                rejects=folder / "rejects",
                naming=self._naming(),
                limit=self._limit,
            )
            with flushing_early(Early(asked.staging)):
                result = self._tools.engine.run_split(asked, self._held.control.watch)
            result = source.finished(result, asked.rejects)
        return replace(result, bookmark=source.bookmark)

    def _naming(self) -> Naming:
        execution = self._held.claim.execution
        # Not the time of this attempt: a split that runs again must give the same names (invariant 4).
        started_ms = execution.started_ms if execution.started_ms is not None else execution.queued_ms
        return Naming(
            flow_name=execution.flow_name,
            execution_id=execution.execution_id,
            schema_version=self._held.claim.schema_version,
            started_at=from_ms(started_ms),
        )

    def _record(self, work: SplitWork, result: SplitResult) -> None:
        files = [Path(file.path) for file in (*result.outputs, *result.rejects)]
        # Durable first, then recorded (invariant 1).
        make_durable([*files, *{file.parent for file in files}])
        if earlier := self._earlier.get(work.number):
            result = result.superseding(earlier)
        self._tools.ledger.record_result(self._held.claim, work.number, result.to_document())
        self._unfinished.discard(work.number)
        self._finish(work.number, result)

    def _finish(self, number: int, result: SplitResult) -> None:
        self._results[number] = result
        self._held.progress.split_done(result.counts)

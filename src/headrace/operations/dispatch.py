"""From an operation's name to its answer: the one table of all 25."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from headrace.clock import Clock, to_ms
from headrace.connector_sdk.catalog import CATALOG, Declared
from headrace.connector_sdk.objects import Buckets
from headrace.connector_sdk.rejects_place import RejectsPlace
from headrace.errors import InternalServerException
from headrace.model.shapes import Document
from headrace.operations import (
    backfills,
    connectors,
    entities,
    executions,
    explains,
    flows,
    logged,
    object_events,
    plans,
    positions,
    previews,
    profiles,
    record_events,
    rejects,
    retries,
    runs,
    tags,
)
from headrace.operations.connector_calls import AsStored, Connectors, NoHosts, ProfileTrial
from headrace.operations.context import Answer, Caller, Context, Looker, ProfileCheck, SourceCheck
from headrace.settings import Settings
from headrace.store.secrets import Sealer
from headrace.store.store import Store
from headrace.store.tx import Tx

Operation = Callable[[Context, Tx, Document], Answer]
Preparation = Callable[[Context, Store, SourceCheck, Document], Callable[[Tx], Answer]]
ProfilePreparation = Callable[[Context, Store, ProfileCheck, Document], Callable[[Tx], Answer]]
ConnectorPreparation = Callable[[Context, Store, Connectors, Document], Callable[[Tx], Answer]]
Fetching = Callable[[Context, Store, RejectsPlace, Document], Answer]
Question = Callable[[Context, Store, Connectors, Document], Answer]
Look = Callable[[Context, Store, Looker, Document], Answer]

# One read transaction each.
READING: Mapping[str, Operation] = {
    "DescribeConnector": connectors.describe_connector,
    "DescribeConnectorProfiles": profiles.describe_connector_profiles,
    "DescribeConnectors": connectors.describe_connectors,
    "DescribeFlow": flows.describe_flow,
    "DescribeFlowExecutionRecords": executions.describe_flow_execution_records,
    "ListConnectors": connectors.list_connectors,
    "ListFlows": flows.list_flows,
    "ListTagsForResource": tags.list_tags_for_resource,
}
# One write transaction each.
WRITING: Mapping[str, Operation] = {
    "CancelFlowExecutions": executions.cancel_flow_executions,
    "DeleteConnectorProfile": profiles.delete_connector_profile,
    "DeleteFlow": flows.delete_flow,
    "StartFlow": flows.start_flow,
    "StopFlow": flows.stop_flow,
    "TagResource": tags.tag_resource,
    "UnregisterConnector": connectors.unregister_connector,
    "UntagResource": tags.untag_resource,
}
# A write transaction after work that may be slow.
PREPARED: Mapping[str, Preparation] = {
    "CreateFlow": flows.prepare_create,
    "UpdateFlow": flows.prepare_update,
}
PREPARED_PROFILES: Mapping[str, ProfilePreparation] = {
    "CreateConnectorProfile": profiles.prepare_create,
    "UpdateConnectorProfile": profiles.prepare_update,
}
PREPARED_CONNECTORS: Mapping[str, ConnectorPreparation] = {
    "RegisterConnector": connectors.prepare_register,
    "UpdateConnectorRegistration": connectors.prepare_update,
}
# What a connector answers, with transactions of their own where they need any.
ASKING: Mapping[str, Question] = {
    "DescribeConnectorEntity": entities.describe_connector_entity,
    "ListConnectorEntities": entities.list_connector_entities,
    "ResetConnectorMetadataCache": entities.reset_connector_metadata_cache,
}
# Beyond AppFlow's operations, each a transaction.
BEYOND_READING: Mapping[str, Operation] = {
    runs.LIST: runs.list_executions,
    backfills.DESCRIBE: backfills.describe_backfill,
    backfills.LIST: backfills.list_backfills,
    backfills.LIST_OF_FLOW: backfills.list_backfills,
    positions.DESCRIBE: positions.describe_position,
}
BEYOND_WRITING: Mapping[str, Operation] = {
    retries.RETRY: retries.retry_rejects,
    runs.START: runs.start_execution,
    backfills.CANCEL: backfills.cancel_backfill,
    object_events.PUT: object_events.put_object_events,
    backfills.RESUME: backfills.resume_backfill,
}
# A write transaction after a connector was asked.
BEYOND_PREPARED: Mapping[str, Preparation] = {
    backfills.START: backfills.prepare_start,
    positions.SET: positions.prepare_set,
}
# Beyond AppFlow's operations, with transactions of their own and files that runs left.
BEYOND_FETCHING: Mapping[str, Fetching] = {
    logged.LOG: logged.describe_log,
    rejects.LIST: rejects.list_rejects,
    rejects.FILE: rejects.download_rejects,
}
# A write transaction after what was sent is read.
BEYOND_TAKING: Mapping[str, ConnectorPreparation] = {
    record_events.PUT: record_events.prepare_put,
}
# A look into sources and destinations, which may be slow; nothing is written.
BEYOND_LOOKING: Mapping[str, Look] = {
    plans.PLAN: plans.plan_flow,
    previews.PREVIEW: previews.preview_flow,
    explains.EXPLAIN: explains.explain_flow,
}
# How many flows are planned, and their sources listed, at a time.
_PREPARERS = 4
# How many connectors are asked at a time. Apart from the others: one that hangs holds up nobody who creates a flow.
_ASKERS = 16
# How many posts of records are read at a time.
_TAKERS = 8


class Dispatcher:
    """Runs operations, each in its own transaction."""

    def __init__(
        self,
        *,
        store: Store,
        settings: Settings,
        clock: Clock,
        new_id: Callable[[], str],
        sources: SourceCheck,
        looker: Looker,
        sealer: Sealer,
        profiles: ProfileCheck | None = None,
        connectors: Connectors | None = None,
        catalog: Mapping[str, Declared] = CATALOG,
        rejects_place: RejectsPlace | None = None,
    ) -> None:
        """Without `connectors` none can be asked anything; `profiles` stands in for asking them.

        `catalog` is what every connector type declares.
        """
        self._store = store
        self._settings = settings
        self._clock = clock
        self._new_id = new_id
        self._sources = sources
        self._looker = looker
        self._sealer = sealer
        self._catalog = catalog
        self._rejects = rejects_place or RejectsPlace.of(Buckets(settings), settings)
        self._connectors = connectors or Connectors.on(
            store, NoHosts(), AsStored(store, sealer), lambda: to_ms(clock.now())
        )
        self._profiles: ProfileCheck = profiles or ProfileTrial(self._connectors)
        self._preparers = ThreadPoolExecutor(_PREPARERS, thread_name_prefix="headrace-prepare")
        self._askers = ThreadPoolExecutor(_ASKERS, thread_name_prefix="headrace-ask")
        self._takers = ThreadPoolExecutor(_TAKERS, thread_name_prefix="headrace-take")

    def call(self, name: str, caller: Caller, request: Document) -> Future[Answer]:
        """Run the operation `name`; the answer comes once it is durable, without blocking.

        `request` is decoded and keeps the model's constraints. The future raises the operation's ServiceError.
        Raises KeyError for a name that is no operation, InternalServerException once closed.
        """
        now_ms = to_ms(self._clock.now())
        context = Context(caller, self._settings, now_ms, self._new_id, self._sealer, self._catalog)
        write = WRITING.get(name) or BEYOND_WRITING.get(name)
        if write is not None:
            return self._store.write(lambda tx: write(context, tx, request))
        read = READING.get(name) or BEYOND_READING.get(name)
        if read is not None:
            return self._store.read(lambda tx: read(context, tx, request))
        if name in PREPARED:
            prepare = PREPARED[name]
            return self._prepare(lambda: prepare(context, self._store, self._sources, request))
        if name in BEYOND_PREPARED:
            prepare_beyond = BEYOND_PREPARED[name]
            return self._prepare(lambda: prepare_beyond(context, self._store, self._sources, request), self._askers)
        if name in PREPARED_PROFILES:
            prepare_profile = PREPARED_PROFILES[name]
            return self._prepare(lambda: prepare_profile(context, self._store, self._profiles, request), self._askers)
        return self._ask(name, context, request)

    def close(self) -> None:
        """Wait for the flows that are being planned and connectors that are being asked.

        Comes before the store is closed, and after the hosts of connectors are.
        """
        self._preparers.shutdown()
        self._askers.shutdown()
        self._takers.shutdown()

    def _ask(self, name: str, context: Context, request: Document) -> Future[Answer]:
        if name in PREPARED_CONNECTORS:
            prepare = PREPARED_CONNECTORS[name]
            return self._prepare(lambda: prepare(context, self._store, self._connectors, request), self._askers)
        if name in BEYOND_TAKING:
            take = BEYOND_TAKING[name]
            return self._prepare(lambda: take(context, self._store, self._connectors, request), self._takers)
        if name in BEYOND_FETCHING:
            fetch = BEYOND_FETCHING[name]
            return _submitted(self._preparers, lambda: fetch(context, self._store, self._rejects, request))
        if name in BEYOND_LOOKING:
            look = BEYOND_LOOKING[name]
            return _submitted(self._askers, lambda: look(context, self._store, self._looker, request))
        question = ASKING[name]
        return _submitted(self._askers, lambda: question(context, self._store, self._connectors, request))

    def _prepare(
        self, prepare: Callable[[], Callable[[Tx], Answer]], threads: ThreadPoolExecutor | None = None
    ) -> Future[Answer]:
        return _submitted(threads or self._preparers, lambda: self._store.write(prepare()).result())


def _submitted(threads: ThreadPoolExecutor, work: Callable[[], Answer]) -> Future[Answer]:
    try:
        return threads.submit(work)
    except RuntimeError as error:
        raise InternalServerException("headrace is stopping. Try again once it is up.") from error

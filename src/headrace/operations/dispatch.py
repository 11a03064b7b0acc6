"""From an operation's name to its answer: the one table of all 25."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from headrace.clock import Clock, to_ms
from headrace.errors import InternalServerException
from headrace.model.shapes import Document
from headrace.operations import executions, flows, profiles, tags, unserved
from headrace.operations.context import Answer, Caller, Context, NoConnectors, ProfileCheck, SourceCheck
from headrace.settings import Settings
from headrace.store.secrets import Sealer
from headrace.store.store import Store
from headrace.store.tx import Tx

Operation = Callable[[Context, Tx, Document], Answer]
Preparation = Callable[[Context, Store, SourceCheck, Document], Callable[[Tx], Answer]]
ProfilePreparation = Callable[[Context, Store, ProfileCheck, Document], Callable[[Tx], Answer]]

# One read transaction each.
READING: Mapping[str, Operation] = {
    "DescribeConnectorProfiles": profiles.describe_connector_profiles,
    "DescribeFlow": flows.describe_flow,
    "DescribeFlowExecutionRecords": executions.describe_flow_execution_records,
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
# How many flows are planned, and their sources listed, at a time.
_PREPARERS = 4


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
        sealer: Sealer,
        profiles: ProfileCheck | None = None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._new_id = new_id
        self._sources = sources
        self._sealer = sealer
        self._profiles: ProfileCheck = profiles or NoConnectors()
        self._preparers = ThreadPoolExecutor(_PREPARERS, thread_name_prefix="headrace-prepare")

    def call(self, name: str, caller: Caller, request: Document) -> Future[Answer]:
        """Run the operation `name`; the answer comes once it is durable, without blocking.

        `request` is decoded and keeps the model's constraints. The future raises the operation's ServiceError.
        Raises KeyError for a name that is none of the 25 operations, InternalServerException once closed.
        """
        context = Context(caller, self._settings, to_ms(self._clock.now()), self._new_id, self._sealer)
        if name in WRITING:
            write = WRITING[name]
            return self._store.write(lambda tx: write(context, tx, request))
        if name in READING:
            read = READING[name]
            return self._store.read(lambda tx: read(context, tx, request))
        if name in PREPARED:
            prepare = PREPARED[name]
            return self._prepare(lambda: prepare(context, self._store, self._sources, request))
        if name in PREPARED_PROFILES:
            prepare_profile = PREPARED_PROFILES[name]
            return self._prepare(lambda: prepare_profile(context, self._store, self._profiles, request))
        return _refused(name)

    def close(self) -> None:
        """Wait for the flows that are being planned. Comes before the store is closed."""
        self._preparers.shutdown()

    def _prepare(self, prepare: Callable[[], Callable[[Tx], Answer]]) -> Future[Answer]:
        def work() -> Answer:
            return self._store.write(prepare()).result()

        try:
            return self._preparers.submit(work)
        except RuntimeError as error:
            raise InternalServerException("headrace is stopping. Try again once it is up.") from error


def _refused(name: str) -> Future[Answer]:
    if name not in unserved.UNSERVED:
        raise KeyError(name)
    future: Future[Answer] = Future()
    future.set_exception(unserved.refusal(name))
    return future

"""What every operation is given beside its request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from headrace.connector_sdk.catalog import CATALOG, Declared
from headrace.engine.preview import Preview
from headrace.flow.explanation import Explanation
from headrace.flow.findings import Looked
from headrace.flow.plan import Plan
from headrace.settings import Settings
from headrace.store.profiles import Profile, Secret
from headrace.store.secrets import Sealer

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: everything is scoped by account and region."""

    account: str
    region: str
    arn: str
    access_key_id: str


class SourceCheck(Protocol):
    """What CreateFlow and UpdateFlow ask before they accept a plan; may be slow."""

    def missing(self, plan: Plan) -> str | None:
        """A sentence that names which connector of the plan is not available and what to do; None: all are."""
        ...

    def check(self, plan: Plan, account: str, region: str) -> None:
        """Raise ResourceNotFoundException if a connector profile is gone, ConnectorServerException if an
        application can't be reached or the source holds nothing to read.
        """
        ...

    def check_window(self, plan: Plan, account: str, region: str) -> None:
        """Raise ValidationException unless windows of time can be read of the source, and what `check` raises if its
        connector can't say.
        """
        ...

    def keeps_place(self, plan: Plan, account: str, region: str) -> bool:
        """Whether the source says by bookmarks where an incremental run goes on; raises as `check_window` does."""
        ...


class Looker(Protocol):
    """Looks into the source and the destination of a plan, and writes nothing anywhere; may be slow."""

    def look(self, plan: Plan, account: str, region: str) -> Looked:
        """The fields of both, as far as they can be told, and what CreateFlow would refuse for what is there."""
        ...

    def preview(
        self, plan: Plan, account: str, region: str, *, records: int, window_ms: tuple[int, int] | None
    ) -> Preview:
        """What a run would make of the first records: so many as pass the filters, of a window of time; None: of all.

        Raises ResourceNotFoundException, ConnectorAuthenticationException and ConnectorServerException.
        """
        ...

    def explain(
        self,
        plan: Plan,
        account: str,
        region: str,
        *,
        named: Callable[[int], str],
        window_ms: tuple[int, int] | None,
    ) -> Explanation:
        """What a run would do with what is there, of a window of time; None: of all.

        `named` says what the task of an index is called. No record is read but those of the beginnings of files. Raises
        what `preview` raises.
        """
        ...


class ProfileCheck(Protocol):
    """What CreateConnectorProfile and UpdateConnectorProfile ask before they keep a profile; may be slow."""

    def check(self, profile: Profile, secret: Secret) -> Secret:
        """Let the connector try the profile; returns at once for one that headrace does not have.

        The answer is the secret to keep: with tokens, where the profile was given what they are got for.

        Raises ConnectorAuthenticationException, ConnectorServerException, and ResourceNotFoundException where a
        custom connector is not registered.
        """
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """One call's surroundings.

    `now_ms` is when it came in. `new_id` makes ids that nobody has made before, in the form of a UUID. `catalog` is
    what every connector type declares.
    """

    caller: Caller
    settings: Settings
    now_ms: int
    new_id: Callable[[], str]
    sealer: Sealer
    catalog: Mapping[str, Declared] = field(default_factory=lambda: CATALOG)

    @property
    def has_limits(self) -> bool:
        """Whether AppFlow's own quotas hold."""
        return self.settings.limits == "aws"

"""CloudFormation's templates: AWS::AppFlow::Flow, ConnectorProfile and Connector."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from headrace.documents.document import BadDocument, Document, Fault, Kind, Place
from headrace.documents.filling import Filling
from headrace.documents.intrinsics import Functions, Unresolved
from headrace.documents.native import finished
from headrace.documents.stack import CONNECTOR, FLOW, PROFILE, Stack
from headrace.documents.tree import Listed, Mapped, Node, Scalar, Unreadable, member, text_of
from headrace.model.api import OPERATIONS, SHAPES
from headrace.model.connector_names import member_name
from headrace.model.shapes import Member, Structure

KINDS: Mapping[str, Kind] = {FLOW: Kind.FLOW, PROFILE: Kind.PROFILE, CONNECTOR: Kind.CONNECTOR}
# Where a property is not the member with a capital letter.
_KEYS: Mapping[tuple[str, str], str] = {
    ("CreateFlowRequest", "kmsArn"): "KMSArn",
    ("CreateConnectorProfileRequest", "kmsArn"): "KMSArn",
    ("ScheduledTriggerProperties", "timezone"): "TimeZone",
    ("ErrorHandlingConfig", "failOnFirstDestinationError"): "FailOnFirstError",
    ("SAPODataSourceProperties", "parallelismConfig"): "parallelismConfig",
    ("SAPODataSourceProperties", "paginationConfig"): "paginationConfig",
    ("SAPODataParallelismConfig", "maxParallelism"): "maxParallelism",
    ("SAPODataPaginationConfig", "maxPageSize"): "maxPageSize",
    ("SalesforceConnectorProfileProperties", "isSandboxEnvironment"): "isSandboxEnvironment",
    (
        "SalesforceConnectorProfileProperties",
        "usePrivateLinkForMetadataAndAuthorization",
    ): "usePrivateLinkForMetadataAndAuthorization",
    **{
        (f"{name}ConnectorProfileCredentials", "oAuthRequest"): "ConnectorOAuthRequest"
        for name in ("GoogleAnalytics", "Marketo", "Salesforce", "Slack", "Zendesk", "Pardot")
    },
    ("OAuthCredentials", "oAuthRequest"): "ConnectorOAuthRequest",
}
# Members that there is no property for.
_LACKING = frozenset(
    {
        ("CreateFlowRequest", "clientToken"),
        ("CreateConnectorProfileRequest", "clientToken"),
        ("RegisterConnectorRequest", "clientToken"),
        ("DestinationConnectorProperties", "Honeycode"),
        ("DestinationConnectorProperties", "CustomerProfiles"),
        ("ConnectorOAuthRequest", "codeVerifier"),
        ("SnowflakeConnectorProfileCredentials", "privateKey"),
        ("ConnectorProfileProperties", "Amplitude"),
        ("ConnectorProfileProperties", "GoogleAnalytics"),
        ("ConnectorProfileProperties", "Honeycode"),
        ("ConnectorProfileProperties", "Singular"),
        ("ConnectorProfileProperties", "Trendmicro"),
        ("ConnectorProfileCredentials", "Honeycode"),
    }
)
# Properties that are none of the request.
_OTHERS = frozenset(
    {
        ("CreateFlowRequest", "FlowStatus"),
        ("CreateFlowRequest", "FlowArn"),
        ("CreateConnectorProfileRequest", "ConnectorProfileArn"),
        ("CreateConnectorProfileRequest", "CredentialsArn"),
        ("RegisterConnectorRequest", "ConnectorArn"),
        ("LookoutMetricsDestinationProperties", "Object"),
    }
)
_SCHEDULED = "Scheduled"


class CloudFormation:
    """Names with a capital letter, mostly; maps as lists of Key and Value; a schedule without its level."""

    name = "CloudFormation"
    is_lenient = True

    @staticmethod
    def key_of(structure: str, member: Member) -> str:
        """The property of a member."""
        return _KEYS.get((structure, member.name), member.name[:1].upper() + member.name[1:])

    @staticmethod
    def lacks(structure: str, member: Member, value: Any) -> bool:
        """Whether the resource type has no property for a member."""
        del value
        return (structure, member.name) in _LACKING

    @staticmethod
    def reshaped(shape: str, node: Node) -> Node | None:
        """The part as the API has it."""
        return _RESHAPED.get(shape, _as_it_is)(node)

    @staticmethod
    def is_passed_over(structure: str, key: str) -> bool:
        """Whether the property is none of the request."""
        return (structure, key) in _OTHERS

    @staticmethod
    def written(shape: str, value: Any) -> Any:
        """A part with its properties' names as a template has it."""
        if shape == "TriggerProperties":
            return value.get(_SCHEDULED) or value
        if shape in {"TaskPropertiesMap", "TagMap"}:
            return [{"Key": key, "Value": part} for key, part in value.items()]
        return value


def is_template(node: Node) -> bool:
    """Whether the tree is a template."""
    return isinstance(member(node, "Resources"), Mapped)


def read_template(file: str, node: Node, values: Mapping[str, str]) -> tuple[Document, ...]:
    """The documents of a template, in its order. Raises BadDocument with every fault."""
    stack = Stack(node if isinstance(node, Mapped) else Mapped({}, 1), values)
    found: list[Document] = []
    faults: list[Fault] = []
    for name, resource in stack.resources.items():
        kind = KINDS.get(stack.type_of(name))
        try:
            found.extend(_documents(file, name, kind, resource, stack) if kind is not None else ())
        except BadDocument as error:
            faults.extend(error.found)
    loops = [Fault(Place(file, node.line), _LOOP) for name in stack.resources if name.startswith("Fn::ForEach")]
    if faults or loops:
        raise BadDocument([*_once(faults), *loops])
    return tuple(found)


def _once(faults: Iterable[Fault]) -> list[Fault]:
    """The faults; what is wrong with a parameter is told where it is first used, not wherever it is."""
    found: dict[object, Fault] = {}
    for fault in faults:
        found.setdefault(fault.text if fault.text.startswith("parameter ") else fault, fault)
    return list(found.values())


_LOOP = "Fn::ForEach is not worked out here; let CloudFormation expand the template, or write the resources out"


def _documents(file: str, name: str, kind: Kind, resource: Node, stack: Stack) -> Iterator[Document]:
    """The document of a resource, unless its condition does not hold."""
    place = Place(file, resource.line, name)
    functions = Functions(stack, place)
    condition = text_of(member(resource, "Condition"))
    try:
        if condition is not None and not functions.holds(condition, resource.line):
            return
    except Unresolved as error:
        raise BadDocument([Fault(place._replace(line=error.line), error.message)]) from None
    properties = functions.worked_out(member(resource, "Properties") or Mapped({}, resource.line))
    if functions.faults or properties is None:
        raise BadDocument(functions.faults)
    has_no_label = member(properties, "ConnectorLabel") is None
    if kind is Kind.CONNECTOR and isinstance(properties, Mapped):
        # The one name that CloudFormation makes up.
        label = {"ConnectorLabel": Scalar(name, resource.line)}
        properties = properties._replace(members={**properties.members, **(label if has_no_label else {})})
    filling = Filling(CloudFormation(), place)
    request = filling.value(OPERATIONS[kind.operation].input, properties)
    yield finished(kind, filling, _complete(request), place, text_of(member(properties, "FlowStatus")))


def _complete(request: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """A profile's request with the properties that the API wants and some resources have no place for."""
    config: Mapping[str, Any] | None = None if request is None else request.get("connectorProfileConfig")
    if request is None or config is None or config.get("connectorProfileProperties"):
        return request
    shape = SHAPES["ConnectorProfileProperties"]
    members = {each.name: each for each in shape.members} if isinstance(shape, Structure) else {}
    name = member_name(str(request.get("connectorType")), members)
    if name is None:
        return request
    return {**request, "connectorProfileConfig": {**config, "connectorProfileProperties": {name: {}}}}


def _as_it_is(node: Node) -> Node:
    return node


def _schedule(node: Node) -> Node:
    """A schedule's properties stand right under TriggerProperties."""
    if not isinstance(node, Mapped) or not node.members or _SCHEDULED in node.members:
        return node
    return Mapped({_SCHEDULED: node}, node.line)


def _pairs(node: Node) -> Node:
    """Key and Value of each part, as a map."""
    if not isinstance(node, Listed):
        return node
    found: dict[str, Node] = {}
    lines: dict[str, int] = {}
    for part in node.parts:
        key, value = text_of(member(part, "Key")), member(part, "Value")
        if key is None or value is None:
            return node
        if key in found:
            raise Unreadable(f"Key {key} is there a second time; leave one of them", part.line)
        found[key], lines[key] = value, part.line
    return Mapped(found, node.line, lines)


_RESHAPED: Mapping[str, Callable[[Node], Node]] = {
    "TriggerProperties": _schedule,
    "TaskPropertiesMap": _pairs,
    "TagMap": _pairs,
}

"""AppFlow's own documents: the requests that create something, and the answers that describe it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from headrace.documents.document import BadDocument, Document, Fault, FlowState, Kind, Place
from headrace.documents.filling import Filling
from headrace.documents.tree import Listed, Mapped, Node, member, text_of
from headrace.model.api import OPERATIONS, SHAPES
from headrace.model.shapes import Member, Structure

# What describes the thing that a request creates: answers have more, and leave secrets out.
_DESCRIBED: Mapping[str, str] = {
    "CreateFlowRequest": "DescribeFlowResponse",
    "CreateConnectorProfileRequest": "ConnectorProfile",
    "RegisterConnectorRequest": "ConnectorConfiguration",
}
_MARKS = (
    (Kind.FLOW, ("flowName", "sourceFlowConfig", "destinationFlowConfigList")),
    (Kind.PROFILE, ("connectorProfileName", "connectorProfileConfig")),
    (Kind.CONNECTOR, ("connectorLabel", "connectorProvisioningConfig")),
)
# Answers that hold what they describe under one member.
_WITHIN = ("flows", "connectorProfileDetails", "connectorConfiguration")
# What boto3 puts beside every answer.
_OF_BOTO3 = "ResponseMetadata"
ON_DEMAND = "OnDemand"


class Native:
    """The API's own names and types."""

    name = "AppFlow"
    is_lenient = False

    @staticmethod
    def key_of(structure: str, member: Member) -> str:
        """The member's own name."""
        del structure
        return member.name

    @staticmethod
    def reshaped(shape: str, node: Node) -> Node | None:
        """The part as it is."""
        del shape
        return node

    @staticmethod
    def is_passed_over(structure: str, key: str) -> bool:
        """Whether only an answer has the key."""
        described = SHAPES.get(_DESCRIBED.get(structure, ""))
        members = described.members if isinstance(described, Structure) else ()
        return key == _OF_BOTO3 or any(each.name == key for each in members)


def kind_of(node: Node) -> Kind | None:
    """What a request or an answer is about, None if it is neither."""
    if not isinstance(node, Mapped):
        return None
    return next((kind for kind, marks in _MARKS if any(mark in node.members for mark in marks)), None)


def is_native(node: Node) -> bool:
    """Whether a tree is, or holds, requests or answers of AppFlow."""
    if isinstance(node, Listed):
        return any(map(is_native, node.parts))
    within = [found for name in _WITHIN if (found := member(node, name)) is not None]
    return kind_of(node) is not None or any(map(is_native, within))


def read_native(file: str, node: Node) -> tuple[Document, ...]:
    """The documents of the tree. Raises BadDocument with every fault."""
    found: list[Document] = []
    faults: list[Fault] = []
    for part in _parts(node):
        try:
            found.append(_document(file, part))
        except BadDocument as error:
            faults.extend(error.found)
    if faults:
        raise BadDocument(faults)
    return tuple(found)


def _parts(node: Node) -> Iterator[Node]:
    if isinstance(node, Listed):
        for part in node.parts:
            yield from _parts(part)
        return
    within = [found for name in _WITHIN if (found := member(node, name)) is not None]
    for part in within if kind_of(node) is None else ():
        yield from _parts(part)
    if kind_of(node) is not None or not within:
        yield node


def _document(file: str, node: Node) -> Document:
    kind = kind_of(node)
    place = Place(file, node.line)
    if kind is None:
        raise BadDocument([Fault(place, "this is no flow, connector profile or connector; each has a name of its own")])
    if kind is Kind.FLOW and member(node, "flowArn") is not None and member(node, "tasks") is None:
        told = "this is what ListFlows says of a flow, without its tasks; ask DescribeFlow, or `headrace pull`"
        raise BadDocument([Fault(place, told)])
    filling = Filling(Native(), place)
    request = filling.value(OPERATIONS[kind.operation].input, _as_request(kind, node))
    return finished(kind, filling, request, place, text_of(member(node, "flowStatus")))


def finished(
    kind: Kind, filling: Filling, request: Mapping[str, Any] | None, place: Place, status: str | None
) -> Document:
    """The document of what was filled in. Raises BadDocument with the filling's faults, and for a lack of a name."""
    name = (request or {}).get(kind.name_member)
    if not isinstance(name, str) and not any(fault.text.startswith(kind.name_member) for fault in filling.faults):
        filling.fault(place.line or 1, f"{kind.name_member} is missing: give the {kind} a name")
    if filling.faults or request is None:
        raise BadDocument(filling.faults)
    kept = {key: value for key, value in request.items() if key != "clientToken"}
    return Document(kind, str(name), kept, place, state_of(kept, status), filling.lines)


def state_of(request: Mapping[str, Any], status: str | None) -> FlowState | None:
    """The state that a status stands for; None for a flow on demand, which is active as long as it is there."""
    is_on_demand = request.get("triggerConfig", {}).get("triggerType") == ON_DEMAND
    return None if is_on_demand or status not in set(FlowState) else FlowState(status or "")


def _as_request(kind: Kind, node: Node) -> Node:
    """An answer that describes a profile or a connector, as the request that would create it."""
    if not isinstance(node, Mapped):
        return node
    members = dict(node.members)
    if kind is Kind.PROFILE and "connectorProfileProperties" in members:
        properties = members.pop("connectorProfileProperties")
        config = Mapped({"connectorProfileProperties": properties}, properties.line)
        members.setdefault("connectorProfileConfig", config)
    if kind is Kind.CONNECTOR and "connectorDescription" in members:
        members.setdefault("description", members.pop("connectorDescription"))
    return node._replace(members=members)

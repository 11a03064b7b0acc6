"""Terraform's aws_appflow_flow and aws_appflow_connector_profile: arguments, blocks and what stands for nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from headrace.documents.document import Kind
from headrace.documents.tree import Listed, Mapped, Node, Scalar
from headrace.model.beyond import ALL
from headrace.model.shapes import Float, Integer, ListShape, MapShape, Member, String, Structure, Timestamp

FLOW, PROFILE = "aws_appflow_flow", "aws_appflow_connector_profile"
KINDS: Mapping[str, Kind] = {FLOW: Kind.FLOW, PROFILE: Kind.PROFILE}
# Where values come from: a file that somebody wrote, or a plan or state, where what is not set may be there as empty.
Origin = Literal["file", "plan", "state"]

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_KEYS: Mapping[tuple[str, str], str] = {
    ("CreateFlowRequest", "flowName"): "name",
    ("CreateFlowRequest", "destinationFlowConfigList"): "destination_flow_config",
    ("CreateFlowRequest", "tasks"): "task",
    ("CreateConnectorProfileRequest", "connectorProfileName"): "name",
    ("PrefixConfig", "pathPrefixHierarchy"): "prefix_hierarchy",
    # The provider calls it so.
    ("SAPODataParallelismConfig", "maxParallelism"): "max_page_size",
    (
        "SalesforceConnectorProfileProperties",
        "usePrivateLinkForMetadataAndAuthorization",
    ): "use_privatelink_for_metadata_and_authorization",
}
# What version 5.100 of the provider has no argument for.
_LACKING = frozenset(
    {
        ("CreateFlowRequest", "clientToken"),
        ("CreateConnectorProfileRequest", "clientToken"),
        ("ScheduledTriggerProperties", "flowErrorDeactivationThreshold"),
        ("CustomConnectorSourceProperties", "dataTransferApi"),
        ("SourceConnectorProperties", "Pardot"),
        ("ConnectorProfileProperties", "Pardot"),
        ("ConnectorProfileCredentials", "Pardot"),
        ("ConnectorOperator", "Pardot"),
        ("RedshiftConnectorProfileProperties", "isRedshiftServerless"),
        ("RedshiftConnectorProfileProperties", "workgroupName"),
        ("SAPODataConnectorProfileProperties", "disableSSO"),
        ("ConnectorOAuthRequest", "codeVerifier"),
        ("ServiceNowConnectorProfileCredentials", "oAuth2Credentials"),
        ("SnowflakeConnectorProfileCredentials", "privateKey"),
    }
)
# Attributes that the provider works out.
_COMPUTED = frozenset({"arn", "id", "flow_status", "tags_all", "credentials_arn", "region"})
_MAP_VALUES = frozenset(shape.value for shape in ALL.values() if isinstance(shape, MapShape))


class Terraform:
    """Names in snake case, structures as blocks, which are lists of one."""

    name = "Terraform"
    is_lenient = False

    def __init__(self, origin: Origin = "file") -> None:
        self._origin = origin

    @staticmethod
    def key_of(structure: str, member: Member) -> str:
        """The argument or block of a member."""
        regular = _HUMP.sub("_", member.name).lower().replace("o_auth", "oauth")
        return _KEYS.get((structure, member.name), regular)

    @staticmethod
    def lacks(structure: str, member: Member, value: Any) -> bool:
        """Whether the provider has no argument for a member, or none that can hold this value."""
        is_instant = isinstance(ALL[member.shape], Timestamp)
        return (structure, member.name) in _LACKING or (is_instant and _epoch_s(_instant(value)) != value)

    @staticmethod
    def is_passed_over(structure: str, key: str) -> bool:
        """Whether an attribute is none of the request."""
        return structure in {"CreateFlowRequest", "CreateConnectorProfileRequest"} and key in _COMPUTED

    def reshaped(self, shape: str, node: Node) -> Node | None:
        """The part as the API has it."""
        kind = ALL[shape]
        if isinstance(kind, Structure):
            return _unwrapped(node)
        if isinstance(kind, ListShape):
            return self._list(kind, node)
        is_empty = isinstance(node, Scalar) and self._origin != "file" and self._is_empty(shape, node)
        return None if is_empty else node

    @staticmethod
    def written(shape: str, value: Any) -> Any:
        """A part as a .tf.json file has it."""
        kind = ALL[shape]
        if isinstance(kind, Timestamp):
            return _instant(value)
        if isinstance(kind, MapShape):
            return {escaped(name): part for name, part in value.items()}
        return escaped(value) if isinstance(kind, String) else value

    def _list(self, shape: ListShape, node: Node) -> Node:
        if isinstance(ALL[shape.member], Structure) and isinstance(node, Mapped):
            return Listed([node], node.line)
        if self._origin != "file" and isinstance(node, Listed):
            # The provider leaves empty texts out of lists: [""] is how a list without any is written.
            return node._replace(parts=[part for part in node.parts if not _is_empty_text(part)])
        return node

    def _is_empty(self, shape: str, node: Scalar) -> bool:
        """Whether the value stands for want of another: the provider sends none of these.

        In plans too, where blocks of a set have "" for null. The values of maps are what they are.
        """
        if isinstance(ALL[shape], Integer | Float):
            return node.value == 0 and self._origin == "state"
        return shape not in _MAP_VALUES and _is_empty_text(node)


def escaped(text: str) -> str:
    """Text without meaning for Terraform's templates."""
    return text.replace("${", "$${").replace("%{", "%%{")


def _unwrapped(node: Node) -> Node | None:
    if not isinstance(node, Listed) or len(node.parts) > 1:
        return node
    if not node.parts:
        return None
    (part,) = node.parts
    return Mapped({}, part.line) if isinstance(part, Scalar) and part.value is None else part


def _is_empty_text(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value == ""


def _instant(epoch_s: float) -> str:
    found = datetime.fromtimestamp(epoch_s, UTC)
    return found.isoformat(timespec="microseconds" if found.microsecond else "seconds").replace("+00:00", "Z")


def _epoch_s(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()

"""What UpdateFlow may change of a flow, and what a change brings with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from headrace.flow.defaults import with_defaults
from headrace.flow.faults import PlanFaults
from headrace.model.connector_names import member_of
from headrace.model.shapes import Document

# AppFlow's own sentence, and the one for the other side.
_DESTINATION_MOVED: Final = "Destination object for the destination connector can not be updated"
_SOURCE_MOVED: Final = "Source object for the source connector can not be updated"

# The members of connector properties that say which data is meant.
_OBJECT: Final = ("object", "entityName", "objectPath", "domainName", "objectTypeName", "bucketName")

# UpdateFlow's members; the rest of a stored document (kmsArn, tags) outlives an update.
_UPDATED: Final = frozenset(
    {
        "description",
        "destinationFlowConfigList",
        "flowName",
        "metadataCatalogConfig",
        "sourceFlowConfig",
        "tasks",
        "triggerConfig",
    }
)
_MAPPINGS: Final = frozenset({"Arithmetic", "Map", "Map_all", "Merge", "Partition", "Passthrough"})
_COPYING: Final = frozenset({"Map", "Map_all", "Passthrough"})


def check_update(stored: Document, request: Document) -> None:
    """Refuse an UpdateFlow that points the flow at another source or destination.

    Both documents can be planned. Another connector, object, entity, bucket or prefix counts;
    another profile, format or write operation doesn't.

    Raises PlanFaults; its `worded("Update")` is AppFlow's message.
    """
    faults: list[str] = []
    if _source_object(stored) != _source_object(request):
        faults.append(_SOURCE_MOVED)
    if _destination_objects(stored) != _destination_objects(request):
        faults.append(_DESTINATION_MOVED)
    if faults:
        raise PlanFaults(faults)


def updated(stored: Document, request: Document) -> dict[str, Any]:
    """The document after an UpdateFlow: the request replaces all that UpdateFlow can say.

    A description or metadataCatalogConfig that the request leaves out is gone; tags, kmsArn and
    whatever else CreateFlow alone can say stay. Keys keep the stored order, new ones come last.
    """
    kept = {
        name: request[name] if name in _UPDATED else value
        for name, value in stored.items()
        if name in request or name not in _UPDATED
    }
    return {**kept, **{name: value for name, value in request.items() if name in _UPDATED and name not in kept}}


def bumps_schema_version(before: Document, after: Document) -> bool:
    """Whether mappings, field data types or partition settings differ, so schemaVersion goes up.

    Neither the order of tasks nor a default written out counts.

    Source: AppFlow User Guide, cataloguing data output.
    """
    return _schema(before) != _schema(after)


def _source_object(document: Document) -> tuple[object, ...]:
    config: Document = document["sourceFlowConfig"]
    return _object(config["connectorType"], config["sourceConnectorProperties"])


def _destination_objects(document: Document) -> list[tuple[object, ...]]:
    return [
        _object(config["connectorType"], config["destinationConnectorProperties"])
        for config in document["destinationFlowConfigList"]
    ]


def _object(connector_type: str, union: Document) -> tuple[object, ...]:
    properties: Document = member_of(connector_type, union) or {}
    # The prefix beside a bucket name is a place; beside an intermediate bucket it is a detail.
    prefix = (properties.get("bucketPrefix") or "") if "bucketName" in properties else ""
    return (connector_type, prefix, *(properties.get(name) for name in _OBJECT))


def _schema(document: Document) -> tuple[object, ...]:
    full = with_defaults(document)
    tasks: list[Document] = full["tasks"]
    is_mapped = any(task["taskType"] in _COPYING for task in tasks)
    relevant = sorted(
        _canonical(task)
        for task in tasks
        if task["taskType"] in _MAPPINGS
        or (not is_mapped and "PROJECTION" in task.get("connectorOperator", {}).values())
    )
    return (relevant, sorted(_partition_settings(full)))


def _canonical(task: Document) -> str:
    """A task as text: the operator's key, empty members and unset ones don't show."""
    fields: list[str] = [name for name in task["sourceFields"] if name]
    return json.dumps(
        {
            "type": task["taskType"],
            "from": sorted(fields) if task["taskType"] == "Filter" else fields,
            "to": task.get("destinationField") or None,
            "by": sorted(set(task.get("connectorOperator", {}).values()) - {"NO_OP"}),
            "with": {name: value for name, value in task.get("taskProperties", {}).items() if value != "[]"},
        },
        sort_keys=True,
    )


def _partition_settings(document: Document) -> Iterator[str]:
    for config in document["destinationFlowConfigList"]:
        properties: Document = member_of(config["connectorType"], config["destinationConnectorProperties"]) or {}
        output: Document = properties.get("s3OutputFormatConfig", {})
        yield json.dumps([output.get("prefixConfig"), bool(output.get("preserveSourceDataTyping"))], sort_keys=True)

"""What the client's operations and their members are for, in headrace's words."""

from __future__ import annotations

from collections.abc import Mapping

# Of each operation: a sentence for its method, and what else is worth knowing.
OPERATIONS: Mapping[str, tuple[str, str]] = {
    "CancelFlowExecutions": (
        "Cancel runs of a flow.",
        (
            "A run that can't be cancelled any more is listed in the output; that is no error. What was written before"
            " stays written."
        ),
    ),
    "CreateConnectorProfile": (
        "Keep the credentials and the address of an application under a name.",
        "The credentials are tried at once, and never shown again.",
    ),
    "CreateFlow": (
        "Create a flow.",
        (
            "An on-demand flow is ready to be started; a scheduled or event-triggered one waits for StartFlow. headrace"
            " names every fault of the flow in one ValidationException."
        ),
    ),
    "DeleteConnectorProfile": (
        "Delete a connector profile.",
        "A profile that flows use is only deleted with `force_delete`; those flows fail from then on.",
    ),
    "DeleteFlow": (
        "Delete a flow and the history of its runs.",
        "A scheduled or event-triggered flow that is active is only deleted with `force_delete`. What it wrote stays.",
    ),
    "DescribeConnector": ("Tell what a connector can do.", "The label is only for connectors that were registered."),
    "DescribeConnectorEntity": (
        "List the fields of an entity of an application.",
        "The application is asked; the answer may be kept for an hour.",
    ),
    "DescribeConnectorProfiles": (
        "List connector profiles, without their credentials.",
        "Names that do not exist are left out.",
    ),
    "DescribeConnectors": ("Tell what all connectors can do.", "The registered ones are among `connectors`."),
    "DescribeFlow": (
        "Tell everything about a flow.",
        "What it answers can be given to UpdateFlow again, and changes nothing.",
    ),
    "DescribeFlowExecutionRecords": (
        "List the runs of a flow, the newest first.",
        "At AWS a run may be missing for some seconds after its start.",
    ),
    "ListConnectorEntities": (
        "List the entities that an application has.",
        "Some applications have them in groups: `entities_path` goes into one. `items()` goes through all groups.",
    ),
    "ListConnectors": ("List the connectors, built-in and registered.", "It tells less than DescribeConnectors."),
    "ListFlows": ("List the flows of the account and region.", "It tells less of each than DescribeFlow."),
    "ListTagsForResource": ("List the tags of a flow.", "A flow without tags has an empty map."),
    "RegisterConnector": (
        "Make a custom connector known under a label.",
        "The connector is asked at once what it can do, so it has to be running.",
    ),
    "ResetConnectorMetadataCache": (
        "Forget what was kept of an application's entities and fields.",
        "The next listing asks the application again.",
    ),
    "StartFlow": (
        "Run an on-demand flow now, or activate a scheduled or event-triggered one.",
        (
            "Only a run has an `execution_id`; an activated flow runs later and answers None. A client token that is"
            " not given is made for the call and stays the same over its retries, so a retry never starts a second"
            " run; the service knows it for eight hours."
        ),
    ),
    "StopFlow": (
        "Deactivate a scheduled or event-triggered flow.",
        "A run that is going on goes on. On-demand flows can't be stopped: cancel their runs.",
    ),
    "TagResource": ("Put tags on a flow.", "A tag of the same key is replaced."),
    "UnregisterConnector": (
        "Forget a custom connector.",
        "One that connector profiles use is only forgotten with `force_delete`.",
    ),
    "UntagResource": ("Take tags off a flow.", "Keys that are not there are no error."),
    "UpdateConnectorProfile": (
        "Replace the credentials and the address of a connector profile.",
        "They are tried at once.",
    ),
    "UpdateConnectorRegistration": (
        "Ask a custom connector again what it can do, or change its description or its place.",
        "For a new version of a connector.",
    ),
    "UpdateFlow": (
        "Replace what a flow does.",
        "Everything is replaced: what is left out is gone. Source, destination and name stay as they are.",
    ),
}

# Of each member of the inputs and outputs, by its name on the wire.
MEMBERS: Mapping[str, str] = {
    "apiVersion": "Version of the application's interface; the profile's own where it is left out.",
    "clientToken": "Makes a second sending of the same call harmless; made for the call where it is left out.",
    "connectionMode": "Whether the application is reached over the internet or privately.",
    "connectorArn": "ARN of the registered connector.",
    "connectorConfiguration": "What the connector can do.",
    "connectorConfigurations": "What each built-in connector can do, by its type.",
    "connectorEntityFields": "The entity's fields, each with its type and what it can be used for.",
    "connectorEntityMap": "Entities, by the group that they are in.",
    "connectorEntityName": "Name of the entity, as ListConnectorEntities has it.",
    "connectorLabel": "Label that the connector was registered under; for custom connectors only.",
    "connectorProfileArn": "ARN of the connector profile.",
    "connectorProfileConfig": "Address and credentials of the application.",
    "connectorProfileDetails": "The profiles.",
    "connectorProfileName": "Name of the connector profile.",
    "connectorProfileNames": "Only profiles of these names.",
    "connectorProvisioningConfig": "Where the connector is: the ARN of its Lambda function, or of its local host.",
    "connectorProvisioningType": "How the connector is reached.",
    "connectorType": "Which connector it is.",
    "connectorTypes": "Only connectors of these types.",
    "connectors": "The connectors.",
    "createdAt": "When it was created.",
    "createdBy": "ARN of who created it.",
    "description": "Words for people.",
    "destinationFlowConfigList": "Where records go to, and how they are written there.",
    "entitiesPath": "The group to go into, as the listing above it names it.",
    "executionId": "Name of the run; None where the flow was only activated.",
    "executionIds": "The runs; all that are going on where it is left out.",
    "flowArn": "ARN of the flow.",
    "flowExecutions": "The runs.",
    "flowName": "Name of the flow.",
    "flowStatus": "Status of the flow.",
    "flowStatusMessage": "Why a flow was deactivated.",
    "flows": "The flows.",
    "forceDelete": "Delete it though it is in use.",
    "invalidExecutions": "Those of the runs named that could not be cancelled.",
    "kmsArn": "Key at AWS that seals what is kept; headrace keeps and echoes it, and seals with its own.",
    "lastRunExecutionDetails": "When the flow ran last, and how that ended.",
    "lastRunMetadataCatalogDetails": "What the last run registered in the data catalog.",
    "lastUpdatedAt": "When it was changed last.",
    "lastUpdatedBy": "ARN of who changed it last.",
    "maxResults": "How many to answer at most, on one page.",
    "metadataCatalogConfig": "Which data catalog the output is to be registered in.",
    "nextToken": "Where the next page begins, from the page before it; None on the last one.",
    "resourceArn": "ARN of the flow.",
    "schemaVersion": "Grows when the fields of the output change.",
    "sourceFlowConfig": "Where records come from, and how they are read there.",
    "tagKeys": "Keys of the tags.",
    "tags": "Tags, by their keys.",
    "tasks": "What is done to the records, in order.",
    "triggerConfig": "What makes the flow run: a call, a schedule or an event.",
}

# Values for the examples of the pages, as Python.
EXAMPLES: Mapping[str, str] = {
    "connectionMode": '"Public"',
    "connectorEntityName": '"Account"',
    "connectorLabel": '"shop"',
    "connectorProfileConfig": "ConnectorProfileConfig(…)",
    "connectorProfileName": '"crm"',
    "connectorType": '"Salesforce"',
    "destinationFlowConfigList": "[DestinationFlowConfig(…)]",
    "flowName": '"orders"',
    "resourceArn": '"arn:aws:appflow:us-east-1:123456789012:flow/orders"',
    "sourceFlowConfig": "SourceFlowConfig(…)",
    "tagKeys": '["team"]',
    "tags": '{"team": "sales"}',
    "tasks": "[Task(…)]",
    "triggerConfig": 'TriggerConfig(trigger_type="OnDemand")',
}

# The members of outputs that a page of a listing is about.
ITEMS: Mapping[str, str] = {
    "DescribeConnectorProfiles": "connectorProfileDetails",
    "DescribeConnectors": "connectors",
    "DescribeFlowExecutionRecords": "flowExecutions",
    "ListConnectorEntities": "connectorEntityMap",
    "ListConnectors": "connectors",
    "ListFlows": "flows",
}

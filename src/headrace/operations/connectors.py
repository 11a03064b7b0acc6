"""RegisterConnector, UpdateConnectorRegistration, UnregisterConnector, DescribeConnector(s), ListConnectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from headrace.connector_sdk import catalog
from headrace.connector_sdk import lambda_shapes as shapes
from headrace.errors import ResourceNotFoundException, ValidationException
from headrace.later import Later
from headrace.model.connector_names import connector_types
from headrace.model.shapes import Document
from headrace.operations import pages, refusals, shown
from headrace.operations.connector_calls import Connectors, told
from headrace.operations.context import Answer, Context
from headrace.operations.idempotency import Retry
from headrace.store import connectors, profiles
from headrace.store.connectors import Connector
from headrace.store.store import Store
from headrace.store.tx import Tx

if TYPE_CHECKING:
    from headrace.connector_sdk import custom, webhook
else:
    custom, webhook = Later("headrace.connector_sdk.custom"), Later("headrace.connector_sdk.webhook")

CUSTOM = "CustomConnector"
_LAMBDA = "LAMBDA"
# How many of the profiles that use a connector a refusal names.
_MOST_NAMED = 10

Work = Callable[[Tx], Answer]


def prepare_register(context: Context, store: Store, asked: Connectors, request: Document) -> Work:
    """Ask the connector what it is, which may be slow; the answer is RegisterConnector's transaction.

    Raises ValidationException, ConflictException for a label that is taken, and what `told` raises.
    """
    retry = Retry(context, "RegisterConnector", request)
    kept = store.read(lambda tx: _before_register(context, tx, retry, request)).result()
    if kept is not None:
        return lambda _: kept
    label, lambda_arn = _wanted(request)
    words = told(lambda: custom.described(asked.hosts.host(lambda_arn), label))
    caller = context.caller
    connector = Connector(
        arn=f"arn:aws:appflow:{caller.region}:{caller.account}:connector/{label}",
        account=caller.account,
        region=caller.region,
        label=label,
        description=request.get("description"),
        lambda_arn=lambda_arn,
        configuration=words,
        registered_ms=context.now_ms,
        registered_by=caller.arn,
    )
    return lambda tx: _register(context, tx, retry, connector)


def prepare_update(context: Context, store: Store, asked: Connectors, request: Document) -> Work:
    """Ask the connector anew what it is; what the request leaves out stays. As `prepare_register`."""
    retry = Retry(context, "UpdateConnectorRegistration", request)
    label = request["connectorLabel"]
    kept, stored = store.read(lambda tx: (retry.answer(tx), _connector(context, tx, label))).result()
    if kept is not None:
        return lambda _: kept
    lambda_arn = _lambda_arn(request) or stored.lambda_arn
    words = told(lambda: custom.described(asked.hosts.host(lambda_arn), label))
    connector = replace(
        stored,
        description=request.get("description", stored.description),
        lambda_arn=lambda_arn,
        configuration=words,
    )
    return lambda tx: _update(tx, retry, connector)


def unregister_connector(context: Context, tx: Tx, request: Document) -> Answer:
    """Forget the connector; with `forceDelete` its profiles stay, and are of no use until it is registered again."""
    caller, label = context.caller, request["connectorLabel"]
    _connector(context, tx, label)
    used = profiles.page(
        tx, caller.account, caller.region, after="", limit=_MOST_NAMED, connector_type=CUSTOM, label=label
    )
    if used and not request.get("forceDelete", False):
        raise refusals.conflict(
            f"Connector: {label} is associated with one or more connector profiles. If you still want to delete it,"
            " then make delete request with forceDelete flag as true. Some of the associated connector profiles are:"
            f" [{', '.join(each.name for each in used)}]"
        )
    connectors.delete_connector(tx, caller.account, caller.region, label)
    return {}


def describe_connector(context: Context, tx: Tx, request: Document) -> Answer:
    """One connector: a type of AppFlow's, or a registered one by its label."""
    connector_type, label = request["connectorType"], request.get("connectorLabel")
    if connector_type != CUSTOM:
        return {"connectorConfiguration": catalog.configuration(context.catalog[connector_type])}
    if label is None:
        raise ValidationException(
            "connectorLabel is missing: it says which CustomConnector to describe. ListConnectors names those that"
            " are registered."
        )
    found = connectors.get(tx, context.caller.account, context.caller.region, label)
    if found is None and label == webhook.LABEL:
        return {"connectorConfiguration": _built_in()}
    return {"connectorConfiguration": _described(_connector(context, tx, label))}


def describe_connectors(context: Context, _: Tx, request: Document) -> Answer:
    """The connector types of AppFlow, in the model's order; all of them where none are named."""
    wanted = request.get("connectorTypes") or connector_types()
    order = [name for name in connector_types() if name in wanted]
    start = pages.position(context, "DescribeConnectors", request)
    found = order[0 if start is None else order.index(start) + 1 :][: pages.page_size(request) + 1]
    page, more = pages.split(context, "DescribeConnectors", request, found, lambda name: name)
    return {
        "connectorConfigurations": {name: catalog.configuration(context.catalog[name]) for name in page},
        "connectors": [catalog.detail(context.catalog[name]) for name in page],
        **more,
    }


def list_connectors(context: Context, tx: Tx, request: Document) -> Answer:
    """The registered connectors and the webhook, by label; AppFlow's own are none of them."""
    caller, most = context.caller, pages.page_size(request) + 1
    after = pages.position(context, "ListConnectors", request) or ""
    found = connectors.page(tx, caller.account, caller.region, after=after, limit=most)
    shown = {each.label: _described(each) for each in found}
    if after < webhook.LABEL:
        shown.setdefault(webhook.LABEL, _built_in())
    page, more = pages.split(context, "ListConnectors", request, sorted(shown)[:most], lambda label: label)
    return {"connectors": [_listed(shown[label]) for label in page], **more}


def _before_register(context: Context, tx: Tx, retry: Retry, request: Document) -> Answer | None:
    kept = retry.answer(tx)
    if kept is None and "connectorLabel" in request:
        _refuse_taken(context, tx, request["connectorLabel"])
    return kept


def _wanted(request: Document) -> tuple[str, str]:
    """The label and the lambdaArn; ValidationException with everything that is missing."""
    label, lambda_arn = request.get("connectorLabel"), _lambda_arn(request)
    if label is not None and lambda_arn is not None:
        return label, lambda_arn
    given = {
        "connectorLabel": label,
        "connectorProvisioningConfig.lambda.lambdaArn": lambda_arn,
    }
    missing = ", ".join(name for name, value in given.items() if value is None)
    raise ValidationException(
        f"RegisterConnector lacks {missing}. `headrace connectors host` hosts a connector here and prints its ARN."
    )


def _lambda_arn(request: Document) -> str | None:
    return request.get("connectorProvisioningConfig", {}).get("lambda", {}).get("lambdaArn")


def _refuse_taken(context: Context, tx: Tx, label: str) -> None:
    if label == webhook.LABEL or connectors.get(tx, context.caller.account, context.caller.region, label) is not None:
        raise refusals.conflict(f"Connector: {label} is already registered")


def _register(context: Context, tx: Tx, retry: Retry, connector: Connector) -> Answer:
    kept = retry.answer(tx)
    if kept is not None:
        return kept
    tx.lock(connector.arn)
    _refuse_taken(context, tx, connector.label)
    connectors.insert(tx, connector)
    answer = {"connectorArn": connector.arn}
    retry.keep(tx, answer)
    return answer


def _update(tx: Tx, retry: Retry, connector: Connector) -> Answer:
    kept = retry.answer(tx)
    if kept is not None:
        return kept
    if not connectors.update(tx, connector):
        raise _not_registered(connector.label)
    answer = {"connectorArn": connector.arn}
    retry.keep(tx, answer)
    return answer


def _connector(context: Context, tx: Tx, label: str) -> Connector:
    found = connectors.get(tx, context.caller.account, context.caller.region, label)
    if found is None:
        raise _not_registered(label)
    return found


def _not_registered(label: str) -> ResourceNotFoundException:
    hint = " It comes with headrace." if label == webhook.LABEL else ""
    return ResourceNotFoundException(f"Connector:{label} is not registered.{hint}")


def _described(connector: Connector) -> Answer:
    """What the connector said of itself, and what was said of it when it was registered."""
    own = shapes.configuration(connector.configuration)
    return {
        **own,
        "connectorLabel": connector.label,
        "connectorArn": connector.arn,
        "connectorDescription": connector.description or own.get("connectorDescription", connector.label),
        "connectorProvisioningType": _LAMBDA,
        "connectorProvisioningConfig": {"lambda": {"lambdaArn": connector.lambda_arn}},
        "registeredAt": shown.seconds(connector.registered_ms),
        "registeredBy": connector.registered_by,
    }


def _built_in() -> Answer:
    """The connector that every account has."""
    described = {"connectorLabel": webhook.LABEL, "connectorDescription": "Records that are posted to headrace"}
    return {**webhook.CONFIGURATION, **described}


def _listed(described: Answer) -> Answer:
    members = (
        *("connectorDescription", "connectorName", "connectorOwner", "connectorVersion", "connectorType"),
        *("connectorLabel", "registeredAt", "registeredBy", "connectorProvisioningType", "connectorModes"),
        "supportedDataTransferTypes",
    )
    whole = {"applicationType": described["connectorLabel"], **described}
    return {name: whole[name] for name in ("applicationType", *members) if name in whole}

"""CreateConnectorProfile, UpdateConnectorProfile, DescribeConnectorProfiles, DeleteConnectorProfile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from headrace.errors import ServiceQuotaExceededException, ValidationException
from headrace.model.shapes import Document
from headrace.operations import pages, profile_kinds, refusals, shown
from headrace.operations.context import Answer, Context, ProfileCheck
from headrace.operations.idempotency import Retry
from headrace.operations.locks import hold_quota
from headrace.operations.profile_kinds import Given
from headrace.store import flows, profiles
from headrace.store.profiles import Profile, Secret
from headrace.store.store import Store
from headrace.store.tx import Tx

# AppFlow's quota of an account in a region; it holds with HEADRACE_LIMITS=aws only.
MOST_PROFILES = 100
# How many of the flows that use a profile a refusal names.
_MOST_NAMED = 10

Work = Callable[[Tx], Answer]


def prepare_create(context: Context, store: Store, check: ProfileCheck, request: Document) -> Work:
    """Check the profile and let its connector try the credentials, which may be slow.

    Raises ValidationException with every fault, ConflictException where the name is taken, and what
    `ProfileCheck` raises.
    """
    retry = Retry(context, "CreateConnectorProfile", request, is_secret=True)
    kept = store.read(lambda tx: _before_create(context, tx, retry, request)).result()
    if kept is not None:
        return lambda _: kept
    given = profile_kinds.given(request["connectorType"], request.get("connectorLabel"), request)
    _refuse_faults(given, request)
    profile = _new_profile(context, request, given)
    secret = check.check(profile, Secret(given.credentials))
    return lambda tx: _create(context, tx, retry, profile, secret)


def prepare_update(context: Context, store: Store, check: ProfileCheck, request: Document) -> Work:
    """As `prepare_create`, for UpdateConnectorProfile; credentials that are left out stay as they are.

    Raises ResourceNotFoundException where there is no such profile.
    """
    retry = Retry(context, "UpdateConnectorProfile", request, is_secret=True)
    kept, found = store.read(lambda tx: _before_update(context, tx, retry, request)).result()
    if kept is not None:
        return lambda _: kept
    stored, secret = found
    given = profile_kinds.given(stored.connector_type, stored.connector_label, request)
    if given.credentials is None:
        given = replace(given, credentials=secret.given)
    else:
        secret = Secret(given.credentials)
    _refuse_faults(given, request)
    profile = replace(stored, connection_mode=given.connection_mode, properties=given.properties)
    tried = check.check(profile, secret)
    return lambda tx: _update(context, tx, retry, profile, tried)


def describe_connector_profiles(context: Context, tx: Tx, request: Document) -> Answer:
    """Profiles by name, never their credentials; a name that no profile has is left out."""
    after = pages.position(context, "DescribeConnectorProfiles", request) or ""
    found = _found(context, tx, request, after)
    page, more = pages.split(context, "DescribeConnectorProfiles", request, found, lambda profile: profile.name)
    return {"connectorProfileDetails": [shown.profile(each) for each in page], **more}


def delete_connector_profile(context: Context, tx: Tx, request: Document) -> Answer:
    """Delete the profile; with `forceDelete` flows that use it stay, and fail."""
    caller, name = context.caller, request["connectorProfileName"]
    refusals.profile(context, tx, name)
    users = () if request.get("forceDelete", False) else _users(context, tx, name)
    if users:
        raise refusals.conflict(
            f"Connector profile: {name} is associated with one or more flows. If you still want to delete it, then"
            " make delete request with forceDelete flag as true. Some of the associated flows are:"
            f" [{', '.join(users[:_MOST_NAMED])}]"
        )
    profiles.delete_profile(tx, caller.account, caller.region, name)
    return {}


def _found(context: Context, tx: Tx, request: Document, after: str) -> list[Profile]:
    """The profiles after the name `after`, one more than a page holds."""
    caller, most = context.caller, pages.page_size(request) + 1
    connector_type, label = request.get("connectorType"), request.get("connectorLabel")
    names: list[str] = request.get("connectorProfileNames", [])
    if not names:
        return profiles.page(
            tx, caller.account, caller.region, after=after, limit=most, connector_type=connector_type, label=label
        )
    wanted = sorted({name for name in names if name > after})
    found = [profiles.get(tx, caller.account, caller.region, name) for name in wanted]
    return [
        each
        for each in found
        if each is not None and connector_type in {None, each.connector_type} and label in {None, each.connector_label}
    ][:most]


def _users(context: Context, tx: Tx, name: str) -> list[str]:
    """The flows that use the profile; a connector that needs none ignores the name it is given."""
    found = flows.naming_profile(tx, context.caller.account, context.caller.region, name)
    return [flow for flow, ends in found if any(profile_kinds.has_profile(end["connectorType"]) for end in ends)]


def _before_create(context: Context, tx: Tx, retry: Retry, request: Document) -> Answer | None:
    """The answer of an earlier call with the token; raises ConflictException for a name that is taken."""
    kept = retry.answer(tx)
    if kept is None:
        _refuse_taken(context, tx, request["connectorProfileName"])
    return kept


def _before_update(
    context: Context, tx: Tx, retry: Retry, request: Document
) -> tuple[Answer | None, tuple[Profile, Secret]]:
    """The answer of an earlier call with the token, and the profile as it stands."""
    kept, caller, name = retry.answer(tx), context.caller, request["connectorProfileName"]
    found = profiles.get_with_secret(tx, context.sealer, caller.account, caller.region, name)
    if found is None:
        raise refusals.profile_not_found(name)
    return kept, found


def _refuse_faults(given: Given, request: Document) -> None:
    if faults := profile_kinds.faults(given, request["connectorProfileConfig"]):
        raise ValidationException(f"Validation exception: {'; '.join(faults)}")


def _refuse_taken(context: Context, tx: Tx, name: str) -> None:
    if profiles.get(tx, context.caller.account, context.caller.region, name) is not None:
        raise refusals.conflict(f"Connector profile: {name} already exists")


def _new_profile(context: Context, request: Document, given: Given) -> Profile:
    caller, name, now_ms = context.caller, request["connectorProfileName"], context.now_ms
    suffix = context.new_id().replace("-", "")[-6:]
    home = f"{caller.region}:{caller.account}"
    return Profile(
        arn=f"arn:aws:appflow:{home}:connectorprofile/{name}",
        account=caller.account,
        region=caller.region,
        name=name,
        connector_type=given.connector_type,
        connector_label=given.connector_label,
        connection_mode=given.connection_mode,
        kms_arn=request.get("kmsArn"),
        properties=given.properties,
        secret_arn=f"arn:aws:secretsmanager:{home}:secret:appflow!{caller.account}-{name}-{now_ms}-{suffix}",
        revision=1,
        created_ms=now_ms,
        updated_ms=now_ms,
    )


def _create(context: Context, tx: Tx, retry: Retry, profile: Profile, secret: Secret) -> Answer:
    kept = retry.answer(tx)
    if kept is not None:
        return kept
    hold_quota(context, tx, "profiles")
    tx.lock(profile.arn)
    _refuse_taken(context, tx, profile.name)
    if context.has_limits and profiles.count(tx, profile.account, profile.region) >= MOST_PROFILES:
        raise ServiceQuotaExceededException(
            f"The account {profile.account} has {MOST_PROFILES} connector profiles in {profile.region}, as many as"
            " AppFlow allows. Delete one, or start headrace without HEADRACE_LIMITS=aws."
        )
    profiles.insert(tx, context.sealer, profile, secret)
    answer = {"connectorProfileArn": profile.arn}
    retry.keep(tx, answer)
    return answer


def _update(context: Context, tx: Tx, retry: Retry, profile: Profile, secret: Secret) -> Answer:
    kept = retry.answer(tx)
    if kept is not None:
        return kept
    if not profiles.update(tx, context.sealer, profile, secret, now_ms=context.now_ms):
        raise refusals.conflict(f"Connector profile: {profile.name} is being changed by another request. Try again")
    answer = {"connectorProfileArn": profile.arn}
    retry.keep(tx, answer)
    return answer

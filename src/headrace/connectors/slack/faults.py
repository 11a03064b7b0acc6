"""What Slack's words for a failure mean: it says them with status 200.

Source: docs.slack.dev, the errors of auth.test, conversations.list and conversations.history.
"""

from __future__ import annotations

from headrace.connector_sdk.rest import Fault, Faults

FAULTS = Faults(
    failed=("ok", False),
    code="error",
    words="response_metadata.messages.0",
    known=(
        Fault("again", ("ratelimited", "rate_limited", "request_timeout", "service_unavailable", "team_added_to_org")),
        Fault("again", ("internal_error", "fatal_error")),
        Fault(
            "refused",
            (
                *("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"),
                *("two_factor_setup_required", "org_login_required"),
            ),
        ),
        Fault("not there", ("channel_not_found",), advice="Or the token's owner is no member of it."),
        Fault("denied", ("missing_scope",), advice="Give the Slack app the scope {needed}, and install it again."),
        Fault("denied", ("not_in_channel",), advice="Invite the app, or the token's owner, to the conversation."),
        Fault(
            "denied",
            (
                *("no_permission", "access_denied", "accesslimited", "ekm_access_denied", "enterprise_is_restricted"),
                *("not_allowed_token_type", "team_access_not_granted", "restricted_action"),
            ),
        ),
    ),
)

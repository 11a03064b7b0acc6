"""Requests that a browser sends for a web page, to a service that takes anyone's credentials."""

from __future__ import annotations

import pytest

from tests.unit.wire.rig import Rig

STRANGE = ["https://evil.example", "http://evil.example:8080", "null", "", "http://[", "http://localhost.evil.example"]
OWN = ["http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:8080", "http://console.localhost"]


@pytest.mark.parametrize("origin", STRANGE)
def test_a_page_of_another_site_reaches_no_operation(origin: str) -> None:
    rig = Rig()
    reply = rig.ask("/delete-flow", b'{"flowName":"orders"}', headers={"origin": origin, "content-type": "text/plain"})
    assert (reply.status, reply.error) == (403, "AccessDeniedException")
    assert "localhost" in reply.message
    assert rig.dispatcher.calls == []


def test_a_site_that_points_its_name_at_this_machine_reaches_no_operation() -> None:
    headers = {"origin": "http://evil.example:8080", "host": "evil.example:8080"}
    assert Rig().ask("/list-flows", b"{}", headers=headers).error == "AccessDeniedException"


@pytest.mark.parametrize("origin", OWN)
def test_a_page_of_this_machine_is_served(origin: str) -> None:
    assert Rig().ask("/list-flows", b"{}", headers={"origin": origin}).status == 200


def test_where_everyone_is_welcome_the_services_own_pages_are_served() -> None:
    rig = Rig(allow_open=True)
    headers = {"origin": "http://flows.lan:8080", "host": "flows.lan:8080"}
    assert rig.ask("/list-flows", b"{}", headers=headers).status == 200
    assert rig.ask("/list-flows", b"{}", headers={**headers, "origin": "http://evil.example"}).status == 403

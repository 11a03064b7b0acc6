"""The owner's actions: on the data folder itself, or, where one is running, by the headrace that has it open."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx

from headrace.clock import SystemClock
from headrace.errors import (
    HeadraceError,
    ResourceNotFoundException,
    SettingsError,
    Stop,
    ValidationException,
)
from headrace.operations.owner import Owner
from headrace.service import Service
from headrace.settings import Settings
from headrace.store.opening import open_store
from headrace.wire.owner import Serving

Act = Callable[[str, Mapping[str, Any]], dict[str, Any]]

_ERRORS: Mapping[str, type[HeadraceError]] = {
    "ValidationException": ValidationException,
    "ResourceNotFoundException": ResourceNotFoundException,
}


@contextmanager
def owner(settings: Settings) -> Generator[Act]:
    """What does an action on the settings' data folder.

    Raises SettingsError where another process has the folder open and does not answer.
    """
    try:
        store = open_store(settings)
    except SettingsError as error:
        yield _running(settings, error)
        return
    try:
        yield Owner(store, settings, SystemClock()).call
    finally:
        store.close()


@contextmanager
def serving_owner(settings: Settings) -> Generator[Act]:
    """The same, with connectors that can be asked: by the headrace that runs, or by one that runs for the block."""
    service = Service(replace(settings, host="127.0.0.1", port=0))
    try:
        service.start(is_working=False)
    except SettingsError as error:
        yield _running(settings, error)
        return
    try:
        yield service.backend.owner.call
    finally:
        service.stop()


def _running(settings: Settings, in_use: SettingsError) -> Act:
    """The headrace that has the folder open. Raises `in_use` where it is not to be found."""
    serving = Serving.read(settings.data)
    if serving is None:
        raise in_use

    def act(action: str, request: Mapping[str, Any]) -> dict[str, Any]:
        url = f"{serving.url}/headrace/v1/owner/{action}"
        headers = {"authorization": f"Bearer {serving.token}"}
        try:
            # However long it takes: a connector may be slow, and its calls are bounded where they are made.
            reply = httpx.post(url, json=dict(request), headers=headers, timeout=None, trust_env=False)  # noqa: S113
            answer: dict[str, Any] = reply.json()
        except (httpx.HTTPError, ValueError):
            raise in_use from None
        if reply.is_success:
            return answer
        name = reply.headers.get("x-amzn-errortype", "")
        raise _ERRORS.get(name, Stop)(str(answer.get("message")))

    return act

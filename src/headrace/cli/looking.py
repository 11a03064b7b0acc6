"""Plan, preview and explanation of a flow document: by a service, or in this process."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from importlib.metadata import EntryPoint
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import click

from headrace.backend import Backend
from headrace.cli.asking import api_of
from headrace.cli.calling import Api
from headrace.cli.documents import BadDocument, only_flow
from headrace.cli.main import BAD_USAGE, RUN_FAILED
from headrace.clock import SystemClock, to_ms
from headrace.connector_sdk.registry import Registry
from headrace.engine.split import Engine
from headrace.errors import ServiceError, SettingsError, Stop, ValidationException
from headrace.flow.endpoints import DESTINATIONS_OF_RECORDS, SOURCES_OF_RECORDS
from headrace.model.json_text import dump
from headrace.operations import explains, plans, previews
from headrace.operations.context import Caller, Looker
from headrace.runner.looking import Looker as LooksItself
from headrace.settings import Settings
from headrace.store.sqlite import FILE_NAME

endpoint_option = click.option(
    "--endpoint-url",
    "--url",
    "url",
    metavar="URL",
    help="Let the headrace there look, which has connector profiles.  [default: this process]",
)
_PATHS: Mapping[str, str] = {
    plans.PLAN: "/headrace/v1/plan",
    previews.PREVIEW: "/headrace/v1/preview",
    explains.EXPLAIN: "/headrace/v1/explain",
}


class Look(Protocol):
    """Asks for a plan, a preview or an explanation; `name` is that of the operation."""

    def __call__(self, name: str, request: Mapping[str, Any], /) -> Mapping[str, Any]:
        """The answer. Raises what the operation raises, Stop or SettingsError where a service is asked."""
        ...


@contextmanager
def looking(
    url: str | None,
    settings: Settings,
    documents: Iterable[Mapping[str, Any]],
    entries: Iterable[EntryPoint] | None = None,
) -> Generator[Look]:
    """Who looks at these documents: the service at `url`, else this process, on what the data folder holds.

    `entries` are the connectors that there are, None: those that are installed.
    """
    if url is not None:
        yield _of_service(api_of(url))
        return
    with ExitStack() as stack:
        found = _with_profiles(stack, settings, entries) if _need_profiles(settings, documents) else None
        yield found or _alone(stack, settings, entries)


def window_of(start: datetime | None, end: datetime | None) -> dict[str, float]:
    """The bounds of a window as members of a request."""
    return {name: at.timestamp() for name, at in (("from", start), ("to", end)) if at is not None}


def answer_or_code(
    name: str, path: Path, asked: Mapping[str, Any], parameters: Mapping[str, str], url: str | None, settings: Settings
) -> Mapping[str, Any] | int:
    """What is answered of the flow in the file, or of that name; why not is said, and the exit code answered."""
    try:
        return _answer(name, path, asked, parameters, url, settings)
    except BadDocument as error:
        click.echo("\n".join(error.faults), err=True)
        return BAD_USAGE
    except ValidationException as error:
        click.echo(f"{error.message}\nheadrace plan {path} says more.", err=True)
        return BAD_USAGE
    except (ServiceError, Stop) as error:
        click.echo(error.message, err=True)
        return RUN_FAILED


def _answer(
    name: str, path: Path, asked: Mapping[str, Any], parameters: Mapping[str, str], url: str | None, settings: Settings
) -> Mapping[str, Any]:
    if url is not None and not path.exists():
        with looking(url, settings, ()) as look:
            return look(name, {"flowName": str(path), **asked})
    flow = only_flow(path, parameters, settings).request
    with looking(url, settings, [flow]) as look:
        return look(name, {"flow": flow, **asked})


def _of_service(api: Api) -> Look:
    def look(name: str, request: Mapping[str, Any], /) -> Mapping[str, Any]:
        return api.ask("POST", _PATHS[name], dump(request))

    return look


def _need_profiles(settings: Settings, documents: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a document names a connector profile, and there may be any here."""
    has_store = settings.database_url is not None or (settings.data / FILE_NAME).is_file()
    return has_store and any(_is_of_records(document) for document in documents)


def _is_of_records(document: Mapping[str, Any]) -> bool:
    source: Mapping[str, Any] = document.get("sourceFlowConfig") or {}
    destinations: list[Mapping[str, Any]] = document.get("destinationFlowConfigList") or []
    return source.get("connectorType") in SOURCES_OF_RECORDS or any(
        each.get("connectorType") in DESTINATIONS_OF_RECORDS for each in destinations
    )


def _with_profiles(stack: ExitStack, settings: Settings, entries: Iterable[EntryPoint] | None) -> Look | None:
    """The operations on the store of the data folder; None where another process has it."""
    backend = Backend(settings, SystemClock(), entries=entries)
    try:
        backend.start(is_working=False)
    except SettingsError:
        return None
    stack.callback(backend.stop)
    arn = f"arn:aws:iam::{settings.account}:user/headrace"
    caller = Caller(settings.account, settings.region, arn, "headrace")
    return lambda name, request: backend.dispatcher.call(name, caller, request).result()


def _alone(stack: ExitStack, settings: Settings, entries: Iterable[EntryPoint] | None) -> Look:
    """Connectors and the engine, without a store: nothing is made in the data folder."""
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="headrace-")))
    engine = Engine(memory_limit_bytes=settings.memory_limit_bytes, threads=settings.threads, scratch=folder)
    stack.callback(engine.close)
    looker = LooksItself(Registry.load(settings, entries=entries), engine, None, folder=folder, ray=settings.ray)
    return _Alone(looker, settings)


class _Alone:
    def __init__(self, looker: Looker, settings: Settings) -> None:
        self._looker = looker
        self._settings = settings

    def __call__(self, name: str, request: Mapping[str, Any], /) -> Mapping[str, Any]:
        """See Look."""
        settings, now, given = self._settings, SystemClock().now(), request["flow"]
        if name == plans.PLAN:
            scope = (settings.account, settings.region)
            found = plans.findings(plans.Given(given, None), self._looker, *scope, now=now, limits=settings.limits)
            return plans.told(found)
        scope = previews.Scope(settings.account, settings.region, settings.limits, to_ms(now))
        ask = previews.preview if name == previews.PREVIEW else explains.explain
        return ask(given, self._looker, scope, request)

"""What `headrace connectors host` was given: where a connector's code runs, or what is wrong with it."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from headrace.connector_sdk.hosts.book import Adapter, Http, Place
from headrace.connector_sdk.hosts.process import Handler

_HANDLER = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
_URL = re.compile(r"https?://[^\s/]\S*")


@dataclass(frozen=True, slots=True)
class Given:
    """The options as they were given; of `handler`, `url`, `singer` and `airbyte` one is to be there."""

    handler: str | None
    url: str | None
    singer: str | None
    airbyte: str | None
    manifest: Path | None
    configuration: Path | None
    python: str
    folder: Path

    def faults(self) -> Generator[str]:
        """What is wrong, a sentence each."""
        if sum(each is not None for each in (self.handler, self.url, self.singer, self.airbyte)) != 1:
            yield "Give one of MODULE:HANDLER, --http URL, --singer COMMAND and --airbyte COMMAND."
        if self.handler is not None and not _HANDLER.fullmatch(self.handler):
            yield f"{self.handler!r} is no handler: write module:function, such as my_connector.main:lambda_handler."
        if self.url is not None and not _URL.fullmatch(self.url):
            yield f"--http {self.url!r} is no URL: write http://host:port/path, or https."
        if self.handler is not None and shutil.which(self.python) is None:
            yield f"--python {self.python!r}: there is no such program."
        yield from self._program_faults()

    def place(self) -> Place:
        """Where the code runs; there are no faults."""
        command = self.singer or self.airbyte
        if command is not None:
            program, *arguments = _words(command)
            return Adapter(
                protocol="singer" if self.singer else "airbyte",
                command=(_found(program), *arguments),
                folder=self.folder.absolute(),
                manifest=self.manifest and self.manifest.absolute(),
                configuration=self.configuration and self.configuration.absolute(),
            )
        return Http(self.url) if self.url else Handler(self.handler or "", _found(self.python), self.folder.absolute())

    def _program_faults(self) -> Generator[str]:
        for option, command in (("--singer", self.singer), ("--airbyte", self.airbyte)):
            if command is None:
                continue
            try:
                words = _words(command)
            except ValueError as fault:
                yield f"{option} {command!r} is no command line: {fault}."
                continue
            if not words or shutil.which(words[0]) is None:
                yield f"{option} {command!r}: there is no such program. Give its path, with its arguments in quotes."
        if self.manifest is not None and self.airbyte is None:
            yield "--manifest goes with --airbyte only: write --airbyte source-declarative-manifest."
        if self.configuration is not None and self.singer is None and self.airbyte is None:
            yield "--config goes with --singer or --airbyte only."


def shown(place: Place) -> str:
    """The place on one line."""
    match place:
        case Http():
            return place.url
        case Adapter():
            files = [f"--{name} {path}" for name, path in _files(place) if path is not None]
            return "  ".join([f"--{place.protocol} {shlex.join(place.command)}", *files, str(place.folder)])
        case Handler():
            return f"{place.name}  {place.folder}  {place.python}"


def _words(command: str) -> list[str]:
    """The words of a command line; in quotes, the shell leaves ~ to us. Raises ValueError."""
    words = shlex.split(command)
    return [str(Path(words[0]).expanduser()), *words[1:]] if words and words[0].startswith("~") else words


def _files(place: Adapter) -> tuple[tuple[str, Path | None], ...]:
    return (("manifest", place.manifest), ("config", place.configuration))


def _found(program: str) -> str:
    found = shutil.which(program)
    # A path from here is none from the folder in which it will run.
    return str(Path(found).absolute()) if found is not None and "/" in program else found or program

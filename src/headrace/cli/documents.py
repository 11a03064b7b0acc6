"""Files and folders on the command line to the documents in them; nobody else here reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from headrace.cli.main import BAD_USAGE
from headrace.documents import BadDocument, Document, Fault, Kind, Place, UnknownForm, read
from headrace.documents.from_json import from_json
from headrace.documents.tree import Mapped, Node, Unreadable, member, text_of
from headrace.flow.plan import PlanFaults, plan
from headrace.settings import Settings

__all__ = ["BadDocument", "Found", "parameter_option", "read_document", "read_paths", "told_faults"]

_ENDINGS = frozenset({".json", ".yaml", ".yml", ".template"})
_ASSEMBLY = "manifest.json"


class _Parameter(click.ParamType["tuple[str, str]"]):
    name = "K=V"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Name and value; fails in words."""
        name, mark, text = str(value).partition("=")
        if not mark or not name:
            self.fail(f"{value!r} is not NAME=VALUE", param, ctx)
        return name, text


parameter_option = click.option(
    "--parameter",
    "parameters",
    type=_Parameter(),
    multiple=True,
    metavar="NAME=VALUE",
    help="A template's parameter, or a secret that a document refers to; may be given again.",
)


@dataclass(frozen=True)
class Found:
    """The documents of some paths, and the files of their folders that are none."""

    documents: tuple[Document, ...]
    passed_over: tuple[Path, ...] = ()


def read_paths(paths: Iterable[Path], parameters: Mapping[str, str], settings: Settings) -> Found:
    """Every document of the files and folders, in the order of their paths.

    A folder stands for its JSON and YAML files, subfolders too; those that hold no document are passed over. A folder
    with a manifest of the CDK stands for its templates. Raises BadDocument with every fault of all files, and for what
    two files define.
    """
    found, faults = read_what_can_be(paths, parameters, settings)
    if every := (*faults, *_doubles(found.documents)):
        raise BadDocument(every)
    return found


def read_what_can_be(
    paths: Iterable[Path], parameters: Mapping[str, str], settings: Settings
) -> tuple[Found, tuple[Fault, ...]]:
    """The same, with the faults of the files that can't be read beside the documents of those that can.

    What two files define is no fault here: they may be for two places.
    """
    reading = _Reading({"AWS::Region": settings.region, "AWS::AccountId": settings.account}, parameters)
    for path in paths:
        reading.take(path)
    return reading.found()


def told_faults(error: BadDocument) -> int:
    """Tell each fault in a line of its own; the exit code."""
    for fault in error.faults:
        # A value that a fault quotes may hold line ends.
        click.echo(fault.replace("\r", "\\r").replace("\n", "\\n"), err=True)
    return BAD_USAGE


def read_document(path: Path, settings: Settings, parameters: Mapping[str, str]) -> dict[str, Any]:
    """The one flow in the file, as CreateFlow takes it; raises BadDocument with every fault at once."""
    flow = only_flow(path, parameters, settings)
    if found := flow.violations(settings.limits):
        raise BadDocument(found)
    try:
        plan(flow.request)
    except PlanFaults as error:
        raise BadDocument([Fault(flow.place, text) for text in error.faults]) from None
    return dict(flow.request)


def only_flow(path: Path, parameters: Mapping[str, str], settings: Settings) -> Document:
    """The one flow in the file, whatever it means; raises BadDocument."""
    flows = [each for each in read_paths([path], parameters, settings).documents if each.kind is Kind.FLOW]
    if len(flows) != 1:
        names = ", ".join(each.name for each in flows)
        told = f"there are {len(flows)} flows in it ({names}); `headrace convert` writes a file for each"
        raise BadDocument([Fault(Place(str(path)), told if flows else "there is no flow in it")])
    return flows[0]


class _Asked(Mapping[str, str]):
    """The values, and in `names` which of them anybody asked for."""

    def __init__(self, values: Mapping[str, str], names: set[str] | None = None) -> None:
        self._values = values
        self.names = set[str]() if names is None else names

    def over(self, others: Mapping[str, str]) -> Mapping[str, str]:
        """These values before the others; what is asked there counts here."""
        return _Asked({**others, **self._values}, self.names)

    def __getitem__(self, name: str) -> str:
        value = self._values[name]
        self.names.add(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class _Reading:
    def __init__(self, environment: Mapping[str, str], parameters: Mapping[str, str]) -> None:
        self._environment = environment
        self._parameters = _Asked(parameters)
        self._documents: list[Document] = []
        self._passed_over: list[Path] = []
        self._faults: list[Fault] = []

    def take(self, path: Path) -> None:
        if not path.is_dir():
            self._read(path)
            return
        manifest = path / _ASSEMBLY
        templates = dict(_templates(manifest)) if manifest.is_file() else {}
        for template, environment in templates.items():
            self._read(template, environment)
        for file in sorted(path.rglob("*")) if not templates else ():
            if file.suffix in _ENDINGS and file.is_file() and not _is_hidden(file, path):
                self._read(file, is_asked_for=False)

    def found(self) -> tuple[Found, tuple[Fault, ...]]:
        # A file that can't be read may be the one that has them.
        unused = () if self._faults else tuple(self._unused())
        return Found(tuple(self._documents), tuple(self._passed_over)), (*self._faults, *unused)

    def _unused(self) -> Iterator[Fault]:
        for name in self._parameters:
            if name not in self._parameters.names:
                told = "no document has a parameter or a reference of this name; mend it, or leave it out"
                yield Fault(Place(f"--parameter {name}"), told)

    def _read(self, path: Path, environment: Mapping[str, str] | None = None, *, is_asked_for: bool = True) -> None:
        try:
            parameters = self._parameters.over({**self._environment, **(environment or {})})
            self._documents.extend(read(str(path), path.read_bytes(), parameters))
        except OSError as error:
            self._faults.append(Fault(Place(str(path)), error.strerror or str(error)))
        except UnknownForm as error:
            if is_asked_for:
                self._faults.extend(error.found)
            else:
                self._passed_over.append(path)
        except BadDocument as error:
            self._faults.extend(error.found)


def _doubles(documents: Iterable[Document]) -> Iterator[Fault]:
    first: dict[tuple[Kind, str], Document] = {}
    for each in documents:
        other = first.setdefault((each.kind, each.name), each)
        if other is not each:
            told = f"the {each.kind} {each.name} is in {other.place} too; give one of them another name"
            yield Fault(each.place, told)


def _templates(manifest: Path) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """The templates that an output of the CDK names, each with what its environment says; stages too."""
    for artifact in _artifacts(manifest):
        properties = member(artifact, "properties")
        template = text_of(member(properties, "templateFile"))
        folder = text_of(member(properties, "directoryName"))
        if text_of(member(artifact, "type")) == "aws:cloudformation:stack" and template is not None:
            yield manifest.parent / template, dict(_environment(text_of(member(artifact, "environment"))))
        if text_of(member(artifact, "type")) == "cdk:cloud-assembly" and folder is not None:
            yield from _templates(manifest.parent / folder / _ASSEMBLY)


def _artifacts(manifest: Path) -> Iterable[Node]:
    try:
        artifacts = member(from_json(manifest.read_text("utf-8")), "artifacts")
    except (OSError, ValueError, Unreadable):
        return ()
    return artifacts.members.values() if isinstance(artifacts, Mapped) else ()


def _environment(text: str | None) -> Iterator[tuple[str, str]]:
    """Account and region of `aws://ACCOUNT/REGION`, where the stack is bound to them."""
    account, _, region = (text or "").removeprefix("aws://").partition("/")
    if account and not account.startswith("unknown"):
        yield "AWS::AccountId", account
    if region and not region.startswith("unknown"):
        yield "AWS::Region", region


def _is_hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)

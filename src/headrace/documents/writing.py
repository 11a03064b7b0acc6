"""Documents to text, in every form."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from headrace.documents.cloudformation import KINDS, CloudFormation
from headrace.documents.document import BadDocument, Document, Fault
from headrace.documents.pouring import Pouring
from headrace.documents.references import dynamic_of, hidden, reference_of
from headrace.documents.terraform import KINDS as TERRAFORM_KINDS
from headrace.documents.terraform import Terraform
from headrace.documents.tree import is_list, is_map
from headrace.later import Later

if TYPE_CHECKING:
    from headrace.documents import to_yaml
else:
    to_yaml = Later("headrace.documents.to_yaml")

# What Terraform takes as a variable's name.
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_NO_LETTERS = re.compile(r"[^A-Za-z0-9]+")


def write(documents: Sequence[Document], form: str) -> str:
    """The documents as one text of a form in FORMS, in their order, which `read` makes the same documents of.

    Secrets are written as references. Raises BadDocument with every member that the form has no place for, and KeyError
    for another form.
    """
    return FORMS[form]([hidden(document) for document in documents])


def _native(documents: Sequence[Document]) -> list[Mapping[str, Any]]:
    return [
        {**each.request, **({"flowStatus": each.state.value} if each.state is not None else {})} for each in documents
    ]


def _json(documents: Sequence[Document]) -> str:
    found = _native(documents)
    return _json_text(found[0] if len(found) == 1 else found)


def _yaml(documents: Sequence[Document]) -> str:
    return to_yaml.to_yaml(_native(documents))


def _template(documents: Sequence[Document]) -> Mapping[str, Any]:
    """A template of CloudFormation; secrets are its parameters."""
    types = {kind: name for name, kind in KINDS.items()}
    resources: dict[str, Any] = {}
    faults: list[Fault] = []
    secrets: dict[str, Any] = {}
    for each in documents:
        pouring = Pouring(CloudFormation(), each)
        properties = _replaced(pouring.request(), partial(_parameter, each.missing, secrets))
        faults.extend(pouring.faults)
        if each.state is not None:
            properties["FlowStatus"] = each.state.value
        name = _fresh(_letters(each.name, each.kind), resources)
        resources[name] = {"Type": types[each.kind], "Properties": properties}
    if faults:
        raise BadDocument(faults)
    parameters = {"Parameters": secrets} if secrets else {}
    return {"AWSTemplateFormatVersion": "2010-09-09", **parameters, "Resources": resources}


def _configuration(documents: Sequence[Document]) -> Mapping[str, Any]:
    """Terraform's configuration in its JSON syntax; secrets are its variables."""
    types = {kind: name for name, kind in TERRAFORM_KINDS.items()}
    resources: dict[str, dict[str, Any]] = {}
    faults: list[Fault] = []
    secrets: dict[str, Any] = {}
    for each in documents:
        if each.kind not in types:
            told = f"{each.kind} {each.name}: Terraform has no resource for it; write json, yaml or cloudformation"
            faults.append(Fault(each.place, told))
            continue
        pouring = Pouring(Terraform(), each)
        body = _replaced(pouring.request(), partial(_variable, each.missing, secrets))
        faults.extend(pouring.faults)
        of_type = resources.setdefault(types[each.kind], {})
        of_type[_fresh(_letters(each.name, each.kind), of_type)] = body
    if faults:
        raise BadDocument(faults)
    return {**({"variable": secrets} if secrets else {}), "resource": resources}


def _parameter(missing: Sequence[str], secrets: dict[str, Any], text: str) -> Any:
    """A reference to a secret as one to a parameter, which is declared; other text as it is."""
    name = reference_of(text)
    if name is None or name not in missing:
        return text
    name = name if name.isascii() and name.isalnum() else _letters(name, "Secret")
    secrets[name] = {"Type": "String", "NoEcho": True}
    return {"Ref": name}


def _variable(missing: Sequence[str], secrets: dict[str, Any], text: str) -> str:
    """A reference to a secret, also one that only CloudFormation follows, as one to a variable, which is declared."""
    name = dynamic_of(text) or reference_of(text.removeprefix("$"))
    if name is None or name not in missing:
        return text
    name = name if _IDENTIFIER.fullmatch(name) else _letters(name, "Secret")
    secrets[name] = {"type": "string", "sensitive": True}
    return f"${{var.{name}}}"


def _replaced(value: Any, text: Callable[[str], Any]) -> Any:
    """The value with every text in it as `text` has it."""
    if is_map(value):
        return {key: _replaced(part, text) for key, part in value.items()}
    if is_list(value):
        return [_replaced(part, text) for part in value]
    return text(value) if isinstance(value, str) else value


def _letters(text: str, otherwise: str) -> str:
    """The text with letters and digits only, a letter first, as logical ids are."""
    found = "".join(word[:1].upper() + word[1:] for word in _NO_LETTERS.split(text)).lstrip("0123456789")
    return found or "".join(map(str.capitalize, otherwise.split()))


def _fresh(name: str, taken: Mapping[str, Any]) -> str:
    if name not in taken:
        return name
    return next(f"{name}{n}" for n in range(2, len(taken) + 3) if f"{name}{n}" not in taken)


def _json_text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


FORMS: Mapping[str, Callable[[Sequence[Document]], str]] = {
    "json": _json,
    "yaml": _yaml,
    "cloudformation": lambda documents: to_yaml.to_yaml([_template(documents)]),
    "cloudformation-json": lambda documents: _json_text(_template(documents)),
    "terraform": lambda documents: _json_text(_configuration(documents)),
}

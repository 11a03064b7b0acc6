"""Documents to text, in every form."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from headrace.documents.cloudformation import KINDS, CloudFormation
from headrace.documents.document import BadDocument, Document, Fault
from headrace.documents.pouring import Pouring
from headrace.documents.references import hidden, reference_of
from headrace.documents.to_yaml import to_yaml
from headrace.documents.tree import is_list, is_map

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
    return to_yaml(_native(documents))


def _template(documents: Sequence[Document]) -> Mapping[str, Any]:
    """A template; secrets are its parameters."""
    types = {kind: name for name, kind in KINDS.items()}
    resources: dict[str, Any] = {}
    faults: list[Fault] = []
    secrets: dict[str, Any] = {}
    for each in documents:
        pouring = Pouring(CloudFormation(), each)
        properties = _with_parameters(pouring.request(), secrets)
        faults.extend(pouring.faults)
        if each.state is not None:
            properties["FlowStatus"] = each.state.value
        resources[_fresh(_letters(each.name, each.kind), resources)] = {
            "Type": types[each.kind],
            "Properties": properties,
        }
    if faults:
        raise BadDocument(faults)
    parameters = {"Parameters": secrets} if secrets else {}
    return {"AWSTemplateFormatVersion": "2010-09-09", **parameters, "Resources": resources}


def _with_parameters(value: Any, secrets: dict[str, Any]) -> Any:
    """The value with references to secrets as references to parameters, which are gathered."""
    if is_map(value):
        return {key: _with_parameters(part, secrets) for key, part in value.items()}
    if is_list(value):
        return [_with_parameters(part, secrets) for part in value]
    name = reference_of(value) if isinstance(value, str) else None
    if name is None:
        return value
    name = _letters(name, "Secret")
    secrets[name] = {"Type": "String", "NoEcho": True}
    return {"Ref": name}


def _letters(text: str, otherwise: str) -> str:
    """The text with letters and digits only, as logical ids are."""
    found = "".join(word[:1].upper() + word[1:] for word in _NO_LETTERS.split(text))
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
    "cloudformation": lambda documents: to_yaml([_template(documents)]),
    "cloudformation-json": lambda documents: _json_text(_template(documents)),
}

"""A file's content to the documents in it, whichever form it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from headrace.documents.cloudformation import is_template, read_template
from headrace.documents.document import BadDocument, Document, Fault, Place
from headrace.documents.from_json import from_json
from headrace.documents.from_yaml import from_yaml
from headrace.documents.native import is_native, read_native
from headrace.documents.references import settled
from headrace.documents.terraform_reading import is_terraform, read_terraform
from headrace.documents.tree import Listed, Mapped, Node, Unreadable

_NOTHING = "there is no flow in it: a flow document is what CreateFlow takes, as JSON or YAML"
_FORMS = (
    "what CreateFlow, CreateConnectorProfile or RegisterConnector take, as JSON or YAML, what describes them,"
    " templates of CloudFormation, and what `terraform show -json` prints"
)
_Form = tuple[Callable[[Node], bool], Callable[[str, Node, Mapping[str, str]], tuple[Document, ...]]]

_READERS: tuple[_Form, ...] = (
    (is_template, read_template),
    (is_terraform, read_terraform),
    (is_native, lambda file, node, _: read_native(file, node)),
)


class UnknownForm(BadDocument):
    """A file that is JSON or YAML and none of the forms that headrace reads."""


def read(file: str, body: bytes, parameters: Mapping[str, str]) -> tuple[Document, ...]:
    """The documents that the content of a file holds, in its order.

    The form is found by the content; `file` is only for messages. `parameters` are values for what a form leaves open.
    Raises UnknownForm for content of another kind, BadDocument with every fault of the first form that fits.
    """
    trees = _trees(file, body)
    if not trees:
        raise UnknownForm([Fault(Place(file), _NOTHING)])
    found: list[Document] = []
    faults: list[Fault] = []
    for tree in trees:
        try:
            found.extend(_documents(file, tree, parameters))
        except UnknownForm:
            raise
        except BadDocument as error:
            faults.extend(error.found)
    if faults:
        raise BadDocument(faults)
    return tuple(found)


def _documents(file: str, tree: Node, parameters: Mapping[str, str]) -> tuple[Document, ...]:
    for fits, reader in _READERS:
        if fits(tree):
            return tuple(settled(document, parameters) for document in reader(file, tree, parameters))
    is_empty = (isinstance(tree, Mapped) and not tree.members) or (isinstance(tree, Listed) and not tree.parts)
    told = _NOTHING if is_empty else f"this is no document that headrace reads; it reads {_FORMS}"
    raise UnknownForm([Fault(Place(file, tree.line), told)])


def _trees(file: str, body: bytes) -> tuple[Node, ...]:
    try:
        text = body.decode("utf-8-sig")
        return (from_json(text),) if text.lstrip()[:1] in {"{", "["} else from_yaml(text)
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise BadDocument([Fault(Place(file, line), "is not UTF-8 text; save it as UTF-8")]) from None
    except Unreadable as error:
        raise BadDocument([Fault(Place(file, error.line), error.message)]) from None

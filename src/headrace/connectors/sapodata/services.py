"""The services of one connector profile: their $metadata, and what they answer to reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headrace.connector_sdk.http.messages import Answer, Request
from headrace.connector_sdk.http.session import Session
from headrace.connector_sdk.http.verdicts import words
from headrace.connectors.sapodata.addresses import Site, split_path
from headrace.connectors.sapodata.edmx import EntitySet, Metadata, parse
from headrace.errors import NotThere, Stop

_JSON = {"accept": "application/json"}
# Of version 4: numbers of many digits as text, which has them all.
_EXACT_JSON = {"accept": "application/json;IEEE754Compatible=true"}
_SHOWN = 30


class Services:
    """Asks one site; `kept` keeps the $metadata of each service for a while."""

    def __init__(self, session: Session, site: Site, kept: Callable[[str, Callable[[], Any]], Any]) -> None:
        self.session = session
        self.site = site
        self._kept = kept

    def fresh(self, service: str) -> Metadata:
        """The service's $metadata, asked for now. Raises Retry or Stop."""
        url = self.site.url(f"{service}/$metadata")
        answer = self.session.send(Request("GET", url, {"accept": "application/xml"}))
        if "html" in answer.kind:
            raise _no_data(answer)
        return parse(answer.body, answer.where)

    def metadata(self, service: str) -> Metadata:
        """The service's $metadata. Raises Retry or Stop."""
        return self._kept(f"metadata {service}", lambda: self.fresh(service))

    def entity_set(self, object_path: str) -> tuple[str, Metadata, EntitySet]:
        """The service, its $metadata and the entity set that an objectPath names. Raises Retry or Stop."""
        service, name = split_path(object_path, self.site.default_service)
        metadata = self.metadata(service)
        found = metadata.entity_sets.get(name)
        if found is None:
            names = sorted(metadata.entity_sets)
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            raise NotThere(
                f"The service {service} has no entity set {name}: it has {', '.join(names[:_SHOWN]) or 'none'}{more}."
            )
        return service, metadata, found

    def get(self, url: str, metadata: Metadata, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to a read, which is JSON or no data at all. Raises Retry or Stop."""
        wanted = _EXACT_JSON if metadata.version == "V4" else _JSON
        answer = self.session.send(Request("GET", url, {**wanted, **(headers or {})}))
        if "html" in answer.kind:
            raise _no_data(answer)
        return answer


def _no_data(answer: Answer) -> Stop:
    return Stop(
        f"{answer.where} answered {words(answer)}, no data: a page to log in with, most likely. With single sign-on set"
        " up in SAP, set disableSSO in the connector profile."
    )

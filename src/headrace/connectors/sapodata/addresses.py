"""Where a profile's services and their entity sets lie: paths, and URLs of the profile's own host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

from headrace.connector_sdk.records import Connection
from headrace.errors import Stop

# What stays as it is in a path: some services have `;v=2` in theirs, keys have `('x',y=1)`.
_IN_A_PATH = "/;:@=,()'!$&*+~%-._"
_IN_A_QUERY = "$,()'/:*-._~="


@dataclass(frozen=True, slots=True)
class Site:
    """The host of a connector profile; `fixed` goes along with every request, as SAP Gateway reads it."""

    origin: str
    default_service: str
    fixed: Mapping[str, str]

    @classmethod
    def of(cls, connection: Connection, base_url: str | None = None) -> Site:
        """The host that the profile names, `base_url` in its place if given. Raises Stop where its URL is none."""
        given = connection.properties
        host, port = given["applicationHostUrl"], given["portNumber"]
        parts = urlsplit(host)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.username:
            raise Stop(
                f"applicationHostUrl is {host!r}: write the scheme and the host alone, such as https://sap.example.com,"
                " and the port as portNumber."
            )
        name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        fixed = {"sap-client": given["clientNumber"], "sap-language": given.get("logonLanguage", "")}
        # SAP's own switch: answer a wrong password by a status instead of leading to a page of single sign-on.
        fixed["saml2"] = "disabled" if given.get("disableSSO") == "true" else ""
        return cls(
            base_url or f"{parts.scheme}://{name}:{port}{parts.path.rstrip('/')}",
            service_path(given["applicationServicePath"]),
            {name: text for name, text in fixed.items() if text},
        )

    def url(self, path: str, params: Mapping[str, str] | None = None) -> str:
        """The URL of a path of the host, with the parameters and those that every request has."""
        every = {**(params or {}), **self.fixed}
        query = "&".join(f"{quote(name, safe='$')}={quote(text, safe=_IN_A_QUERY)}" for name, text in every.items())
        return f"{self.origin}{quote(path, safe=_IN_A_PATH)}?{query}"

    def followed(self, link: str, *, asked: str, service: str, is_lenient: bool) -> str:
        """The URL of the next page that the answer to `asked` names.

        A relative link is below the URL that was asked. Of an absolute one that names another host, only its path
        and query are used, on the profile's own host, if `is_lenient`: services of version 2 write the name they
        know themselves by, which behind a proxy is not the one they are reached by. It must lie below the path of
        the service. Raises Stop for every other link: credentials go to the profile's host only.
        """
        url = urljoin(asked, link)
        parts, own = urlsplit(url), urlsplit(self.origin)
        if (parts.scheme, parts.netloc) != (own.scheme, own.netloc):
            if not is_lenient or not parts.path.startswith(f"{own.path}{service}/"):
                raise Stop(
                    f"The service {service} names the next page on another host, {parts.scheme}://{parts.netloc}"
                    f"{parts.path}: credentials go to {self.origin} only. If that is the right host, write it as"
                    " applicationHostUrl."
                )
            url = f"{own.scheme}://{own.netloc}{parts.path}{'?' + parts.query if parts.query else ''}"
        return self._with_fixed(url)

    def _with_fixed(self, url: str) -> str:
        """The URL with what every request has, where the link left it out."""
        held = {name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
        missing = "&".join(f"{name}={quote(text)}" for name, text in self.fixed.items() if name not in held)
        return f"{url}{'&' if '?' in url else '?'}{missing}" if missing else url


def service_path(path: str) -> str:
    """The path with a slash at its beginning and none at its end. Raises Stop for what is no plain path."""
    parts = path.split("/")
    if "?" in path or "#" in path or "\\" in path or not {".", ".."}.isdisjoint(parts) or not path.isprintable():
        raise Stop(f"{path!r} is no path of a service: write one like /sap/opu/odata/sap/API_SALES_ORDER_SRV.")
    return "/" + "/".join(part for part in parts if part)


def split_path(object_path: str, default_service: str) -> tuple[str, str]:
    """The path of the service and the name of the entity set that an objectPath names.

    A name alone is an entity set of `default_service`. Raises Stop where it can't be one.
    """
    whole = service_path(object_path)
    service, _, name = whole.rpartition("/")
    if not name:
        raise Stop(
            f"{object_path!r} names no entity set: write one like /sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder."
        )
    return (service, name) if service or "/" in object_path else (default_service, name)

"""Where the service is: the address that was given, else the region's at AWS."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from headrace.client.errors import NoEndpoint

# For signatures only, where an address was given and no region: headrace takes any.
_ANY_REGION = "us-east-1"
_NAMES = ("AWS_ENDPOINT_URL_APPFLOW", "AWS_ENDPOINT_URL")
_YES = frozenset({"1", "true", "yes", "on"})


# Each separate AWS, by how the names of its regions begin (the last one has all others): the domain of its services,
# and the one where they answer by IPv6 too.
_PARTITIONS = (
    ("cn-", ("amazonaws.com.cn", "api.amazonwebservices.com.cn")),
    ("us-isob-", ("sc2s.sgov.gov", "api.aws.scloud")),
    ("us-isof-", ("csp.hci.ic.gov", "api.aws.hci.ic.gov")),
    ("us-iso-", ("c2s.ic.gov", "api.aws.ic.gov")),
    ("eu-isoe-", ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk")),
    ("eusc-", ("amazonaws.eu", "api.amazonwebservices.eu")),
    ("", ("amazonaws.com", "api.aws")),
)


class Endpoint:
    """An address without a slash at its end, the region to sign for, and whether it is AWS's own."""

    def __init__(self, url: str, region: str, *, is_aws: bool) -> None:
        self.url = url
        self.region = region
        self.is_aws = is_aws


def endpoint(
    environment: Mapping[str, str],
    *,
    url: str | None = None,
    region: str | None = None,
    use_fips: bool | None = None,
    use_dualstack: bool | None = None,
) -> Endpoint | None:
    """The endpoint; None where there is neither an address nor a region. Raises NoEndpoint for what is no address."""
    region = region or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    ignores = _says_yes(environment, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
    configured = () if ignores else (environment.get(name) for name in _NAMES)
    found = url or next(filter(None, configured), None)
    if found:
        return Endpoint(_checked(found), region or _ANY_REGION, is_aws=is_aws(found))
    if not region:
        return None
    is_fips = _says_yes(environment, "AWS_USE_FIPS_ENDPOINT") if use_fips is None else use_fips
    is_dual = _says_yes(environment, "AWS_USE_DUALSTACK_ENDPOINT") if use_dualstack is None else use_dualstack
    return Endpoint(f"https://{region_host(region, is_fips=is_fips, is_dual=is_dual)}", region, is_aws=True)


def region_host(region: str, *, is_fips: bool = False, is_dual: bool = False) -> str:
    """The host of AppFlow in a region of AWS. Raises NoEndpoint for what is no region."""
    if not all(part.isascii() and part.isalnum() for part in region.split("-")):
        raise NoEndpoint(f"{region!r} is no region: write one such as us-east-1")
    domain, dual = next(found for start, found in _PARTITIONS if region.startswith(start))
    return f"appflow{'-fips' if is_fips else ''}.{region}.{dual if is_dual else domain}"


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_plain = url.isascii() and url.isprintable() and not set(url) & {" ", "?", "#"}
        is_good = is_plain and parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        raise NoEndpoint(f"{url!r} is no address: write one such as http://127.0.0.1:8080")
    return url.rstrip("/")


def is_aws(url: str) -> bool:
    """Whether the address is one of AWS's own."""
    host = urlsplit(url).hostname or ""
    return any(host.endswith(f".{domain}") for _, known in _PARTITIONS for domain in known)


def _says_yes(environment: Mapping[str, str], name: str) -> bool:
    return environment.get(name, "").lower() in _YES

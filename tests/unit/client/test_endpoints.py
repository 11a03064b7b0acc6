"""Where calls go: what is given first, then the environment, then AWS's hosts, all of them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.regions import EndpointRulesetResolver
from botocore.session import Session

from headrace.client import AsyncClient, Client, NoEndpoint
from headrace.client.endpoints import endpoint, region_host

KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
PARTITIONS = Loader().load_data("partitions")["partitions"]
REGIONS = sorted(name for one in PARTITIONS for name in one["regions"] if "global" not in name)


@pytest.fixture(name="botocore", scope="module")
def ruleset() -> EndpointRulesetResolver:
    session = Session()
    loader = session.get_component("data_loader")
    rules = loader.load_service_model("appflow", "endpoint-rule-set-1")
    service: Any = session.get_service_model("appflow")
    return EndpointRulesetResolver(
        endpoint_ruleset_data=rules,
        partition_data=loader.load_data("partitions"),
        service_model=service,
        builtins={},
        client_context=None,
        event_emitter=session.get_component("event_emitter"),
    )


@pytest.mark.parametrize("is_dual", [False, True])
@pytest.mark.parametrize("is_fips", [False, True])
def test_the_hosts_of_all_regions_are_those_of_botocore(
    botocore: EndpointRulesetResolver, *, is_fips: bool, is_dual: bool
) -> None:
    provider: Any = botocore._provider
    for region in REGIONS:
        theirs = provider.resolve_endpoint(Region=region, UseFIPS=is_fips, UseDualStack=is_dual).url
        assert f"https://{region_host(region, is_fips=is_fips, is_dual=is_dual)}" == theirs


@pytest.mark.parametrize(
    "environment, given, url, region",
    [
        ({"AWS_REGION": "eu-west-1"}, {}, "https://appflow.eu-west-1.amazonaws.com", "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, {}, "https://appflow.eu-west-1.amazonaws.com", "eu-west-1"),
        (
            {"AWS_REGION": "eu-west-1"},
            {"region": "cn-north-1"},
            "https://appflow.cn-north-1.amazonaws.com.cn",
            "cn-north-1",
        ),
        ({"AWS_ENDPOINT_URL": "http://a"}, {}, "http://a", "us-east-1"),
        ({"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_APPFLOW": "http://b/"}, {}, "http://b", "us-east-1"),
        ({"AWS_ENDPOINT_URL_APPFLOW": "http://b"}, {"url": "http://c:1/x/"}, "http://c:1/x", "us-east-1"),
        (
            {"AWS_ENDPOINT_URL": "http://a", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_REGION": "eu-west-1"},
            {},
            "https://appflow.eu-west-1.amazonaws.com",
            "eu-west-1",
        ),
        (
            {"AWS_REGION": "us-gov-west-1", "AWS_USE_FIPS_ENDPOINT": "true"},
            {},
            "https://appflow-fips.us-gov-west-1.amazonaws.com",
            "us-gov-west-1",
        ),
        (
            {"AWS_REGION": "us-east-1", "AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
            {"use_fips": False},
            "https://appflow.us-east-1.api.aws",
            "us-east-1",
        ),
    ],
)
def test_what_is_nearer_counts_more(environment: dict[str, str], given: dict[str, Any], url: str, region: str) -> None:
    found = endpoint(environment, **given)
    assert found is not None
    assert (found.url, found.region) == (url, region)


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8080",
        "ftp://h",
        "http://",
        "http://h:0",
        "http://h:99999",
        "http://[::1",
        "http://h?a=b",
        "http://h/ä",
        "http://h/a b",
        "http://h\n",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(NoEndpoint, match="is no address: write one such as"):
        Client(endpoint_url=url, environment=KEYS)


@pytest.mark.parametrize("region", ["us east", "evil.com/#", "us-east-1.evil.com", "", "münchen-1"])
def test_what_is_no_region_never_becomes_a_host(region: str) -> None:
    with pytest.raises(NoEndpoint, match="is no region"):
        region_host(region)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_client_says_where_its_calls_go(kind: type[Client]) -> None:
    client = kind(region="eu-central-1", environment=KEYS)
    assert (client.endpoint_url, client.region) == ("https://appflow.eu-central-1.amazonaws.com", "eu-central-1")

"""Settings: defaults, every value, and every fault at once."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from headrace.errors import SettingsError
from headrace.settings import MIB, Settings

BAD = {
    "HEADRACE_HOST": "http://somewhere",
    "HEADRACE_PORT": "65536",
    "HEADRACE_ACCOUNT": "12345",
    "HEADRACE_REGION": "Ohio",
    "HEADRACE_AUTH": "off",
    "HEADRACE_ALLOW_OPEN": "perhaps",
    "HEADRACE_LIMITS": "some",
    "HEADRACE_BODY_LIMIT": "12",
    "HEADRACE_PARALLEL_RUNS": "2",
    "HEADRACE_EXECUTIONS_KEPT": "0",
    "HEADRACE_CONCURRENT_EXECUTIONS": "-1",
    "HEADRACE_MEMORY_LIMIT": "1MiB",
    "HEADRACE_THREADS": "1.5",
    "HEADRACE_LEASE": "1",
    "HEADRACE_DRAIN": "for ever",
    "HEADRACE_BUCKETS": "raw=ftp://x",
    "HEADRACE_REJECTS": "rejects",
    "HEADRACE_LOG": "xml",
    "HEADRACE_LOG_LEVEL": "loud",
    "AWS_ENDPOINT_URL_S3": "localhost:9000",
}


def test_nothing_set_gives_a_service_for_this_machine_alone() -> None:
    settings = Settings.from_environment({})

    assert (settings.host, settings.port, settings.auth, settings.limits) == ("127.0.0.1", 8080, "open", "none")
    assert settings.data == Path.home() / ".headrace"
    assert settings.buckets == {}
    assert settings.s3_endpoint is None
    assert 0 < settings.memory_limit_bytes <= 448 * MIB


def test_the_dataclass_and_an_empty_environment_have_the_same_defaults() -> None:
    assert Settings.from_environment({}, data=Path("/d")) == Settings(data=Path("/d"))


def test_every_bad_value_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(BAD)

    lines = caught.value.message.splitlines()
    assert sorted(line.split("=")[0] for line in lines) == sorted(BAD)


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_bad_value_is_told_with_what_was_given_and_what_is_allowed(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({name: BAD[name]})

    assert caught.value.message.startswith(f"{name}={BAD[name]!r}: ")
    assert "allowed" in caught.value.message


def test_a_variable_set_to_nothing_counts_as_not_set() -> None:
    assert Settings.from_environment(dict.fromkeys(BAD, "")) == Settings.from_environment({})


def test_the_command_line_wins_over_the_environment() -> None:
    environment = {"HEADRACE_DATA": "/a", "HEADRACE_HOST": "127.0.0.2", "HEADRACE_PORT": "1"}

    settings = Settings.from_environment(environment, data=Path("/b"), host="::1", port=0)

    assert (settings.data, settings.host, settings.port) == (Path("/b"), "::1", 0)


def test_a_port_of_the_command_line_is_checked_too() -> None:
    with pytest.raises(SettingsError, match="HEADRACE_PORT='70000'"):
        Settings.from_environment({}, port=70000)


def test_a_data_folder_is_made_absolute_and_a_tilde_is_the_home_folder() -> None:
    assert Settings.from_environment({"HEADRACE_DATA": "~/x"}).data == Path.home() / "x"
    assert Settings.from_environment({"HEADRACE_DATA": "x"}).data == Path.cwd() / "x"


@pytest.mark.parametrize(
    "names",
    [
        ("HEADRACE_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"),
        ("AWS_REGION", "AWS_DEFAULT_REGION"),
        ("AWS_DEFAULT_REGION",),
    ],
)
def test_the_region_comes_from_the_first_of_three_names(names: tuple[str, ...]) -> None:
    environment = {name: f"eu-west-{number}" for number, name in enumerate(names, start=1)}

    assert Settings.from_environment(environment).region == "eu-west-1"


@pytest.mark.parametrize(
    "given, size_bytes",
    [("67108864", 64 * MIB), ("512MiB", 512 * MIB), ("1 GB", 10**9), ("2gib", 2048 * MIB), ("100000 kb", 10**8)],
)
def test_a_size_may_have_a_unit(given: str, size_bytes: int) -> None:
    assert Settings.from_environment({"HEADRACE_MEMORY_LIMIT": given}).memory_limit_bytes == size_bytes


def test_buckets_are_read_in_order() -> None:
    given = "raw=gs://x/y, lake=file:///data/lake,\n*=s3://,"

    assert dict(Settings.from_environment({"HEADRACE_BUCKETS": given}).buckets) == {
        "raw": "gs://x/y",
        "lake": "file:///data/lake",
        "*": "s3://",
    }


@pytest.mark.parametrize(
    "given, fault",
    [
        ("raw=gs://x,raw=gs://y", "bucket 'raw' is mapped twice"),
        ("r=gs://x", "'r' is no bucket"),
        ("raw", "bucket 'raw' lies at ''"),
        ("=s3://", "'' is no bucket"),
        ("raw=file://host/x", "a file URL holds an absolute path"),
        ("raw=file:///", "a file URL holds an absolute path"),
        ("raw=/data", "URLs that begin with s3://"),
    ],
)
def test_a_bucket_that_lies_nowhere_is_refused(given: str, fault: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"HEADRACE_BUCKETS": given})

    assert fault in caught.value.message


def test_every_fault_of_a_bucket_list_is_told() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"HEADRACE_BUCKETS": "r=gs://x,raw=ftp://x"})

    assert "'r' is no bucket" in caught.value.message
    assert "'ftp://x'" in caught.value.message


def test_applications_may_answer_elsewhere() -> None:
    given = "Slack=http://127.0.0.1:8081/, Amplitude=https://proxy.example/amplitude"

    assert dict(Settings.from_environment({"HEADRACE_CONNECTOR_URLS": given}).connector_urls) == {
        "Slack": "http://127.0.0.1:8081",
        "Amplitude": "https://proxy.example/amplitude",
    }


@pytest.mark.parametrize(
    "given, fault",
    [
        ("Slack=http://a,Slack=http://b", "'Slack' is mapped twice"),
        ("Slack", "'Slack': allowed is a connectorType and a URL"),
        ("=http://a", "allowed is a connectorType and a URL"),
        ("Slack=ftp://a", "allowed is a connectorType and a URL"),
        ("Slack=http://", "allowed is a connectorType and a URL"),
    ],
)
def test_an_application_that_answers_nowhere_is_refused(given: str, fault: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"HEADRACE_CONNECTOR_URLS": given})

    assert fault in caught.value.message


def test_who_is_told_of_runs_is_a_list_of_places() -> None:
    secret = "whsec_" + b64encode(b"k" * 32).decode()
    given = "file:///var/log/flows.jsonl, https://hooks.example/x,eventbridge:default"

    settings = Settings.from_environment({"HEADRACE_NOTIFY": given, "HEADRACE_NOTIFY_SECRET": secret})

    assert settings.notify == ("file:///var/log/flows.jsonl", "https://hooks.example/x", "eventbridge:default")
    assert settings.notify_secret == b"k" * 32
    assert "hooks.example" not in repr(settings)
    assert "kkk" not in repr(settings)


@pytest.mark.parametrize(
    "given, fault",
    [
        ("file://relative/planted", "place 1 is no file"),
        ("file:///", "place 1 is no file"),
        ("file:///planted/", "place 1 is no file"),
        ("file:///a,ftp://planted", "place 2 is none that is known"),
        ("https:///planted", "place 1 is none that is known"),
        ("https://me:planted@host/", "place 1 holds a user or a password"),
        ("eventbridge:", "place 1 names no event bus"),
        ("eventbridge:two planted", "place 1 names no event bus"),
        ("file:///planted,file:///planted", "named twice"),
    ],
)
def test_a_place_that_cannot_be_told_is_refused_and_not_shown(given: str, fault: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"HEADRACE_NOTIFY": given})

    assert caught.value.message.startswith("HEADRACE_NOTIFY: ")
    assert fault in caught.value.message
    assert "planted" not in caught.value.message


def test_who_may_read_the_metrics_bears_a_token() -> None:
    settings = Settings.from_environment(
        {"HEADRACE_METRICS_TOKEN": "planted-0123456789", "HEADRACE_METRICS_FLOWS": "0"}
    )

    assert (settings.metrics_token, settings.metrics_flows) == ("planted-0123456789", 0)
    assert "planted" not in repr(settings)


@pytest.mark.parametrize("given", ["planted", "planted 0123456789", "planted-012345678\u00e9", "planted" * 100])
def test_a_token_that_is_none_is_refused_and_not_shown(given: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"HEADRACE_METRICS_TOKEN": given})

    assert "HEADRACE_METRICS_TOKEN: allowed are 16 to 512" in caught.value.message
    assert "planted" not in caught.value.message


@pytest.mark.parametrize("given", ["planted", "whsec_planted!", "whsec_cGxhbnRlZA==", b64encode(b"k" * 32).decode()])
def test_a_secret_that_signs_nothing_is_refused_and_not_shown(given: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"HEADRACE_NOTIFY_SECRET": given})

    assert "HEADRACE_NOTIFY_SECRET: allowed is whsec_" in caught.value.message
    assert given not in caught.value.message


def test_only_the_endpoint_of_s3_moves_buckets() -> None:
    environment = {"AWS_ENDPOINT_URL": "http://a:1", "AWS_ENDPOINT_URL_S3": "https://b:2/"}

    assert Settings.from_environment(environment).s3_endpoint == "https://b:2"
    assert Settings.from_environment({"AWS_ENDPOINT_URL": "http://a:1"}).s3_endpoint is None


def test_log_lines_are_text_on_a_terminal_and_json_elsewhere() -> None:
    assert Settings.from_environment({}, is_terminal=True).log_format == "text"
    assert Settings.from_environment({}, is_terminal=False).log_format == "json"
    assert Settings.from_environment({"HEADRACE_LOG": "json"}, is_terminal=True).log_format == "json"


def test_the_key_is_not_shown() -> None:
    assert "hunter2" not in repr(Settings.from_environment({"HEADRACE_KEY": "hunter2"}))


def test_every_setting_is_documented() -> None:
    root = Path(__file__).parents[2]
    source = (root / "src/headrace/settings.py").read_text("utf-8")
    names = set(re.findall(r"\"((?:HEADRACE|AWS)_[A-Z0-9_]+)\"", source))
    documented = (root / "docs/settings.md").read_text("utf-8")

    assert len(names) >= 20
    assert [name for name in sorted(names) if f"`{name}`" not in documented] == []


@pytest.mark.parametrize("url", ["sqlite:///headrace.db", "mysql://u:planted@h/d", "/data/headrace.db"])
def test_a_database_of_another_kind_is_refused_without_its_url(url: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({"HEADRACE_DATABASE_URL": url})
    assert "allowed is the URL of a PostgreSQL database" in str(raised.value)
    assert url not in str(raised.value)
    assert "planted" not in str(raised.value)


def test_the_url_of_the_database_is_not_shown() -> None:
    chosen = Settings.from_environment({}, database_url="postgresql://u:planted@h/d")
    assert chosen.database_url == "postgresql://u:planted@h/d"
    assert "planted" not in repr(chosen)


@pytest.mark.parametrize(
    "given, url",
    [
        ("/var/a b", "file:///var/a%20b"),
        ("file:///var/x", "file:///var/x"),
        ("s3://mine/rejects/", "s3://mine/rejects"),
    ],
)
def test_rejects_lie_in_a_folder_or_an_object_store(given: str, url: str) -> None:
    assert Settings.from_environment({"HEADRACE_REJECTS": given}).rejects == url


@pytest.mark.parametrize(
    "given, words",
    [("s3://", "names a bucket"), ("s3://me:pw@mine/x", "credentials come from"), ("file://x", "absolute")],
)
def test_a_place_that_can_not_be_one_is_refused_in_words(given: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        Settings.from_environment({"HEADRACE_REJECTS": given})


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not bind threads to processors")
def test_the_engine_has_a_thread_for_each_of_the_cpus_that_the_process_may_use() -> None:
    def on_one() -> int:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        return Settings.from_environment({}).threads

    # The thread alone is bound, and ends.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(on_one).result() == 1

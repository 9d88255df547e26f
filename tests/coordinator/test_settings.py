"""From file, variables and flags to settings, with every mistake at its place."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.settings import EXAMPLES, Settings, describe_settings, is_loopback, live_settings, notices
from coordinator.settings_sources import Loaded, SettingProblem, SettingsInvalid, load_settings

CANARY = "hunter2canary"


def load(tmp_path: Path, text: str = "", environ: dict[str, str] | None = None, **flags: object) -> Loaded:
    if text:
        (tmp_path / "headrace.yaml").write_text(text)
    return load_settings(flags, environ or {}, directory=tmp_path)


def problems(tmp_path: Path, text: str = "", environ: dict[str, str] | None = None, **flags: object) -> list[str]:
    with pytest.raises(SettingsInvalid) as caught:
        load(tmp_path, text, environ, **flags)
    return [str(problem) for problem in caught.value.problems]


def test_without_any_source_the_defaults_suit_one_person_on_one_machine(tmp_path: Path) -> None:
    loaded = load(tmp_path)

    assert loaded.origins == {}
    assert loaded.settings == Settings(database_url=f"sqlite:///{tmp_path}/data/headrace.db")


def test_each_source_stands_above_the_one_before(tmp_path: Path) -> None:
    text = "port: 1\nresync_seconds: 1\nhistory: off\nlog_level: debug\n"
    environ = {"HEADRACE_PORT": "2", "HEADRACE_RESYNC_SECONDS": "2", "HEADRACE_HISTORY": "outcome"}
    (tmp_path / "headrace.yaml").write_text(text)

    loaded = load_settings(
        {"port": 3, "resync_seconds": "3", "host": None},
        environ,
        stored={"history": "full", "history_days": 7},
        directory=tmp_path,
    )

    settings = loaded.settings
    assert (settings.port, settings.resync_seconds, settings.history) == (3, 3.0, "outcome")
    assert (settings.log_level, settings.history_days) == ("debug", 7)
    assert loaded.origins == {
        "port": "--port",
        "resync_seconds": "--resync-seconds",
        "history": "HEADRACE_HISTORY",
        "log_level": "headrace.yaml:4:1",
        "history_days": "settings page",
    }


@pytest.mark.parametrize(
    ("variable", "raw", "name", "value"),
    [
        ("HEADRACE_REQUIRE_AUTH", "true", "require_auth", True),
        ("HEADRACE_REQUIRE_AUTH", "0", "require_auth", False),
        ("HEADRACE_TOKEN_IN_QUERY", "Off", "token_in_query", False),
        ("HEADRACE_CALL_TIMEOUT", "2m", "call_timeout", 120.0),
        ("HEADRACE_CALL_TIMEOUT", "90", "call_timeout", 90.0),
        ("HEADRACE_ALLOWED_HOSTS", "a.example, x.b.example", "allowed_hosts", ("a.example", "x.b.example")),
        ("HEADRACE_PORT", " 9 ", "port", 9),
        ("HEADRACE_HISTORY", "off", "history", "off"),
    ],
)
def test_a_variable_is_read_as_the_type_of_its_setting(
    tmp_path: Path, variable: str, raw: str, name: str, value: object
) -> None:
    assert getattr(load(tmp_path, environ={variable: raw}).settings, name) == value


def test_all_mistakes_are_reported_at_once_each_at_its_place(tmp_path: Path) -> None:
    text = "prot: 80\nport: 99999\nhistory: some\nrequire_auth: maybe\ncall_timeout: soon\n"
    environ = {"HEADRACE_HOTS": "x", "HEADRACE_MAX_BODY_BYTES": "big", "PATH": "/bin"}

    assert problems(tmp_path, text, environ, log_level="loud") == [
        "headrace.yaml:1:1: Unknown setting 'prot'. Did you mean 'port'?   [settings.unknown]",
        "headrace.yaml:2:1: port is a whole number from 0 to 65535, not '99999'.   [settings.wrong-value]",
        "headrace.yaml:3:1: history is one of: off, outcome, full, not 'some'.   [settings.wrong-value]",
        "headrace.yaml:4:1: require_auth is true or false, not 'maybe'.   [settings.wrong-value]",
        "headrace.yaml:5:1: call_timeout is a duration such as 500ms, 5s, 2m or a number of seconds, not 'soon'."
        "   [settings.wrong-value]",
        "HEADRACE_HOTS: Unknown variable. Did you mean 'HEADRACE_HOST'?   [settings.unknown]",
        "HEADRACE_MAX_BODY_BYTES: max_body_bytes is a whole number from 1024 to 1073741824, not 'big'."
        "   [settings.wrong-value]",
        "--log-level: log_level is one of: debug, info, warning, error, not 'loud'.   [settings.wrong-value]",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("port: [", ["headrace.yaml:1:8: "]),
        ("- port", ["headrace.yaml:1:1: The file holds a mapping of settings to values."]),
        ("port: 1\nport: 2\n", ["headrace.yaml:2:1: "]),
    ],
    ids=["syntax", "a list", "twice"],
)
def test_a_file_that_is_no_mapping_is_a_problem_with_a_place(tmp_path: Path, text: str, expected: list[str]) -> None:
    found = problems(tmp_path, text)

    assert [problem[: len(start)] for problem, start in zip(found, expected, strict=True)] == expected


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, "# nothing yet\n").origins == {}


def test_a_file_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    assert problems(tmp_path, environ={"HEADRACE_CONFIG": "other.yaml"}) == [
        "other.yaml: There is no such file. Create it, or unset HEADRACE_CONFIG and --config.   [settings.no-file]"
    ]


def test_paths_in_the_file_start_where_the_file_is(tmp_path: Path) -> None:
    (tmp_path / "etc" / "tools").mkdir(parents=True)
    (tmp_path / "etc" / "my.yaml").write_text("data: state\nflows: tools\n")

    settings = load(tmp_path, environ={"HEADRACE_CONFIG": "etc/my.yaml"}).settings

    assert settings.data == str(tmp_path / "etc" / "state")
    assert settings.flows == str(tmp_path / "etc" / "tools")
    assert settings.database_url == f"sqlite:///{tmp_path}/etc/state/headrace.db"


def test_listening_to_others_turns_authentication_on_and_loopback_off(tmp_path: Path) -> None:
    settings = load(tmp_path, host="0.0.0.0").settings

    assert (settings.is_local, settings.require_auth, settings.allow_loopback) == (False, True, False)


@pytest.mark.parametrize(
    "setting",
    [
        {"public_url": "https://tools.example.com/headrace"},
        {"public_url": "http://10.0.0.5:8443"},
        {"allowed_hosts": "tools.example.com:443"},
        {"trusted_proxies": "127.0.0.1"},
    ],
    ids=str,
)
def test_a_proxy_that_brings_requests_of_others_turns_authentication_on(
    tmp_path: Path, setting: dict[str, str]
) -> None:
    assert load(tmp_path, **setting).settings.require_auth is True
    assert "past the proxy" in notices(load(tmp_path, **setting, require_auth=False).settings)[0]


@pytest.mark.parametrize("url", ["http://localhost:9000", "http://127.0.0.1", "http://[::1]:8080/"])
def test_a_public_url_of_this_machine_changes_nothing(tmp_path: Path, url: str) -> None:
    assert load(tmp_path, public_url=url).settings.require_auth is False


def test_listening_to_others_without_authentication_is_refused_with_the_way_out(tmp_path: Path) -> None:
    assert problems(tmp_path, "require_auth: false\n", host="0.0.0.0") == [
        "headrace.yaml:1:1: Other machines can reach 0.0.0.0, so calls must bring a token, but require_auth is off. "
        "Leave require_auth on and make a token with `headrace token create`, or listen on 127.0.0.1."
        "   [settings.open-to-network]"
    ]


def test_a_nats_on_the_network_that_is_not_told_who_we_are_is_refused(tmp_path: Path) -> None:
    open_to_all = "nats://127.0.0.1:4222, nats://10.0.0.5:4222"

    assert problems(tmp_path, environ={"HEADRACE_NATS_URL": open_to_all}) == [
        "HEADRACE_NATS_URL: Others can reach NATS at 127.0.0.1:4222, 10.0.0.5:4222, so it has to ask who is there. "
        "Give it users, and name one with nats_user and nats_password, nats_token, nats_credentials, or nats_cert."
        "   [settings.nats-open]"
    ]
    for known in ({"nats_user": "me"}, {"nats_token": "t"}, {"nats_url": "nats://me:pw@10.0.0.5"}):
        assert load(tmp_path, environ={"HEADRACE_NATS_URL": open_to_all}, **known).settings.nats is not None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST"])
def test_a_loopback_address_is_local(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.com", "127.0.0.1.example", ""])
def test_any_other_address_is_not(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"public_url": "tools.example.com"}, "public_url is a URL such as https://tools.example.com, not "),
        ({"allowed_origins": "https://a.example/x"}, "allowed_origins names origins such as "),
        ({"allowed_hosts": "https://a.example"}, "allowed_hosts names hosts such as tools.example.com, not "),
        (
            {"allowed_hosts": "*.a.example"},
            "allowed_hosts names hosts such as tools.example.com, not '*.a.example'. Name each host by itself.",
        ),
        ({"trusted_proxies": "proxy"}, "trusted_proxies names addresses such as 10.0.0.5 or 10.0.0.0/8, "),
        ({"database_url": "mysql://x"}, "database_url starts with sqlite:// or postgresql://, not with 'mysql'."),
        ({"flows": "nowhere"}, "There is no directory 'nowhere'. Create it, or name another one."),
        ({"connections": {"shop": "x"}}, "Connection 'shop' is a URL such as "),
        ({"nats_url": "10.0.0.5:4222"}, "nats_url is a URL such as nats://10.0.0.5:4222 "),
        ({"nats_ca": "nowhere.pem"}, "There is no file 'nowhere.pem'. Create it, or name another one."),
        ({"connections": {"1": "sqlite://"}}, "A connection's name has letters, digits, _ and -, "),
    ],
)
def test_forms_are_checked(tmp_path: Path, flags: dict[str, object], message: str) -> None:
    (found,) = problems(tmp_path, **flags)

    assert found.partition(": ")[2].startswith(message)


def test_a_service_called_headrace_in_kubernetes_is_no_mistake(tmp_path: Path) -> None:
    environ = {
        "HEADRACE_SERVICE_HOST": "10.0.0.1",
        "HEADRACE_SERVICE_PORT": "8080",
        "HEADRACE_SERVICE_PORT_HTTP": "8080",
        "HEADRACE_PORT": "tcp://10.0.0.1:8080",
        "HEADRACE_PORT_8080_TCP": "tcp://10.0.0.1:8080",
        "HEADRACE_PORT_8080_TCP_ADDR": "10.0.0.1",
    }

    assert load(tmp_path, environ=environ).settings.port == 8080


def test_connections_come_from_file_and_variables_and_are_never_shown(tmp_path: Path) -> None:
    text = f"connections:\n  shop: postgresql://me:{CANARY}@db/shop\n"
    loaded = load(
        tmp_path,
        text,
        {"HEADRACE_CONNECTION_LOG": f"sqlite:///x?key={CANARY}"},
        database_url=f"postgresql://x:{CANARY}@db/y",
        nats_url=f"nats://x:{CANARY}@127.0.0.1",
        nats_password=CANARY,
        nats_token=CANARY,
    )

    assert loaded.settings.connections == {
        "shop": f"postgresql://me:{CANARY}@db/shop",
        "log": f"sqlite:///x?key={CANARY}",
    }
    everything = f"{loaded!r} {loaded.settings!r} {loaded.settings.shown()} {loaded.settings.__rich_repr__()}"
    assert CANARY not in everything
    assert loaded.settings.shown()["connections"] == {"shop": "[redacted]", "log": "[redacted]"}


def test_a_wrong_secret_is_not_repeated_in_the_message(tmp_path: Path) -> None:
    assert problems(tmp_path, f"connections: {CANARY}\ndatabase_url: [{CANARY}]\n") == [
        "headrace.yaml:1:1: connections is a mapping of names to URLs.   [settings.wrong-value]",
        "headrace.yaml:2:1: database_url is text.   [settings.wrong-value]",
    ]


def test_flows_beside_us_are_taken_but_not_the_python_package(tmp_path: Path) -> None:
    assert load(tmp_path).settings.flows == str(EXAMPLES)

    (tmp_path / "flows").mkdir()
    assert load(tmp_path).settings.flows == str(tmp_path / "flows")

    (tmp_path / "flows" / "__init__.py").touch()
    assert load(tmp_path).settings.flows == str(EXAMPLES)


def test_every_setting_is_described_and_they_are_few() -> None:
    docs = describe_settings()

    assert len(docs) < 40
    assert all(doc.description.endswith(".") and doc.default and doc.type for doc in docs)
    assert {doc.name for doc in docs if doc.is_secret} == {
        "database_url",
        "connections",
        "nats_url",
        "nats_password",
        "nats_token",
    }
    assert "history" in live_settings()
    assert "port" not in live_settings()


def test_what_is_open_is_said_at_start(tmp_path: Path) -> None:
    assert notices(load(tmp_path).settings) == [
        "Calls need no token, because only this machine can reach the server (HEADRACE_REQUIRE_AUTH).",
        "Flows may connect to services on this machine (HEADRACE_ALLOW_LOOPBACK).",
    ]
    assert notices(load(tmp_path, host="::").settings) == []


@given(st.dictionaries(st.sampled_from([doc.variable for doc in describe_settings()]), st.text(), max_size=5))
def test_nothing_but_problems_comes_of_any_environment(environ: dict[str, str]) -> None:
    found: object
    try:
        found = load_settings({}, environ, directory=Path("/nonexistent")).settings
    except SettingsInvalid as error:
        found = error.problems[0]

    assert isinstance(found, Settings | SettingProblem)

"""What reaches the log, and what never does."""

import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from coordinator.access.tokens import new_token
from coordinator.logs import configure_logging, get_logger
from coordinator.settings import LogFormat

FORMS: list[LogFormat] = ["text", "json"]


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(False)


def log_to(form: LogFormat = "json", level: Any = "info") -> io.StringIO:
    stream = io.StringIO()
    configure_logging(level, form, stream)
    return stream


class Leaky:
    def __init__(self, secret: str) -> None:
        self.secret = secret

    def __repr__(self) -> str:
        return f"Leaky({self.secret})"


@pytest.mark.parametrize("form", FORMS)
def test_no_token_reaches_the_log_whoever_writes_it(form: LogFormat) -> None:
    token = new_token()
    stream = log_to(form)
    ours, plain, server = get_logger("ours"), logging.getLogger("some.library"), logging.getLogger("uvicorn.error")

    ours.info(f"event {token}", url=f"http://h/mcp?token={token}", nested={"a": [token]}, thing=Leaky(token))
    ours.info("named", password="plain-secret", authorization="plain-secret", api_key="plain-secret")
    plain.warning("GET /mcp?token=%s from %r", token, Leaky(token))
    plain.warning("Authorization: Bearer plain-secret")
    server.error('127.0.0.1 - "GET /mcp?token=%s HTTP/1.1" 200', "plain-secret")
    try:
        raise ValueError(f"bad token {token}")
    except ValueError:
        ours.exception("failed")
        plain.exception("failed too")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"strange {token}", stacklevel=1)

    written = stream.getvalue()
    assert written.count("[redacted]") >= 12
    assert token not in written
    assert "plain-secret" not in written


def test_a_traceback_does_not_show_the_values_of_variables() -> None:
    stream = log_to("text")
    secret = "sword" + "fish"  # a local variable, as a request's password would be

    try:
        raise RuntimeError("boom")
    except RuntimeError:
        get_logger("ours").exception("failed")

    assert "RuntimeError: boom" in stream.getvalue()
    assert secret not in stream.getvalue()


def test_json_lines_carry_the_named_values() -> None:
    stream = log_to("json")

    get_logger("ours").info("token created", token_id="AbCdEfGh", n=3)

    line = json.loads(stream.getvalue())
    assert {key: line[key] for key in ("event", "level", "logger", "token_id", "n")} == {
        "event": "token created",
        "level": "info",
        "logger": "ours",
        "token_id": "AbCdEfGh",
        "n": 3,
    }


@pytest.mark.parametrize("form", FORMS)
def test_nobody_can_forge_a_line(form: LogFormat) -> None:
    stream = log_to(form)

    logging.getLogger("x").info("name\n2026-01-01 [info] all is well\x1b[2J")

    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


def test_less_important_messages_are_left_out() -> None:
    stream = log_to("json", level="warning")

    get_logger("ours").info("no")
    logging.getLogger("x").info("no")
    logging.getLogger("x").warning("yes")

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["yes"]


def test_configuring_again_replaces_the_stream() -> None:
    first = log_to("json")
    second = log_to("json")

    get_logger("ours").info("here")

    assert first.getvalue() == ""
    assert len(second.getvalue().splitlines()) == 1


def test_without_a_terminal_auto_means_json() -> None:
    stream = log_to("auto")

    get_logger("ours").info("here")

    assert json.loads(stream.getvalue())["event"] == "here"


def test_before_logging_is_configured_nothing_goes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    get_logger("ours").warning("here", token="plain-secret")

    assert capsys.readouterr().out == ""

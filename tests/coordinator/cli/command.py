"""Run `headrace ...` in the process of the test, as a shell would see it."""

import os
import shlex
import sys
from dataclasses import dataclass

import pytest

from coordinator.cli import main


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


class Command:
    """Runs commands in an environment without HEADRACE_* but those given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        for name in [name for name in os.environ if name.startswith("HEADRACE_")]:
            monkeypatch.delenv(name)

    def env(self, **variables: str) -> None:
        """Set variables."""
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)

    def __call__(self, line: str) -> Ended:
        """Run one command line."""
        self._monkeypatch.setattr(sys, "argv", ["headrace", *shlex.split(line)])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        captured = self._capsys.readouterr()
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 0, captured.out, captured.err)

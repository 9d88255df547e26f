"""Read documents in tests, with the fast parser and with the one that stands in for it."""

from typing import Any

import yaml

from flows.source import Source, read_source

PARSERS: dict[str, Any] = {"libyaml": yaml.CSafeLoader, "python": yaml.SafeLoader}


def read(text: str | bytes) -> Source:
    source, problems = read_source(text, "f.yaml")
    assert source is not None, problems
    assert problems == []
    return source


def problems_of(text: str | bytes) -> list[str]:
    return [str(problem) for problem in read_source(text)[1]]

"""Count what browsers refused because of the pages' content security policy.

The policy allows all that the pages need, so every report is a mistake of ours or an attack that failed.
Source: CSP level 3, reporting.
"""

from collections import deque
from collections.abc import Mapping
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from coordinator.logs import get_logger

MAX_REPORTS: Final = 50
MAX_LENGTH: Final = 300
LOGGED: Final = 20

log = get_logger(__name__)


class PolicyReport(Struct, frozen=True, kw_only=True):
    """What a browser refused."""

    directive: Annotated[str, Meta(description="The rule that it broke.")]
    blocked: Annotated[str, Meta(description="What was refused.")]
    page: Annotated[str, Meta(description="Where.")]
    source: Annotated[str, Meta(description="Which file wanted it, and on which line.")]


class PolicyReports:
    """The reports, in memory: how many there were, and the last ones."""

    def __init__(self) -> None:
        self.count = 0
        self.last: deque[PolicyReport] = deque(maxlen=MAX_REPORTS)

    def add(self, sent: Any) -> None:
        """Take what a browser sent, whatever that is."""
        body = sent.get("csp-report") if isinstance(sent, Mapping) else None
        if not isinstance(body, Mapping):
            return
        report = PolicyReport(
            directive=_text(body, "effective-directive") or _text(body, "violated-directive"),
            blocked=_text(body, "blocked-uri"),
            page=_text(body, "document-uri"),
            source=f"{_text(body, 'source-file')}:{_text(body, 'line-number')}",
        )
        self.count += 1
        self.last.append(report)
        if self.count <= LOGGED:
            log.warning("a browser refused something", directive=report.directive, blocked=report.blocked)


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return str(value)[:MAX_LENGTH] if isinstance(value, str | int) else ""

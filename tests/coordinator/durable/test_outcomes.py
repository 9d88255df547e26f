"""What becomes of a durable run: before a try, and after it."""

from typing import Any

import pytest

from coordinator.catalog import CatalogEntry
from coordinator.durable.outcomes import BUSY_SECONDS, OFF_SECONDS, Again, Back, Dead, Done, outcome, ready
from coordinator.durable.queue import MAX_LOST, Claim, DurableRun
from flows.compile import compile_flow
from flows.content import Reply
from flows.plan import Plan
from flows.runs import RunError, RunResult


def plan_of(given: str = "webhook: {path: /mill}", more: str = "") -> Plan:
    return compile_flow(f"flow: mill\ninput: {{{given}}}\n{more}")


def entry_of(plan: Plan | None, *, enabled: bool = True) -> CatalogEntry:
    return CatalogEntry(name="mill", origin="file", file="mill.yaml", digest="d", plan=plan, enabled=enabled)


def claim_of(attempts: int = 1, **args: Any) -> Claim:
    run = DurableRun(id="run", flow="mill", source="webhook", args=args, accepted=1)
    return Claim(run=run, number=attempts, attempts=attempts)


def failed(code: str, *, retryable: bool = False, retry_after: float | None = None) -> RunResult:
    return RunResult(error=RunError(code=code, message="No.", retryable=retryable, retry_after=retry_after))


def test_a_run_is_made_on_the_version_that_its_flow_has_now() -> None:
    plan = plan_of()

    assert ready(claim_of(body={"n": 1}), entry_of(plan)) is plan


@pytest.mark.parametrize(
    ("entry", "claim", "code"),
    [
        (None, claim_of(), "unknown_flow"),
        (entry_of(plan_of("mcp_tool: {}")), claim_of(), "flow_changed"),
        (entry_of(plan_of()), claim_of(other=1), "invalid_arguments"),
        (entry_of(plan_of()), claim_of(attempts=MAX_LOST + 1), "lost"),
    ],
)
def test_a_run_that_cannot_be_made_any_more_is_set_aside_with_the_reason(
    entry: CatalogEntry | None, claim: Claim, code: str
) -> None:
    found = ready(claim, entry)

    assert isinstance(found, Dead)
    assert found.error.code == code


@pytest.mark.parametrize(
    "entry",
    [entry_of(plan_of(), enabled=False), entry_of(plan_of(more="enabled: false")), entry_of(None)],
    ids=["switched off", "off in its file", "broken"],
)
def test_a_run_whose_flow_is_off_waits_until_it_is_on(entry: CatalogEntry) -> None:
    assert ready(claim_of(), entry) == Back(OFF_SECONDS)


RETRIED = plan_of("webhook: {path: /mill, retries: {attempts: 3, delay: 10s, factor: 2, max_delay: 15s}}")
ANY = plan_of("webhook: {path: /mill, retries: {attempts: 2, on: any, delay: 1s}}")


@pytest.mark.parametrize(
    ("plan", "attempts", "result", "expected"),
    [
        (RETRIED, 1, RunResult(reply=Reply(value=1)), Done()),
        (RETRIED, 1, failed("http_status", retryable=True), Again(10)),
        (RETRIED, 2, failed("http_status", retryable=True), Again(15)),
        (RETRIED, 1, failed("http_status", retryable=True, retry_after=60), Again(60)),
        (RETRIED, 1, failed("timeout"), Again(10)),
        (RETRIED, 1, failed("outcome_unknown"), Again(10)),
        (RETRIED, 1, failed("busy", retry_after=2), Back(2)),
        (RETRIED, 3, failed("stopping"), Back(BUSY_SECONDS)),
        (ANY, 1, failed("expression_failed"), Again(1)),
    ],
)
def test_what_follows_from_a_try(plan: Plan, attempts: int, result: RunResult, expected: object) -> None:
    assert outcome(claim_of(attempts), plan, result) == expected


@pytest.mark.parametrize(
    ("plan", "attempts", "result", "code"),
    [
        (RETRIED, 3, failed("http_status", retryable=True), "http_status"),
        (RETRIED, 1, failed("expression_failed"), "expression_failed"),
        (ANY, 2, failed("expression_failed"), "expression_failed"),
        (RETRIED, 1, RunResult(reply=Reply(value=1, is_error=True)), "error_reply"),
    ],
)
def test_a_run_that_failed_for_good_is_set_aside(plan: Plan, attempts: int, result: RunResult, code: str) -> None:
    found = outcome(claim_of(attempts), plan, result)

    assert isinstance(found, Dead)
    assert found.error.code == code

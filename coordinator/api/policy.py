"""`/api/csp-reports`: where browsers tell what the content security policy of the pages made them refuse."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, get, post
from litestar.exceptions import HTTPException
from msgspec import Meta, Struct

from coordinator.api.given import GivenServices
from coordinator.pages.reports import PolicyReport

MAX_BYTES: Final = 16 * 1024
TYPE: Final = "application/csp-report"


class PolicyReportsOut(Struct, frozen=True, kw_only=True):
    """What browsers refused."""

    count: Annotated[int, Meta(description="How often since the start.")]
    reports: Annotated[list[PolicyReport], Meta(description="The last ones.")]


@post("/api/csp-reports", operation_id="reportPolicy", include_in_schema=False, status_code=204)
async def report_policy(request: Request[Any, Any, Any], services: GivenServices) -> None:
    """Take a report.  Open, because browsers send it by themselves; it is counted and does nothing else."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != TYPE:
        raise HTTPException(status_code=415, detail=f"The Content-Type of a report is {TYPE}.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise HTTPException(status_code=413, detail=f"A report has at most {MAX_BYTES} bytes.")
    try:
        services.policy_reports.add(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HTTPException(status_code=400, detail="The report is not JSON.") from error


@get("/csp-reports", operation_id="listPolicyReports", tags=["status"], sync_to_thread=False)
def list_policy_reports(services: GivenServices) -> PolicyReportsOut:
    """Tell what browsers refused because of the pages' content security policy: nothing, when all is well."""
    reports = services.policy_reports
    return PolicyReportsOut(count=reports.count, reports=list(reports.last))

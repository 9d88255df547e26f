"""Find the flows that a run may call, however deep, in the versions that are served now."""

from flows.plan import Plan
from flows.runs import PlanSource


def called_plans(plan: Plan, plans: PlanSource) -> dict[str, Plan]:
    """Return the plans that a run of this one may call, by name; names that lead nowhere are left out."""
    found: dict[str, Plan] = {}
    ahead = list(plan.calls)
    while ahead:
        name = ahead.pop()
        called = None if name in found else plans.by_name(name)
        if called is not None:
            found[name] = called
            ahead += called.calls
    return found

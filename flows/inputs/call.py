"""Input `call`: only other flows and the API start the flow; clients do not see it."""

from flows.inputs._arguments import TakesArguments
from flows.sdk import Example, flow_input

EXAMPLE = Example(title="A helper with one argument", config={"params": {"city": "string"}})


@flow_input("call", examples=(EXAMPLE,))
class CallInput(TakesArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Only other flows (step `call`) and the API start this flow; MCP clients do not see it."""

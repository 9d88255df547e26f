"""Write the flows that Headrace serves in the rows, each the counterpart of a peer's tool."""

from pathlib import Path

ECHO = """\
flow: echo
description: Say the text again.
input:
  mcp_tool:
    params:
      text: {type: string, description: What to say}
steps:
  - id: said
    map: ${{ args.text }}
output:
  reply: ${{ said }}
"""

TEN_STEPS = """\
flow: ten_steps
description: Say the text again after ten steps.
input:
  mcp_tool:
    params:
      text: {type: string, description: What to say}
steps:
  - {id: first, map: {text: "${{ args.text }}"}}
  - id: size
    switch:
      - when: ${{ len(first.text) > 1000 }}
        steps: [{map: long}]
      - when: ${{ len(first.text) > 0 }}
        steps: [{map: short}]
      - steps: [{map: empty}]
  - {id: third, map: {text: "${{ first.text }}", size: "${{ size }}"}}
  - {id: fourth, map: "${{ third.text }}"}
  - id: kind
    switch:
      - when: ${{ third.size == 'long' }}
        steps: [{map: 3}]
      - when: ${{ third.size == 'short' }}
        steps: [{map: 2}]
  - {id: sixth, map: {text: "${{ fourth }}", kind: "${{ kind }}"}}
  - {id: seventh, when: "${{ sixth.kind > 1 }}", map: "${{ sixth.text }}"}
  - {id: eighth, map: ["${{ seventh }}", "${{ kind }}"]}
  - {id: ninth, map: {last: "${{ eighth[0] }}"}}
  - {id: tenth, map: "${{ ninth.last }}"}
output:
  reply: ${{ tenth }}
"""

FIND_ITEM = """\
flow: find_item
description: One item by its number.
input:
  mcp_tool:
    params:
      id: {type: integer, description: Number of the item}
    annotations: {readOnly: true}
steps:
  - id: found
    sql:
      connection: shop
      query: SELECT id, name, price FROM items WHERE id = ${{ args.id }}
output:
  reply: ${{ found.rows[0] }}
"""

FAILING = """\
flow: failing
description: Always fails.
input: {mcp_tool: {}}
steps:
  - fail: {code: out_of_stock, message: There is nothing left.}
output: {reply: unreachable}
"""

WAITING = """\
flow: waiting
description: Wait for two seconds.
input: {mcp_tool: {}}
steps:
  - sleep: 2s
output: {reply: done}
"""

BRIEFLY = """\
flow: briefly
description: Wait for a tenth of a second.
input: {mcp_tool: {}}
steps:
  - sleep: 100ms
output: {reply: done}
"""

COMPUTING = """\
flow: computing
description: Compute for some milliseconds.
input: {mcp_tool: {}}
steps:
  - id: sum
    map: ${{ sum([n * n % 7 for n in range(10000)]) }}
output: {reply: "${{ sum }}"}
"""

COUNTING = """\
flow: counting
description: Tell how far the work is.
input: {mcp_tool: {}}
steps:
  - for_each: [1, 2, 3]
    progress: {progress: "${{ item }}", total: 3}
output: {reply: counted}
"""

FETCH = """\
flow: fetch
description: Fetch a document of a local service.
input: {{mcp_tool: {{}}}}
steps:
  - id: document
    http: {{url: "{url}"}}
output:
  reply: ${{{{ document.body.name }}}}
"""


def write(folder: Path, *texts: str) -> None:
    """Write flows into files named after them."""
    folder.mkdir(parents=True, exist_ok=True)
    for text in texts:
        name = text.split("\n", 1)[0].removeprefix("flow: ")
        (folder / f"{name}.yaml").write_text(text)


def numbered(count: int, start: int = 1) -> list[str]:
    """Return flows like `echo` under other names, for rows that need many."""
    return [
        ECHO.replace("flow: echo", f"flow: tool_{number:05}").replace(
            "Say the text again.", f"Say the text again, the {number}th way."
        )
        for number in range(start, start + count)
    ]

"""Write the start of a pack: a manifest, a README, one tool with a test, all of it sound.  Touches no I/O."""

from typing import Final

MANIFEST: Final = """\
name: {name}
title: {title}
version: 0.1.0
description: Say in a sentence or two what these tools are for.
headrace: ">=0.1"

# What the tools reach.  Flows use these names; whoever installs the pack says which connections they mean.
#
# connections:
#   {own}:
#     kind: http                  # or sql, or values
#     title: {title}
#     description: Make an API key under Settings > API and paste it.
#     base_url: https://api.example.com/v1
#     auth: {{type: bearer}}

# What whoever installs the pack may set.  Flows see it as vars.greeting.
variables:
  greeting: {{type: string, default: Hello, maxLength: 40, description: The word that begins a greeting}}

# Tools that are chosen together.
groups:
  read: [say_hello]
"""

README: Final = """\
# {title}

Say what these tools are for, what they need, and where to find it.

| tool | |
|---|---|
| `say_hello` | greets somebody |

Try it: `headrace pack check {name}` and `headrace test {name}`.
"""

FLOW: Final = """\
flow: say_hello
title: Say hello
description: Greet somebody by name. Replace this by what the tool does and when to use it; a model decides by it.
input:
  mcp_tool:
    params:
      name: {type: string, maxLength: 80, description: "Who is greeted, for example Ada"}
    returns:
      type: object
      properties:
        greeting: {type: string}
      required: [greeting]
    annotations: {readOnly: true, openWorld: false}
steps:
  - id: made
    map: ${{ vars.greeting }}, ${{ args.name }}!
output:
  reply: {greeting: "${{ made }}"}
tests:
  - name: a greeting
    args: {name: Ada}
    expect: {greeting: "Hello, Ada!"}
"""


def start_files(name: str) -> dict[str, str]:
    """Return the files of a new pack: path inside its folder to text."""
    words = {"name": name, "title": name.replace("-", " ").capitalize(), "own": name.replace("-", "_")}
    return {
        "pack.yaml": MANIFEST.format(**words),
        "README.md": README.format(**words),
        "flows/say_hello.yaml": FLOW,
    }

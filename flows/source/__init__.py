"""Read YAML text into plain values, and remember where in the text each value stands.

YAML is read as 1.2 with the core schema, so that all JSON is understood too.  Nothing is ever constructed but dict,
list, str, int, float, bool and None.  What a file can cost is bounded, see `limits`.  Raises nothing: what is wrong
comes back as problems, and touches no I/O.

Source: YAML 1.2.2, chapters 5 to 8 (styles, escapes, folding) and 10.3 (core schema).
"""

from flows.source.document import Path, Source
from flows.source.limits import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_DIRECTIVES,
    MAX_NODES,
    MAX_PROBLEMS,
    MAX_TRACED,
)
from flows.source.places import Position
from flows.source.reading import read_mapping, read_source

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_DIGITS",
    "MAX_DIRECTIVES",
    "MAX_NODES",
    "MAX_PROBLEMS",
    "MAX_TRACED",
    "Path",
    "Position",
    "Source",
    "read_mapping",
    "read_source",
]

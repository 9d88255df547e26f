"""What a file may cost, whoever wrote it."""

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
MAX_NODES = 100_000
"""Keys and values; an alias counts as all that it stands for."""
MAX_DIGITS = 300
MAX_DIRECTIVES = 4
MAX_PROBLEMS = 100
MAX_TRACED = 100_000
"""Characters of a scalar up to which a place inside of it is found; beyond, it is the place of the scalar."""

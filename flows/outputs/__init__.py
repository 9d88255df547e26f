"""Where the result of a run goes: one component a file."""

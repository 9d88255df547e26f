"""The flow language: from YAML text to a plan that a worker executes."""

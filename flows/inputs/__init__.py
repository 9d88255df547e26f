"""What starts a run: one component a file."""

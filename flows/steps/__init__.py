"""What a flow does: one component a file."""

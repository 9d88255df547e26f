"""Runs that nobody waits for: accepted when safely stored, run at least once, set aside when they cannot be."""

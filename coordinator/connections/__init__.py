"""Connections as data: made through the API, with their secrets in the vault, seen by workers as immutable states."""

"""Serve the web pages that `make pages` built."""

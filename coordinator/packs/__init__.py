"""Packs on a server: which there are, which are installed, and how installs change."""

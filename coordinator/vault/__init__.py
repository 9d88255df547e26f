"""Keep secrets: encrypted at rest, written by every interface and read by none."""

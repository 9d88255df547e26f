"""The history of calls: written in batches off the path of a call, read back for people."""

"""The migrations, one file a step; each names the one before it.

Write a new one by hand, run it on SQLite and PostgreSQL (the tests do), set `coordinator.db.migrate.HEAD`.  A migration
that was released is never changed.
"""

"""Which flows there are: from files and from the API, with versions, and the plans that calls run."""

from coordinator.catalog.catalog import Catalog
from coordinator.catalog.entries import CatalogEntry, Snapshot

__all__ = ["Catalog", "CatalogEntry", "Snapshot"]

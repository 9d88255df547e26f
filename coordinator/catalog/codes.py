"""The codes of problems that only the catalog finds: between flows, and with files."""

from typing import Final

from flows.problems import PROBLEM_CODES

CATALOG_CODES: Final = {
    "flow.broken-file": "A flow made Headrace itself fail; this is a mistake in Headrace.",
    "flow.not-published": "A changed set of flows could not be made into tools; the one before stays.",
    "flow.outside-directory": "A link leads out of the flow directory, or to a directory; it is not followed.",
    "flow.too-many-files": "The flow directory holds more files, or is deeper, than is looked at.",
    "flow.unreadable": "A flow file, or the flow directory, cannot be read; what was known of it stays.",
}

PROBLEM_CODES.update(CATALOG_CODES)

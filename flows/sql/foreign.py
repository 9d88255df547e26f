"""Take SQL text that somebody else wrote, such as a model, for a database that refuses to change anything.

This is the one place where text becomes SQL at run time.  What protects is that the database itself runs it read-only;
the checks here keep it to one statement that answers with rows, and refuse what reaches outside of the database.
Raises StepError.  Touches no I/O.
"""

import re
from typing import Final

from flows.errors import StepError
from flows.sdk import SqlStatement
from flows.sql.lexer import mask

MAX_CHARACTERS: Final = 20_000
FIRST_WORDS: Final = ("SELECT", "WITH", "VALUES", "EXPLAIN", "SHOW", "DESCRIBE", "DESC", "TABLE")
_FIRST_WORD: Final = re.compile(r"[\s(]*([A-Za-z]+)")
_SECOND_STATEMENT: Final = re.compile(r";(?=.*\S)", re.DOTALL)
_TO_A_FILE: Final = re.compile(r"\bINTO\s+(OUTFILE|DUMPFILE)\b|\bLOAD_FILE\s*\(|/\*[!M]", re.IGNORECASE)


def foreign_statement(text: str) -> SqlStatement:
    """Return the statement to run read-only.  Raises StepError with the code `bad_query`."""
    if len(text) > MAX_CHARACTERS:
        raise _bad(f"The query is longer than {MAX_CHARACTERS} characters.")
    if "\0" in text:
        raise _bad("The query holds the character NUL.")
    code = mask((text,)).code
    first = _FIRST_WORD.match(code)
    if first is None or first[1].upper() not in FIRST_WORDS:
        raise _bad(f"Only queries are run here. Begin with one of: {', '.join(FIRST_WORDS)}.")
    if _SECOND_STATEMENT.search(code):
        raise _bad("One query is run at a time, and more text follows the semicolon.")
    # MySQL runs what stands in comments that begin with /*!, so the whole text is looked at.
    if _TO_A_FILE.search(code) or _TO_A_FILE.search(text):
        raise _bad("Reading and writing files of the database's server is not available.")
    return SqlStatement((text,), ())


def _bad(message: str) -> StepError:
    return StepError(message, code="bad_query")

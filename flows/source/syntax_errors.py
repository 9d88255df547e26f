"""Turn what the parser stumbled on into words that help, and the offset to look at."""

import re

from flows.source.places import Lines

_AT, _FROM = "problem_mark", "context_mark"
# What the parser says, where to point, what we say.  `{char}` stands at the problem; `{line}` and `{column}` are where
# the construct around it starts.  Both parsers are covered: libyaml, and the one in Python.
_SYNTAX = (
    (r"tab character|'\\t' that cannot", _AT, "A tab stands where YAML wants spaces. Use spaces."),
    (r"quoted scalar.*(end of stream|document)", _FROM, "This quote is never closed. Add the closing quote."),
    (
        r"expected ',' or",
        _AT,
        "Expected a comma or the closing bracket of line {line}. Inside of [ ] and {{ }} put quotes around expressions "
        "and special characters.",
    ),
    (
        r"block mapping.*expected (key|<block end>)",
        _AT,
        "Expected a key in column {column}, as in line {line}. Check the indentation, and quotes that close too early.",
    ),
    (
        r"block collection.*expected ('-' indicator|<block end>)",
        _AT,
        "Expected `- ` in column {column}, as in line {line}. Check the indentation.",
    ),
    (r"expected (the )?node content", _AT, "A value is missing before {char}. Put quotes around it if it is text."),
    (
        r"expected '?<document start>",
        _AT,
        "The document ends before this. Check that all keys at the top start in the same column.",
    ),
    (
        r"could not find expected ':'",
        _FROM,
        "There is no colon after this. Write `key: value`, or indent the line if it belongs to the text above.",
    ),
    (r"unknown escape", _AT, r"Unknown escape in double quotes. Write \\ for a backslash, or use single quotes."),
    (r"hexdecimal number|escape sequence of", _AT, r"This escape needs more digits: \x takes 2, \u 4 and \U 8."),
    (r"Unicode character escape", _AT, "This escape is half of a character. Write both halves, or the character."),
    (r"sequence entries are not", _AT, "A list cannot start here. Put `- ` on a line of its own, below its key."),
    (r"mapping keys are not", _AT, "A key cannot start with `? `. Put quotes around the text."),
    (r"an (alias|anchor)", _FROM, "* and & start an alias or an anchor. Put quotes around the value if it is text."),
    (r"a tag|tag (URI|handle)|%TAG", _FROM, "! starts a tag. Put quotes around the value if it is text."),
    (r"incompatible", _AT, "This is not YAML 1.2. Remove the line that starts with %YAML."),
    (r"directive", _AT, "A line that starts with % is a directive. Put quotes around it if it is text."),
    (
        r"block scalar.*(comment or|chomping)",
        _AT,
        "Text after | or > starts on the next line. Move it there, or use quotes.",
    ),
    (r"cannot start any token", _AT, "A value cannot start with {char}. Put quotes around it."),
)


def explain(error: Exception, text: str) -> tuple[str, int]:
    """Say in our words what the parser stumbled on, and at which offset."""
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read")
    said = f"{getattr(error, 'context', None) or ''} {problem}"
    offsets = {_AT: _offset(error, _AT, text), _FROM: _offset(error, _FROM, text)}
    if "mapping values are not allowed" in said:
        return _misplaced_colon(text, offsets[_AT])
    char = text[offsets[_AT] : offsets[_AT] + 1]
    if char == "\t":
        said = said.replace("character that", "character '\\t' that")  # libyaml does not say which
    around = Lines(text).position(offsets[_FROM])
    for pattern, place, message in _SYNTAX:
        if re.search(pattern, said):
            shown = repr(char) if char.strip() else "the end of the line"
            return message.format(char=shown, line=around.line, column=around.column), offsets[place]
    return f"This is not valid YAML: {problem}.", offsets[_AT]


def _offset(error: Exception, name: str, text: str) -> int:
    mark = getattr(error, name, None) or getattr(error, _AT, None)
    return min(mark.index, len(text)) if mark else 0


def _misplaced_colon(text: str, offset: int) -> tuple[str, int]:
    """Find out why a colon is where no key may start."""
    start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    line = text[start:offset]
    above = text[:start].rstrip()
    above_start = max(above.rfind("\n"), above.rfind("\r")) + 1
    previous = above[above_start:]
    if re.search(r":\s", line):
        return "The value holds a colon and a space. Put quotes around it.", offset
    if glued := re.match(r"[ \t]*(?:- +)*[\w.-]+:(?=[^\s/:])", previous):
        return "A space is missing after the colon. Write `key: value`.", above_start + glued.end() - 1
    if len(line) - len(line.lstrip()) > len(previous) - len(previous.lstrip()):
        message = "This line is indented deeper than the value above it allows. Check the indentation."
        return message, start + len(line) - len(line.lstrip())
    return "A key cannot start here. Check the indentation, and put quotes around text.", offset

"""What one expression may cost.  Raises Fault; every limit of the language is here.

A frame is the list that belongs to one evaluation: the steps used so far, then one slot for every comprehension
variable.  Steps are paid before the work: a loop pays for all its rounds at once (rounds x nodes in its body), a
function pays for the sizes of what it takes and gives.  Outside of loops a node runs at most once, and the length of
the text bounds the number of nodes.  So the total is bounded without counting at every node.
"""

from typing import Any

from flows.expr.errors import Fault

Frame = list[Any]

SOURCE_CHARACTERS = 10_000
NESTING_LEVELS = 64
STEPS = 1_000_000  # about a tenth of a second at worst
CHARACTERS_PER_STEP_LOG2 = 6  # copying 64 characters costs about as much as evaluating one node
TEXT_CHARACTERS = 1_048_576
LIST_ITEMS = 100_000
INT_LIMIT = 1 << 1024  # far beyond any id or token amount; keeps one multiplication below a microsecond
RESULT_SIZE = 32 * 1_048_576  # characters of all texts, plus NODE_SIZE for every other value
NODE_SIZE = 32
NANOSECONDS_PER_STEP = 100  # for work that pays by the thread's CPU clock, because nothing else can tell its cost
MISS_STEPS = 10  # an error that default() catches costs as much as ten nodes

ORDINARY = 1e15  # numbers within need no closer look
_LARGEST_FLOAT = 1.7976931348623157e308


def charge(frame: Frame, steps: int) -> None:
    """Pay for work.  Raises Fault when the budget is used up."""
    used = frame[0] = frame[0] + steps
    if used > STEPS:
        raise Fault(
            f"this takes more than {STEPS:,} steps. Work on less data: filter or slice first, or split the work "
            "over several steps.",
            costly=True,
        )


def size(value: Any) -> int:
    """Return the steps that one pass over a value takes, without looking inside its items."""
    kind = type(value)
    if kind is str:
        return len(value) >> CHARACTERS_PER_STEP_LOG2
    if kind is list or kind is dict:
        return len(value)
    return 0


def deep_size(value: Any, most: int = STEPS) -> int:
    """Return the steps that a walk through everything inside a value takes; stops counting beyond `most`.

    Values are counted as a tree.  One list may stand in many places, which is how small memory becomes huge output.
    """
    total = 1
    waiting = [value]
    while waiting and total <= most:
        value = waiting.pop()
        kind = type(value)
        if kind is str:
            total += len(value) >> CHARACTERS_PER_STEP_LOG2
        elif kind is list:
            total += len(value)
            waiting += value
        elif kind is dict:
            total += len(value) * 2
            waiting += value.values()
    return total


def check_result(value: Any) -> None:
    """Refuse a built list or dict that is too big to go on with, counted as a tree."""
    total = 0
    waiting = [value]
    while waiting:
        container = waiting.pop()
        total += NODE_SIZE * (len(container) + 1)
        if type(container) is dict:
            for key in container:
                total += len(key)
            container = container.values()
        for item in container:
            kind = type(item)
            if kind is str:
                total += len(item)
            elif kind is list or kind is dict:
                waiting.append(item)
        if total > RESULT_SIZE:
            raise Fault(
                f"the value is bigger than {RESULT_SIZE >> 20} MiB. Keep only the fields you need.", costly=True
            )


def check_text(characters: int) -> None:
    """Refuse to build a text of so many characters."""
    if characters > TEXT_CHARACTERS:
        raise Fault(f"the text would be longer than {TEXT_CHARACTERS:,} characters.", costly=True)


def check_list(items: int) -> None:
    """Refuse to build a list of so many items."""
    if items > LIST_ITEMS:
        raise Fault(f"the list would have more than {LIST_ITEMS:,} items.", costly=True)


def number(value: Any) -> Any:
    """Return a computed number if it is one that JSON can hold and that is not absurdly large."""
    if -ORDINARY < value < ORDINARY:
        return value
    if type(value) is float:
        if -_LARGEST_FLOAT <= value <= _LARGEST_FLOAT:
            return value
        raise Fault("the result is not a finite number.")
    if -INT_LIMIT < value < INT_LIMIT:
        return value
    raise Fault(f"the number would have more than {INT_LIMIT.bit_length() - 1:,} bits.", costly=True)

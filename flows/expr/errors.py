"""The errors of the expression language.

    ExpressionInvalid         found when a text is compiled
    ExpressionError           found when an expression is evaluated
      ExpressionTooCostly       more steps, or a bigger value, than one evaluation may have
    Fault                     inside the package only: a failure that does not know its place yet

Messages name keys and kinds of values, never values: those may be secret or huge.
"""

from collections.abc import Callable

Message = str | Callable[[], str]


class ExpressionInvalid(Exception):
    """The text is not an expression of this language.

    `offset` counts characters from the start of the text that was given.
    """

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class ExpressionError(Exception):
    """An expression has no value in this scope.

    `offset` counts characters from the start of the compiled text.  `missing` says that a name, key or index is not
    there: the one failure for which `default()` has an answer.
    """

    def __init__(self, message: Message, offset: int = 0, *, missing: bool = False) -> None:
        super().__init__()
        self._message = message
        self.offset = offset
        self.missing = missing

    @property
    def message(self) -> str:
        """The sentence for the user.  Worded on demand, because `default()` throws most of them away."""
        if not isinstance(self._message, str):
            self._message = self._message()
        return self._message

    def __str__(self) -> str:
        return self.message


class ExpressionTooCostly(ExpressionError):
    """An evaluation took more steps, or built a bigger value, than it may."""


class Fault(Exception):
    """A failure inside an operator or function; the node that called it adds the place."""

    def __init__(self, message: Message, *, missing: bool = False, costly: bool = False) -> None:
        super().__init__()
        self._message = message
        self._missing = missing
        self._costly = costly

    @property
    def message(self) -> str:
        """The sentence without a place."""
        return self._message if isinstance(self._message, str) else self._message()

    def at(self, offset: int, where: str = "") -> ExpressionError:
        """Return the error for the user: what failed, and `where` (source text) it did."""

        def worded() -> str:
            return f"`{where}`: {self.message}" if where else self.message

        if self._costly:
            return ExpressionTooCostly(worded, offset)
        return ExpressionError(worded, offset, missing=self._missing)

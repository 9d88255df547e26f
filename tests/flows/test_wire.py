"""Messages between coordinators and workers arrive as they were sent, in one piece or in many."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import wire
from flows.runs import RunRequest, RunResult
from flows.wire import Call, Done, Joiner, encoded, pieces

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def call(args: object) -> Call:
    request = RunRequest(run_id="r", flow="f", digest="d", args={"value": args}, deadline=1.0)
    return Call(wire.VERSION, "c", 1, 2.5, request, {"g": "e"}, {"shop": "v"}, True, False)


@given(JSON)
def test_a_call_comes_as_it_was_sent(args: object) -> None:
    assert wire.to_worker(encoded(call(args))) == call(args)


@given(st.binary(min_size=1, max_size=5000), st.integers(min_value=wire.PIECE_HEAD_BYTES + 1, max_value=600))
def test_pieces_make_the_message_again(data: bytes, most: int) -> None:
    data = b"\x91" + data  # a message never begins like a piece
    cut = pieces(data, most)
    joiner = Joiner()

    taken = [joiner.take(piece) for piece in cut]

    assert all(len(piece) <= max(most, len(data) if len(cut) == 1 else 0) for piece in cut)
    assert taken[:-1] == [None] * (len(cut) - 1)
    assert taken[-1] == data


def test_pieces_of_several_messages_may_come_between_each_other() -> None:
    one, other = b"\x91" + b"1" * 100, b"\x91" + b"2" * 100
    joiner = Joiner()

    taken = [joiner.take(piece) for pair in zip(pieces(one, 50), pieces(other, 50), strict=True) for piece in pair]

    assert [each for each in taken if each] == [one, other]


def test_a_message_with_a_lost_piece_is_given_up_and_the_next_one_comes() -> None:
    first, second = b"\x91" + b"1" * 100, b"\x91" + b"2" * 100
    joiner = Joiner()
    broken = [piece for number, piece in enumerate(pieces(first, 50)) if number != 1]

    taken = [joiner.take(piece) for piece in (*broken, *pieces(second, 50))]

    assert [each for each in taken if each] == [second]


def test_messages_that_never_end_are_given_up_the_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_UNFINISHED_BYTES", 1000)
    joiner = Joiner()
    endless = wire.PIECE_MARK + b"12345678" + b"%b" + b"\xff" * 4 + b"x" * 100
    first, whole = pieces(b"\x91" + b"1" * 400, 300), pieces(b"\x91" + b"2" * 400, 300)
    taken = [joiner.take(first[0])]

    taken += [joiner.take(endless % number.to_bytes(4)) for number in range(8)]
    taken += [joiner.take(piece) for piece in (*whole, first[1])]

    assert [each for each in taken if each] == [b"\x91" + b"2" * 400]


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"[", b"\x91", b"[1]", b"not a message", encoded(Done(1, RunResult()))),
        encoded(call(None)).replace(b"\xa5value\xc0", b"\xa5value" + b"\x91" * 5000),
    ],
    ids=range(7),
)
def test_what_is_no_message_for_a_worker_is_an_error_and_nothing_else(data: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        wire.to_worker(data)


@pytest.mark.parametrize("name", ["", "a b", "a.b", "*", ">", "a\r\nPUB other 0\r\n", "x" * 101])
def test_a_coordinator_is_not_answered_under_a_name_that_is_more_than_a_part_of_a_subject(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        wire.to_worker(encoded(wire.Cancel(name, (1,))))
    with pytest.raises(msgspec.ValidationError):
        wire.news(encoded(wire.Changed(name)))

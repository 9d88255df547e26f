"""What a NATS server sends, cut into messages for listeners and the rest for the library."""

import pytest

from flows.bus.direct import DirectClient, Sorter

OURS = [
    (b"MSG news.a 7 5\r\nhello\r\n", ("news.a", b"", b"hello")),
    (b"MSG news.b 7 reply.here 0\r\n\r\n", ("news.b", b"", b"")),
    (b"MSG news.c 7 12\r\nMSG x 7 1\r\nA\r\n", ("news.c", b"", b"MSG x 7 1\r\nA")),
    (b"HMSG news.d 7 16 18\r\nNATS/1.0 503\r\n\r\nok\r\n", ("news.d", b"NATS/1.0 503\r\n\r\n", b"ok")),
    (b"HMSG news.e 7 reply 16 16\r\nNATS/1.0 503\r\n\r\n\r\n", ("news.e", b"NATS/1.0 503\r\n\r\n", b"")),
]
OF_OTHERS = [
    b'INFO {"max_payload":1048576}\r\n',
    b"PING\r\n",
    b"MSG inbox.1 8 5\r\nhello\r\n",
    b"HMSG inbox.2 8 16 16\r\nNATS/1.0 404\r\n\r\n\r\n",
    b"-ERR 'Permissions Violation'\r\n",
    b"+OK\r\n",
]
STREAM = b"".join(
    frame for pair in zip([sent for sent, _ in OURS] + [b""], OF_OTHERS, strict=True) for frame in reversed(pair)
)


@pytest.mark.parametrize("size", [*range(1, 40), len(STREAM)])
def test_messages_reach_their_listener_and_the_rest_the_library_wherever_the_stream_is_cut(size: int) -> None:
    heard: list[tuple[str, bytes, bytes]] = []
    sorter = Sorter({b"7": lambda *message: heard.append(message)})

    others = b"".join(sorter.take(STREAM[at : at + size]) for at in range(0, len(STREAM), size))

    assert heard == [message for _, message in OURS]
    assert others == b"".join(OF_OTHERS)


def test_a_listener_that_fails_does_not_lose_the_next_message(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[bytes] = []

    def listen(_subject: str, _head: bytes, data: bytes) -> None:
        if not heard:
            heard.append(data)
            raise ZeroDivisionError
        heard.append(data)

    others = Sorter({b"7": listen}).take(b"MSG a 7 1\r\n1\r\nMSG a 7 1\r\n2\r\nPING\r\n")

    assert heard == [b"1", b"2"]
    assert others == b"PING\r\n"
    assert "could not be taken" in caplog.text


async def test_nothing_is_told_before_there_is_a_connection() -> None:
    assert DirectClient().tell("a.subject", b"hello") is False

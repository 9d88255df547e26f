"""Serve one small JSON document over kept-alive HTTP, as cheaply as Python can: what the `http` step fetches."""

import asyncio
import sys

BODY = b'{"name": "Ada", "year": 1843, "notes": ["A", "B", "C", "D", "E", "F", "G"]}'
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY)


class Document(asyncio.Protocol):
    """Answers each request with the document."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to answer on."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._pending = b""

    def data_received(self, data: bytes) -> None:
        """Answer as many requests as have come; a GET ends with an empty line."""
        *whole, self._pending = (self._pending + data).split(b"\r\n\r\n")
        self._transport.write(ANSWER * len(whole))


async def main(port: int) -> None:
    """Serve until the process ends."""
    server = await asyncio.get_running_loop().create_server(Document, "127.0.0.1", port)
    await server.serve_forever()


asyncio.run(main(int(sys.argv[1])))

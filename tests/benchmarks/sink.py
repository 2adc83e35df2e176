"""A mail server that takes everything as fast as Python can and keeps it in a file: `python -m tests.benchmarks.sink PORT FILE`.

Postfix's smtp-sink would be faster still, but is not everywhere; both contenders of the benchmark talk to the same one.
"""

import asyncio
import sys
from pathlib import Path
from typing import BinaryIO

END = b"\r\n.\r\n"


class Sink(asyncio.Protocol):
    """One connection."""

    def __init__(self, kept: BinaryIO) -> None:
        self._kept, self._held, self._recipient, self._in_mail = kept, b"", b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer every command and every mail that has come whole."""
        self._held += data
        while True:
            mark = END if self._in_mail else b"\r\n"
            piece, found, rest = self._held.partition(mark)
            if not found:
                return
            self._held = rest
            self._transport.write(self._mail(piece) if self._in_mail else self._command(piece))

    def _command(self, line: bytes) -> bytes:
        word = line[:4].upper()
        if word == b"RCPT":
            self._recipient = line.partition(b"<")[2].partition(b">")[0]
        self._in_mail = word == b"DATA"
        return b"354 go on\r\n" if self._in_mail else b"250 ok\r\n"

    def _mail(self, content: bytes) -> bytes:
        self._in_mail = False
        self._kept.write(b"%d %s\n" % (len(content), self._recipient) + content)
        self._kept.flush()
        return b"250 ok\r\n"


def kept(file: Path) -> list[tuple[str, bytes]]:
    """Recipient and content of each mail in the file."""
    data, mails, at = file.read_bytes(), list[tuple[str, bytes]](), 0
    while at < len(data):
        end = data.index(b"\n", at)
        length, _, recipient = data[at:end].partition(b" ")
        mails.append((recipient.decode(), data[end + 1 : end + 1 + int(length)]))
        at = end + 1 + int(length)
    return mails


async def _serve(port: int, file: Path) -> None:
    with file.open("wb") as kept_in:
        server = await asyncio.get_running_loop().create_server(lambda: Sink(kept_in), "127.0.0.1", port)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))

"""What goes over the socket between the grader and a sandbox: JSON, each piece behind its length in four bytes."""

import json
import select
import socket
import struct
import time
from typing import Any

LENGTH = struct.Struct("!I")
LARGEST = 8 * 1024 * 1024


class WireError(Exception):
    """The other side is gone, or sends what was not agreed."""


class Wire:
    """One end of a socket, as messages."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.received = 0  #: bytes so far
        self._buffer = bytearray()

    def send(self, message: dict[str, Any], timeout: float | None = None) -> None:
        data = json.dumps(message).encode()
        self.sock.settimeout(timeout)
        try:
            self.sock.sendall(LENGTH.pack(len(data)) + data)
        except OSError as error:
            raise WireError(f"the other side does not read: {error}") from None

    def receive(self, timeout: float | None = None) -> dict[str, Any] | None:
        """The next message, or None if it is not here in whole within `timeout` seconds; what has come is kept."""
        until = None if timeout is None else time.monotonic() + timeout
        while (message := self._take()) is None:
            wait = None if until is None else max(0.0, until - time.monotonic())
            if not select.select([self.sock], [], [], wait)[0]:
                return None
            try:
                data = self.sock.recv(1 << 16)
            except OSError as error:
                raise WireError(f"the other side is gone: {error}") from None
            if not data:
                raise WireError("the other side is gone")
            self.received += len(data)
            self._buffer += data
        return message

    def _take(self) -> dict[str, Any] | None:
        """Cut the first message off the buffer, if it is whole."""
        if len(self._buffer) < LENGTH.size:
            return None
        (length,) = LENGTH.unpack_from(self._buffer)
        if length > LARGEST:
            raise WireError(f"a message of {length} bytes is more than the {LARGEST} allowed")
        end = LENGTH.size + length
        if len(self._buffer) < end:
            return None
        data = bytes(self._buffer[LENGTH.size : end])
        del self._buffer[:end]
        try:
            message = json.loads(data)
        except (ValueError, RecursionError):
            raise WireError("a message is no JSON") from None
        if not isinstance(message, dict):
            raise WireError("a message is not a JSON object")
        return message

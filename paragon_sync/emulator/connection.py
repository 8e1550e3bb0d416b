"""A connection that can be ended in the middle of a request. Knows nothing of what is asked or answered."""

from __future__ import annotations

import socket
import struct
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from paragon_sync.emulator.faults import CUT

_RUDELY: Final = struct.pack("ii", 1, 0)  # SO_LINGER of no time: what is underway is thrown away, the peer sees a reset


class Connection(HttpToolsProtocol):
    """Uvicorn's own; it hands each request the means to end it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        scope: Any = self.scope
        scope[CUT] = self._cut

    def _cut(self, rudely: bool) -> None:  # noqa: FBT001 - a plain callable in the scope
        """End the connection after what has been written, or rudely at once."""
        if not rudely:
            self.transport.close()
            return
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RUDELY)
        self.transport.abort()

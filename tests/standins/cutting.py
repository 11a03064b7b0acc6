"""A way to a server that is cut when a certain message comes by."""

from __future__ import annotations

import socket
import threading
from contextlib import closing, suppress


class CuttingProxy:
    """Passes on what comes until `cut_at` is in it; then it closes both ways, and lets everybody by again.

    `is_delivered`: whether the server still gets the message; its answer is lost either way.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.cut_at: bytes | None = None
        self.is_delivered = True
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Let nobody by any more."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                threading.Thread(target=self._up, args=(client, server), daemon=True).start()
                threading.Thread(target=self._down, args=(client, server), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        with closing(client), closing(server), suppress(OSError):
            while data := client.recv(65536):
                if self.cut_at is not None and self.cut_at in data:
                    self.cut_at, self.cuts = None, self.cuts + 1
                    client.shutdown(socket.SHUT_RDWR)
                    if self.is_delivered:
                        server.sendall(data)
                        # Closed by the server once it has done what it was told, for there is nobody to answer.
                        server.shutdown(socket.SHUT_WR)
                        while server.recv(65536):
                            pass
                    else:
                        # Closing alone does not tell the server while another thread still reads from it.
                        server.shutdown(socket.SHUT_RDWR)
                    return
                server.sendall(data)

    def _down(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                client.sendall(data)

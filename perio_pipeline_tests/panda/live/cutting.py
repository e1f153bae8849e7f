"""A way to a server that is cut after so many bytes, as a network may be; it takes no right on the server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Way:
    """Passes bytes on; after `after` bytes from the server it cuts, `times` times in all."""

    target: tuple[str, int]
    after: int
    times: int
    cuts: int = 0
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def serve(self) -> None:
        with suppress(OSError):  # the listener was closed: the test has ended
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.target)
                threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, come: socket.socket, go: socket.socket, counted: bool) -> None:
        passed = 0
        with suppress(OSError):
            while data := come.recv(16_384):
                passed += len(data)
                if counted and passed > self.after and self.cuts < self.times:
                    self.cuts += 1
                    break
                go.sendall(data)
        for end in (come, go):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def way_to(host: str, port: int, after: int, times: int) -> Iterator[Way]:
    way = Way((host, port), after, times)
    threading.Thread(target=way.serve, daemon=True).start()
    try:
        yield way
    finally:
        with suppress(OSError):
            way.listener.shutdown(socket.SHUT_RDWR)
        way.listener.close()

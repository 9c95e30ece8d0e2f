"""``gikocr review`` as a process, and plain requests to it."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn

from gikocr.review import Station
from gikocr.settings import load_settings
from gikocr.web import Options, create_app
from gikocr.web.server import configured
from gikocr.workspace import Workspace


def chromium() -> str | None:
    return next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Asked:
    """Plain requests to a server on this machine."""

    port: int
    workspace: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        found = Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        connection.close()
        return found

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, **headers)

    def post(self, path: str, sent: object, **headers: str) -> Answer:
        body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
        return self.request("POST", path, body, **({"X_Gikocr": "1", "Content_Type": "application/json"} | headers))

    def wait(self) -> None:
        """Until it answers."""
        for _ in range(200):
            try:
                if self.get("/healthz").status == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise TimeoutError("the server does not answer")


class Process(Asked):
    """A running ``gikocr review``; after :meth:`kill` it starts again at the same address."""

    def __init__(self, workspace: Path, *options: str) -> None:
        self.workspace = workspace
        self._options = options
        self.port = 0
        self.start()

    def start(self) -> None:
        port = str(self.port)
        command = [sys.executable, "-m", "gikocr", "review", str(self.workspace), "--port", port, *self._options]
        log = self.workspace.parent / "review.log"
        with log.open("a") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if "http://" not in line:
            raise RuntimeError(line + log.read_text())
        self.port = urlsplit(line.split()[2]).port or 0
        self.wait()

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.communicate()


class Server(Asked):
    """The same application in a thread: it starts at once."""

    def __init__(self, workspace: Path, options: Options) -> None:
        self.workspace = workspace
        self._opened = Workspace.open(workspace, must_exist=True)
        self._station = Station(self._opened, load_settings({}, {}))
        bound = socket.create_server(("127.0.0.1", 0))
        self.port = bound.getsockname()[1]
        app = create_app(self._station, options)
        self._server = uvicorn.Server(configured(app))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [bound]}, daemon=True)
        self._thread.start()
        self.wait()

    def stop(self) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()
        self._station.close()
        self._opened.close()

"""A chat model for tests: a real HTTP server on loopback that speaks the OpenAI protocol and replies from a script.

    with ScriptedChat("```verilog ...```", Status(429), Reset(), Slow(5)) as chat:
        monkeypatch.setenv("TPUGEN_BASE_URL", chat.base_url)

Every answer is used once, in order. `chat.requests` holds what was asked. A test that uses it is marked `network`.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Status:
    """An HTTP error with an OpenAI error body."""

    code: int
    message: str = "scripted fault"
    error_code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Raw:
    """Status 200 with any body, e.g. garbage."""

    body: bytes
    content_type: str = "application/json"


@dataclass(frozen=True)
class Slow:
    """Nothing for so many seconds, then an empty reply."""

    seconds: float


@dataclass(frozen=True)
class Reset:
    """The connection is reset before any answer."""


@dataclass(frozen=True)
class Cut:
    """A reply that reached the limit of tokens."""

    text: str


Answer = str | Status | Raw | Slow | Reset | Cut


class ScriptedChat:
    """The server; a context manager. `prompts` are the texts of the last message of each request."""

    def __init__(self, *answers: Answer) -> None:
        self.answers: deque[Answer] = deque(answers)
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self._closing = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> ScriptedChat:
        chat = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                chat._answer(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def prompts(self) -> list[str]:
        return [request["messages"][-1]["content"] for request in self.requests]

    def messages(self, number: int) -> Sequence[dict[str, str]]:
        """All messages of request `number` (from 0)."""
        messages: Sequence[dict[str, str]] = self.requests[number]["messages"]
        return messages

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length", 0)))
        with self._lock:
            self.requests.append(json.loads(body))
            self.headers.append({name.lower(): value for name, value in handler.headers.items()})
            answer = self.answers.popleft() if self.answers else Status(400, "the script has no answer left")
        match answer:
            case str():
                self._send(handler, 200, _completion(answer, "stop"))
            case Cut(text):
                self._send(handler, 200, _completion(text, "length"))
            case Status(code, message, error_code, headers):
                error = {"error": {"message": message, "type": "scripted", "code": error_code}}
                self._send(handler, code, json.dumps(error).encode(), headers=headers)
            case Raw(data, content_type):
                self._send(handler, 200, data, content_type)
            case Slow(seconds):
                if not self._closing.wait(seconds):
                    self._send(handler, 200, _completion("", "stop"))
            case Reset():
                handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                handler.connection.close()
                handler.close_connection = True
                handler.wfile = handler.rfile = open("/dev/null", "r+b", buffering=0)  # noqa: SIM115, PTH123

    def _send(
        self,
        handler: BaseHTTPRequestHandler,
        code: int,
        data: bytes,
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> None:
        try:
            handler.send_response(code)
            for name, value in (headers or {}).items():
                handler.send_header(name, value)
            handler.send_header("Content-Type", content_type)
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data)
        except OSError:
            pass  # the client gave up first


def _completion(text: str, finish_reason: str) -> bytes:
    message = {"role": "assistant", "content": text}
    return json.dumps(
        {
            "id": "scripted-1",
            "object": "chat.completion",
            "created": 0,
            "model": "scripted-model",
            "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
            "usage": {"prompt_tokens": 100, "completion_tokens": len(text.split()), "total_tokens": 100},
        }
    ).encode()

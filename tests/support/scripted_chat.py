"""A chat model for tests: a real HTTP server on loopback that speaks the OpenAI protocol and replies from a script.

    with ScriptedChat("```verilog ...```", Status(429), Reset(), Slow(5)) as chat:
        monkeypatch.setenv("TPUGEN_BASE_URL", chat.base_url)

Every answer is used once, in order. `chat.requests` holds what was asked. A test that uses it is marked `network`.
Replies are streamed word by word where that is asked for.
"""

from __future__ import annotations

import json
import re
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


@dataclass(frozen=True)
class Pieces:
    """A streamed reply of these pieces with so many seconds before each; then an end, or the connection breaks."""

    pieces: Sequence[str]
    interval_s: float = 0.0
    breaks: bool = False


Answer = str | Status | Raw | Slow | Reset | Cut | Pieces


class ScriptedChat:
    """The server; a context manager. `prompts` are the texts of the last message of each request.

    A prompt counts as `prompt_tokens`; None counts one token for 3.5 characters.
    """

    prompt_tokens: int | None = 100

    def __init__(self, *answers: Answer) -> None:
        self.answers: deque[Answer] = deque(answers)
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.pieces_sent = 0
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
                self._reply(handler, answer, "stop")
            case Cut(text):
                self._reply(handler, text, "length")
            case Pieces():
                self._send_pieces(handler, answer)
            case Status(code, message, error_code, headers):
                error = {"error": {"message": message, "type": "scripted", "code": error_code}}
                self._send(handler, code, json.dumps(error).encode(), headers=headers)
            case Raw(data, content_type):
                self._send(handler, 200, data, content_type)
            case Slow(seconds):
                if not self._closing.wait(seconds):
                    self._reply(handler, "", "stop")
            case Reset():
                handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                handler.connection.close()
                handler.close_connection = True
                handler.wfile = handler.rfile = open("/dev/null", "r+b", buffering=0)  # noqa: SIM115, PTH123

    def _reply(self, handler: BaseHTTPRequestHandler, text: str, finish_reason: str) -> None:
        if not self.requests[-1].get("stream"):
            self._send(handler, 200, _completion(text, finish_reason, self._usage(text)))
            return
        pieces = re.findall(r"\s*\S+\s*?|\s+", text) or [""]
        events = [_event(piece) for piece in pieces] + [_event("", finish_reason)]
        if (self.requests[-1].get("stream_options") or {}).get("include_usage"):
            events.append(_sse({**_chunk(), "choices": [], "usage": self._usage(text)}))
        self._send(handler, 200, b"".join([*events, b"data: [DONE]\n\n"]), "text/event-stream")

    def _usage(self, text: str) -> dict[str, int]:
        prompt = self.prompt_tokens
        if prompt is None:
            prompt = int(sum(len(message["content"]) for message in self.requests[-1]["messages"]) / 3.5)
        tokens = len(text.split())
        return {"prompt_tokens": prompt, "completion_tokens": tokens, "total_tokens": prompt + tokens}

    def _send_pieces(self, handler: BaseHTTPRequestHandler, answer: Pieces) -> None:
        """One piece after the other, on a connection that ends with the reply."""
        handler.close_connection = True
        try:
            handler.send_response(200)
            handler.send_header("Content-Type", "text/event-stream")
            handler.send_header("Connection", "close")
            if answer.breaks:
                handler.send_header("Content-Length", "1000000")
            handler.end_headers()
            for piece in answer.pieces:
                if self._closing.wait(answer.interval_s):
                    return
                handler.wfile.write(_event(piece))
                handler.wfile.flush()
                self.pieces_sent += 1
            if not answer.breaks:
                handler.wfile.write(_event("", "stop") + b"data: [DONE]\n\n")
        except OSError:
            pass  # the client gave up first

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


def _completion(text: str, finish_reason: str, usage: dict[str, int]) -> bytes:
    message = {"role": "assistant", "content": text}
    return json.dumps(
        {
            "id": "scripted-1",
            "object": "chat.completion",
            "created": 0,
            "model": "scripted-model",
            "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
            "usage": usage,
        }
    ).encode()


def _chunk() -> dict[str, Any]:
    return {"id": "scripted-1", "object": "chat.completion.chunk", "created": 0, "model": "scripted-model"}


def _event(piece: str, finish_reason: str | None = None) -> bytes:
    delta = {"role": "assistant", "content": piece} if finish_reason is None else {}
    return _sse({**_chunk(), "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})


def _sse(value: object) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()

"""A web server on this machine's loopback that answers as it is told, well or badly."""

import os
import socket
import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Server:
    """What answers which path (`answers`), and how often each was asked for (`requests`)."""

    def __init__(self, port):
        self.address = f"http://127.0.0.1:{port}"
        self.answers = {}
        self.requests = Counter()
        self.over = threading.Event()

    def url(self, path, answer):
        """Give the address of a path that is answered so: by a function of a request handler."""
        self.answers[f"/{path}"] = answer
        return f"{self.address}/{path}"


@contextmanager
def serving():
    """Give a Server while the block runs; no proxy of this machine stands before it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            server.requests[self.path] += 1
            server.answers[self.path](self)
            self.close_connection = True

        def log_message(self, *_):
            pass

    with (
        ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            patch.delenv(name)
        http.daemon_threads = True
        server = Server(http.server_port)
        Handler.over = server.over
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            http.shutdown()
            thread.join()


def closed_port():
    """Give a port at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def content(body, kind="text/plain"):
    def answer(handler):
        _head(handler, 200, {"Content-Length": len(body), "Content-Type": kind})
        handler.wfile.write(body)

    return answer


def status(code):
    return lambda handler: _head(handler, code, {"Content-Length": 0})


def redirect(place):
    return lambda handler: _head(handler, 302, {"Content-Length": 0, "Location": place})


def cut(body):
    """Promise all of it and end after half."""

    def answer(handler):
        _head(handler, 200, {"Content-Length": len(body)})
        handler.wfile.write(body[: len(body) // 2])

    return answer


def cut_in_chunks(body):
    """Promise nothing, as servers that send chunks do, and end in the middle of one."""

    def answer(handler):
        _head(handler, 200, {"Transfer-Encoding": "chunked"})
        handler.wfile.write(b"%x\r\n" % len(body) + body[: len(body) // 2])

    return answer


def stall(body):
    """Send half of it, and then nothing, with the connection left open."""

    def answer(handler):
        _head(handler, 200, {"Content-Length": len(body)})
        handler.wfile.write(body[: len(body) // 2])
        handler.over.wait(20)

    return answer


def silence(handler):
    handler.over.wait(20)


def drip(body):
    """Send byte by byte, ten a second."""

    def answer(handler):
        _head(handler, 200, {"Content-Length": len(body)})
        for byte in body:
            try:
                handler.wfile.write(bytes([byte]))
            except OSError:
                return
            if handler.over.wait(0.1):
                return

    return answer


def pieces(body, number, pause):
    """Send it in pieces, with pauses of some seconds between them."""

    def answer(handler):
        _head(handler, 200, {"Content-Length": len(body)})
        size = -(-len(body) // number)
        for start in range(0, len(body), size):
            handler.wfile.write(body[start : start + size])
            time.sleep(pause)

    return answer


def in_turn(*answers):
    """Answer the first request with the first, and so on; all that follow with the last."""
    left = list(answers)
    return lambda handler: (left.pop(0) if len(left) > 1 else left[0])(handler)


def _head(handler, code, headers):
    handler.send_response(code)
    # Or a client may ask on, on a connection that is about to be closed.
    handler.send_header("Connection", "close")
    for name, value in headers.items():
        handler.send_header(name, str(value))
    handler.end_headers()

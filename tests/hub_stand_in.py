"""The Hugging Face hub's data sets, as far as `datasets` asks for them, from local folders.

A web server on the loopback, to be named by HF_ENDPOINT. Each repository has one revision.
"""

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

NOT_FOUND = 404, b"", {"X-Error-Code": "EntryNotFound"}


class Repository:
    """The files of one data set, by their paths in it, and what the hub says of them."""

    def __init__(self, folder: Path, revision: str):
        self.revision = revision
        self.files = {
            path.relative_to(folder).as_posix(): path
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    def answer(self, name, path, form, span):
        """Give code, body and headers for the path of an address, or None if it is not ours."""
        api = f"api/datasets/{name}"
        if path in (api, f"{api}/revision/{self.revision}"):
            return in_json(self._described(name))
        if path == f"{api}/paths-info/{self.revision}":
            return in_json([self._entry(each) for each in form["paths"] if self._known(each)])
        tree = f"{api}/tree/{self.revision}"
        if path == tree or path.startswith(f"{tree}/"):
            return in_json(self._below(path[len(tree) + 1 :]))
        file = path.removeprefix(f"datasets/{name}/resolve/{self.revision}/")
        return self._content(file, span) if file in self.files else None

    def _described(self, name):
        files = [{"rfilename": path} for path in self.files]
        return {"id": name, "sha": self.revision, "private": False, "siblings": files, "tags": []}

    def _below(self, folder):
        inside = [path for path in self.files if not folder or path.startswith(f"{folder}/")]
        folders = {str(parent) for path in inside for parent in Path(path).parents} - {".", folder}
        return [self._entry(path) for path in sorted({*inside, *folders})]

    def _entry(self, path):
        if path not in self.files:
            return {"type": "directory", "path": path, "oid": digest(path.encode())}
        content = self.files[path].read_bytes()
        return {"type": "file", "path": path, "size": len(content), "oid": digest(content)}

    def _known(self, path):
        return path in self.files or any(file.startswith(f"{path}/") for file in self.files)

    def _content(self, path, span):
        body = self.files[path].read_bytes()
        headers = {"ETag": f'"{digest(body)}"', "X-Repo-Commit": self.revision}
        if span is None:
            return 200, body, {**headers, "Accept-Ranges": "bytes"}
        first, last = (int(end) if end else len(body) - 1 for end in span[6:].split("-"))
        place = f"bytes {first}-{min(last, len(body) - 1)}/{len(body)}"
        return 206, body[first : last + 1], {**headers, "Content-Range": place}


def digest(content):
    return hashlib.sha1(content).hexdigest()


def in_json(content):
    return 200, json.dumps(content).encode(), {"Content-Type": "application/json"}


class Handler(BaseHTTPRequestHandler):
    """Asks each of its `repositories` in turn; of these a subclass has some."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        size = int(self.headers.get("Content-Length") or 0)
        form = parse_qs(self.rfile.read(size).decode())
        path, span = unquote(urlsplit(self.path).path).strip("/"), self.headers.get("Range")
        answers = [each.answer(name, path, form, span) for name, each in self.repositories.items()]
        code, body, headers = next(filter(None, answers), NOT_FOUND)
        self.send_response(code)
        for key, value in {**headers, "Content-Length": len(body)}.items():
            self.send_header(key, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_POST = do_GET  # noqa: N815

    def log_message(self, *_):
        pass


@contextmanager
def hub_of(repositories):
    """Give the address of a hub with these repositories (by name) while the block runs."""
    handler = type("Hub", (Handler,), {"repositories": repositories})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()

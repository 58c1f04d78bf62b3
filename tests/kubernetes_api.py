"""As much of Kubernetes' API as Snakemake's executor asks for, before processes of this machine.

Each job that is created is run at once, in an empty folder of its own and with nothing of this
process's environment but what the job says: as in a pod, it sees no file of whoever submitted it.
"""

import base64
import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

NAMESPACE = "/namespaces/default/"


class Pod:
    """A job's container: its request, and the process in the place of it."""

    def __init__(self, job, secrets, folder, programs):
        self.job = job
        self.container = job["spec"]["template"]["spec"]["containers"][0]
        self.workdir = folder / job["metadata"]["name"]
        self.workdir.mkdir(parents=True)
        told = {each["name"]: secrets[key_of(each)] for each in self.container.get("env", [])}
        path = os.pathsep.join(
            [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
        )
        with (self.workdir.parent / f"{self.workdir.name}.log").open("w") as log:
            self.process = subprocess.Popen(
                [*self.container["command"], *self.container["args"]],
                cwd=self.workdir,
                env={"PATH": path, **told},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def log(self):
        return (self.workdir.parent / f"{self.workdir.name}.log").read_text()

    def status(self):
        """The status of the job: its numbers of pods."""
        code = self.process.poll()
        if code is None:
            return {"active": 1}
        return {"failed": 1} if code else {"succeeded": 1}

    def described(self):
        """The pod, with its container's state."""
        code = self.process.poll()
        state = {"running": {}} if code is None else {"terminated": {"exitCode": code}}
        status = {"name": "snakemake", "state": state, "ready": True, "restartCount": 0}
        status |= {"image": self.container["image"], "imageID": ""}
        name = self.job["metadata"]["name"]
        return {"metadata": {"name": name}, "status": {"containerStatuses": [status]}}


def key_of(variable):
    """The key of a secret that a variable of a container's environment has the value of."""
    return variable["valueFrom"]["secretKeyRef"]["key"]


class Cluster:
    """The secrets and the jobs that were created, by name; pods find `programs` first."""

    def __init__(self, folder, programs):
        self.folder, self.programs = folder, programs
        self.secrets, self.pods, self.deleted = {}, {}, []

    def create(self, kind, body):
        if kind == "secrets":
            self.secrets |= {
                key: base64.b64decode(text).decode() for key, text in body["data"].items()
            }
        else:
            arguments = (self.secrets, self.folder / "pods", self.programs)
            self.pods[body["metadata"]["name"]] = Pod(body, *arguments)
        return body

    def read(self, path):
        kind, _, rest = path.partition("/")
        if kind == "jobs":
            pod = self.pods[rest.removesuffix("/status")]
            return {**pod.job, "status": pod.status()}
        if rest:
            return self.pods[rest.removesuffix("/log")].log()
        return None

    def of_job(self, query):
        """The pods of the job that a selector of labels names."""
        return {"items": [self.pods[query.split("job-name%3D")[1]].described()]}


@contextmanager
def kubernetes(folder, programs):
    """Give a Cluster while the block runs; its `configuration` is a file for its clients."""
    cluster = Cluster(folder, programs)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            path, _, query = self.path.partition(NAMESPACE)[2].partition("?")
            self.answer(cluster.of_job(query) if path == "pods" else cluster.read(path))

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.answer(cluster.create(self.path.partition(NAMESPACE)[2], body))

        def do_DELETE(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            cluster.deleted.append(self.path.partition(NAMESPACE)[2].split("?")[0])
            self.answer({"status": "Success"})

        def answer(self, value):
            text = value if isinstance(value, str) else json.dumps(value)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            cluster.configuration = write_configuration(folder, http.server_port)
            yield cluster
        finally:
            http.shutdown()
            thread.join()


def write_configuration(folder, port):
    """Write what clients of Kubernetes read where to find it."""
    named = {"name": "test"}
    path = folder / "kubeconfig"
    path.write_text(
        yaml.safe_dump(
            {
                **{"apiVersion": "v1", "kind": "Config", "current-context": "test"},
                "clusters": [{**named, "cluster": {"server": f"http://127.0.0.1:{port}"}}],
                "users": [{**named, "user": {}}],
                "contexts": [{**named, "context": {"cluster": "test", "user": "test"}}],
            }
        )
    )
    return path

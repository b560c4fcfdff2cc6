"""What a running service must survive without one failed request: parts `reload` and `stop` of
scripts/bench serve.

`reload`: clients over HTTP and gRPC go on asking while the model's file is replaced and SIGHUP sent, 100
times; each time until answers come from the new weights. `stop`: two servers take turns; the old one gets
SIGTERM when its successor is ready, 100 times, while paced clients on keep-alive connections go on asking.
A client that is told to connect anew (Connection: close, GOAWAY) tries the two addresses in turns. Whatever
is not the right answer counts as failed.
"""
import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import numpy
import torch
from torch import nn

from serve_runs import MAAS, export, free_port, tensors

TIMES = int(os.environ.get("MAAS_TIMES", "100"))
PATH = "/v2/models/net/infer"


class Shift(nn.Module):
    """Adds `by`: the answer tells which weights it came from."""

    def __init__(self, by):
        super().__init__()
        self.by = nn.Parameter(torch.tensor([float(by)]))

    def forward(self, x):
        return x + self.by


class HttpClient(threading.Thread):
    """Asks again and again, `pause` seconds apart; `seen` counts answers by their value."""

    def __init__(self, ports, pause, done):
        super().__init__()
        self.ports, self.pause, self.done = ports, pause, done
        self.seen, self.failed = {}, []
        self.body, self.headers = tensors("x", [1, 1], [0.0])
        self.connection = None

    def connect(self):
        for port in self.ports:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            try:
                connection.connect()
                return connection
            except OSError:
                continue
        raise ConnectionError("nobody listens")

    def ask(self):
        if self.connection is None:
            self.connection = self.connect()
        self.connection.request("POST", PATH, self.body, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise ValueError(f"{answer.status} {text[:200]}")
        if answer.will_close:
            self.connection.close()
            self.connection = None
        return json.loads(text)["outputs"][0]["data"][0]

    def run(self):
        while not self.done.is_set():
            try:
                value = self.ask()
                self.seen[value] = self.seen.get(value, 0) + 1
            except (OSError, ValueError, http.client.HTTPException) as error:
                self.failed.append(f"HTTP: {type(error).__name__}: {error}")
                self.connection = None
            time.sleep(self.pause)


class GrpcClient(HttpClient):
    """The same through tritonclient's plain channel."""

    def connect(self):
        import tritonclient.grpc as triton
        self.triton = triton
        self.given = triton.InferInput("x", [1, 1], "FP32")
        self.given.set_data_from_numpy(numpy.zeros((1, 1), numpy.float32))
        return triton.InferenceServerClient("ipv4:" + ",".join(f"127.0.0.1:{port}" for port in self.ports))

    def ask(self):
        if self.connection is None:
            self.connection = self.connect()
        try:
            answer = self.connection.infer("net", [self.given])
        except self.triton.InferenceServerException as error:
            raise ValueError(f"gRPC: {error.status()} {error.message()}") from None
        return float(answer.as_numpy(answer.get_response().outputs[0].name)[0, 0])


def serve(model, port, grpc_port, *settings):
    grpc = ["--grpc-port", str(grpc_port), "serve.grpc_connection_age=1s"] if grpc_port else []
    process = subprocess.Popen([MAAS, "serve", model, "--port", str(port), *grpc, "--json", *settings],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if not process.stdout.readline():
        sys.exit("maas serve did not start")
    return process


def has_grpc():
    try:
        import tritonclient.grpc  # noqa: F401
    except ImportError:
        print("skipped: gRPC: tritonclient[grpc] is not installed")
        return False
    if not pathlib.Path(MAAS).with_name("maas-grpc.so").exists():
        print("skipped: gRPC: maas was built without it")
        return False
    return True


def clients_of(http_ports, grpc_ports, done):
    clients = [HttpClient(http_ports, 0.002 * (1 + i), done) for i in range(12)]
    clients += [GrpcClient(grpc_ports, 0.002 * (1 + i), done) for i in range(12 if grpc_ports[0] else 0)]
    for one in clients:
        one.start()
    return clients


def tell(what, clients, seconds):
    failed = [text for one in clients for text in one.failed]
    for kind in (HttpClient, GrpcClient):
        own = [one for one in clients if type(one) is kind]
        if own:
            print(f"{what}, {kind.__name__[:4].upper()}: {sum(sum(one.seen.values()) for one in own)} answers to "
                  f"{len(own)} clients in {seconds:.0f} s, {sum(len(one.failed) for one in own)} failed")
    for text in sorted(set(failed))[:10]:
        print(f"    {failed.count(text)}x {text}")
    return len(failed)


def reload(folder):
    models = folder / "reload"
    (models / "net" / "1").mkdir(parents=True)
    served = models / "net" / "1" / "model.pt"
    for by in (1, 2):
        export(Shift(by), torch.zeros(2, 1), folder / f"shift{by}")
    served.write_bytes((folder / "shift1.pt2").read_bytes())
    ports = free_port(), free_port() if has_grpc() else 0
    process = serve(str(models), *ports)
    done = threading.Event()
    begun = time.monotonic()
    clients = clients_of([ports[0]], [ports[1]], done)
    probe = HttpClient([ports[0]], 0, done)
    took = []
    for turn in range(TIMES):
        by = 2 - turn % 2
        fresh = models / "net" / "1" / ".fresh"
        fresh.write_bytes((folder / f"shift{by}.pt2").read_bytes())
        fresh.rename(served)
        at = time.monotonic()
        process.send_signal(signal.SIGHUP)
        while probe.ask() != by:
            if time.monotonic() - at > 30:
                sys.exit(f"reload {turn}: no answer from the new weights in 30 s")
            time.sleep(0.002)
        took.append(time.monotonic() - at)
        time.sleep(0.1)
    done.set()
    for one in clients:
        one.join()
    process.terminate()
    process.wait()
    print(f"{TIMES} reloads, each seen after {1e3 * sorted(took)[TIMES // 2]:.0f} ms (median), at most "
          f"{1e3 * max(took):.0f} ms")
    return tell("reload", clients, time.monotonic() - begun)


def stop(folder):
    export(Shift(1), torch.zeros(2, 1), folder / "stop")
    model = f"net={folder / 'stop.pt2'}"
    grpc = has_grpc()
    ports = [(free_port(), free_port() if grpc else 0) for _ in range(2)]
    process = serve(model, *ports[0], "serve.drain_delay=0.2s")
    done = threading.Event()
    begun = time.monotonic()
    clients = clients_of([one for one, _ in ports], [one for _, one in ports], done)
    took = []
    for turn in range(TIMES):
        successor = serve(model, *ports[(turn + 1) % 2], "serve.drain_delay=0.2s")
        time.sleep(0.2)
        at = time.monotonic()
        process.terminate()
        if process.wait(timeout=60) != 0:
            sys.exit(f"stop {turn}: exit {process.returncode}")
        took.append(time.monotonic() - at)
        process = successor
    done.set()
    for one in clients:
        one.join()
    process.terminate()
    process.wait()
    print(f"{TIMES} stops, each after {sorted(took)[TIMES // 2]:.1f} s (median), at most {max(took):.1f} s")
    return tell("stop", clients, time.monotonic() - begun)

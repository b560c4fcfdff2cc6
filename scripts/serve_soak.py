"""Everything at once, for long: part `soak` of scripts/bench serve. Or: serve_soak.py [SECONDS], 1800 by default.

Eight clients ask three models in JSON, packed JSON, binary, TensorFlow Serving's and TorchServe's words and
over gRPC, with 1 to 64 rows or images of megabytes; they cancel, hang up in the middle, set time-outs that
cannot be met; one request in a hundred is bad; a model is replaced every few seconds. Each answer is compared
with what PyTorch says. At nine points all is quiet, reloads too, and the least memory that the server then has is
read. Readings differ by some MiB with what was last under way in each thread, so growth is the median of the
last three less that of the first three: at most 1 MiB (MAAS_SOAK_GROWTH: other MiB).
MAAS_SOAK_RATE: requests a second of all clients, 240 by default.
"""
import gzip
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import numpy
import torch
from torch import nn

from serve_runs import MAAS, binary, export, free_port, mlp, tensors
from serve_stops import Shift, has_grpc

CLIENTS = 8
RATE = float(os.environ.get("MAAS_SOAK_RATE", "240"))
GROWTH = float(os.environ.get("MAAS_SOAK_GROWTH", "1"))
QUIET_READINGS = 10  # a second apart: what is free goes back to the system after one
ROWS = (1, 1, 1, 1, 2, 8, 64)
BAD = [  # method, path, body, headers, statuses that it may have
    ("POST", "/v2/models/net/infer", b'{"inputs": [', {}, {400}),
    ("POST", "/v2/models/net/infer", b'{"inputs": [{"name": "input", "shape": [1, 783], "datatype": "FP32", '
     b'"data": [1]}]}', {}, {400}),
    ("POST", "/v2/models/none/infer", b"{}", {}, {404}),
    ("POST", "/v2/models/net/infer", b"\xff\xfe" * 50, {}, {400}),
    ("POST", "/v2/models/net/infer", b"{}", {"Content-Encoding": "gzip"}, {400}),
    ("POST", "/v2/models/net/infer", b"{}", {"Content-Type": "text/plain"}, {415}),
    ("POST", "/v2/models/net/infer", b"{}", {"Inference-Header-Content-Length": "900"}, {400}),
    ("POST", "/v1/models/net:predict", b'{"instances": []}', {}, {400}),
    ("DELETE", "/v2", b"", {}, {405}),
    ("GET", "/v2/" + "x" * 20000, b"", {}, {414, 431}),
]


class Nets:
    """The models, and what PyTorch answers for inputs that are made once."""

    def __init__(self, folder):
        net, example = mlp()
        pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        export(net, example, folder / "net")
        export(pool, torch.zeros(2, 3, 224, 224), folder / "pool")
        self.shifts = []
        for by in (1, 2):
            export(Shift(by), torch.zeros(2, 1), folder / f"shift{by}")
            self.shifts.append((folder / f"shift{by}.pt2").read_bytes())
        (folder / "models" / "shift" / "1").mkdir(parents=True)
        self.served = folder / "models" / "shift" / "1" / "model.pt"
        self.served.write_bytes(self.shifts[0])
        self.files = [f"net={folder / 'net.pt2'}", f"pool={folder / 'pool.pt2'}", str(folder / "models")]
        generator = torch.Generator().manual_seed(7)
        self.inputs = torch.rand(64, 784, generator=generator)
        self.image = torch.rand(1, 3, 224, 224, generator=generator)
        with torch.no_grad():
            self.outputs, self.means = net(self.inputs).numpy(), pool(self.image).numpy()
        self.numbers = self.inputs.tolist()

    def replace(self, turn):
        fresh = self.served.with_name(".fresh")
        fresh.write_bytes(self.shifts[turn % 2])
        fresh.rename(self.served)


class Wrong(Exception):
    """An answer that nothing explains."""


class Client(threading.Thread):
    """Asks at its pace until `done`; waits while `paused`."""

    def __init__(self, nets, ports, seed, done, paused):
        super().__init__()
        self.nets, self.ports, self.done, self.paused = nets, ports, done, paused
        self.random = random.Random(seed)
        self.counts, self.wrong, self.is_quiet = {}, [], threading.Event()
        self.connection = self.grpc = None
        self.cases = [(self.json, 22), (self.packed, 6), (self.binary, 22), (self.v1, 12), (self.torchserve, 6),
                      (self.shift, 8), (self.image, 3), (self.told, 4), (self.cancel, 3), (self.half, 2),
                      (self.late, 2), (self.bad, 1)]
        if ports[1]:
            self.cases += [(self.over_grpc, 12), (self.cancel_grpc, 2)]

    def run(self):
        if self.ports[1]:
            import tritonclient.grpc as triton
            self.triton = triton
            self.grpc = triton.InferenceServerClient(f"127.0.0.1:{self.ports[1]}")
        cases, weights = zip(*self.cases)
        while not self.done.is_set():
            if self.paused.is_set():
                self.is_quiet.set()
                time.sleep(0.05)
                continue
            self.is_quiet.clear()
            (case,) = self.random.choices(cases, weights)
            begun = time.monotonic()
            try:
                case()
                self.count(case.__name__)
            except Exception as error:  # noqa: BLE001: whatever it is, it is told
                self.wrong.append(f"{case.__name__}: {type(error).__name__}: {error}")
                self.connection = None
            time.sleep(max(0.0, self.random.expovariate(RATE / CLIENTS) - (time.monotonic() - begun)))
        if self.grpc:
            self.grpc.close()

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def ask(self, method, path, body=b"", headers=None):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.ports[0], timeout=60)
        try:
            self.connection.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})
            answer = self.connection.getresponse()
        except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
            # The server may close what was idle, and what it has refused.
            self.connection = None
            self.count("connected anew")
            return self.ask(method, path, body, headers)
        text = answer.read()
        if answer.will_close:
            self.connection = None
        return answer, text

    def good(self, path, body, headers=None):
        """The answer of 200; none where the server refuses because it has much to do."""
        answer, text = self.ask("POST", path, body, headers)
        if answer.status == 503 and answer.getheader("Retry-After"):
            self.count("503 with Retry-After")
            return None, None
        if answer.status != 200:
            raise Wrong(f"{answer.status} {text[:200]}")
        return answer, text

    def rows(self):
        count = self.random.choice(ROWS)
        return slice(first := self.random.randrange(65 - count), first + count)

    def compare(self, got, wanted):
        got = numpy.asarray(got, numpy.float32).reshape(wanted.shape)
        if not numpy.allclose(got, wanted, rtol=1e-3, atol=1e-4):
            raise Wrong(f"values differ by {numpy.abs(got - wanted).max()}")

    def ask_json(self, pack):
        at = self.rows()
        body, headers = tensors("input", [at.stop - at.start, 784], self.nets.numbers[at])
        if pack:
            body, headers = gzip.compress(body, 1), {**headers, "Content-Encoding": "gzip"}
        _, text = self.good("/v2/models/net/infer", body, headers)
        if text:
            self.compare(json.loads(text)["outputs"][0]["data"], self.nets.outputs[at])

    def json(self):
        self.ask_json(False)

    def packed(self):
        self.ask_json(True)

    def ask_binary(self, model, tensor, wanted):
        body, headers = binary("input", list(tensor.shape), tensor.flatten().tolist())
        answer, text = self.good(f"/v2/models/{model}/infer", body, headers)
        if answer:
            head = int(answer.getheader("Inference-Header-Content-Length"))
            self.compare(numpy.frombuffer(text[head:], numpy.float32), wanted)

    def binary(self):
        at = self.rows()
        self.ask_binary("net", self.nets.inputs[at], self.nets.outputs[at])

    def image(self):
        count = self.random.choice((1, 1, 4))
        self.ask_binary("pool", self.nets.image.expand(count, -1, -1, -1),
                        numpy.repeat(self.nets.means, count, 0))

    def v1(self):
        at = self.rows()
        _, text = self.good("/v1/models/net:predict", json.dumps({"instances": self.nets.numbers[at]}).encode())
        if text:
            self.compare(json.loads(text)["predictions"], self.nets.outputs[at])

    def torchserve(self):
        at = self.rows()
        _, text = self.good("/predictions/net", json.dumps(self.nets.numbers[at]).encode())
        if text:
            self.compare(json.loads(text), self.nets.outputs[at])

    def shift(self):
        _, text = self.good("/v2/models/shift/infer", *tensors("x", [1, 1], [5.0]))
        if text and json.loads(text)["outputs"][0]["data"][0] not in (6, 7):
            raise Wrong(text[:200])

    def told(self):
        path = self.random.choice(("/v2", "/v2/health/ready", "/v2/models/net", "/metrics", "/v2/models/net/stats",
                                   "/v1/models/net", "/openapi.json", "/ping", "/"))
        answer, text = self.ask("GET", path)
        if answer.status != 200:
            raise Wrong(f"{path}: {answer.status} {text[:200]}")

    def send_and_leave(self, share):
        body, headers = tensors("input", [64, 784], self.nets.numbers)
        head = f"POST /v2/models/net/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
        with socket.create_connection(("127.0.0.1", self.ports[0]), timeout=60) as client:
            client.sendall(head.encode() + body[:int(share * len(body))])

    def cancel(self):
        self.send_and_leave(1)

    def half(self):
        self.send_and_leave(0.5)

    def late(self):
        body = json.loads(tensors("input", [1, 784], self.nets.numbers[0])[0])
        body["parameters"] = {"timeout": 1}
        answer, text = self.ask("POST", "/v2/models/net/infer", json.dumps(body).encode())
        if answer.status not in (200, 504):
            raise Wrong(f"{answer.status} {text[:200]}")

    def bad(self):
        method, path, body, headers, statuses = self.random.choice(BAD)
        answer, text = self.ask(method, path, body, headers)
        if answer.status not in statuses:
            raise Wrong(f"{method} {path[:40]} {body[:40]}: {answer.status} {text[:200]}")

    def grpc_input(self, at):
        given = self.triton.InferInput("input", [at.stop - at.start, 784], "FP32")
        given.set_data_from_numpy(self.nets.inputs[at].numpy())
        return [given]

    def over_grpc(self):
        at = self.rows()
        answer = self.grpc.infer("net", self.grpc_input(at))
        self.compare(answer.as_numpy(answer.get_response().outputs[0].name), self.nets.outputs[at])

    def cancel_grpc(self):
        call = self.grpc.async_infer("net", self.grpc_input(slice(0, 64)), lambda result, error: None)
        call.cancel()


def resident_mib(process):
    return int(pathlib.Path(f"/proc/{process.pid}/status").read_text().split("VmRSS:")[1].split()[0]) / 1024


def quiet_memory(process, clients, paused):
    paused.set()
    for one in clients:
        one.is_quiet.wait(90)
    sizes = []
    for _ in range(QUIET_READINGS):
        time.sleep(1)
        sizes.append(resident_mib(process))
    paused.clear()
    return min(sizes)


def growth_of(sizes):
    return statistics.median(sizes[-3:]) - statistics.median(sizes[:3])


def run(folder, seconds):
    nets = Nets(folder)
    ports = free_port(), free_port() if has_grpc() else 0
    grpc = ["--grpc-port", str(ports[1])] if ports[1] else []
    process = subprocess.Popen([MAAS, "serve", *nets.files, "--port", str(ports[0]), *grpc, "--json"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    log = []
    threading.Thread(target=lambda: log.extend(process.stderr), daemon=True).start()
    done, paused = threading.Event(), threading.Event()
    clients = [Client(nets, ports, seed, done, paused) for seed in range(CLIENTS)]
    for one in clients:
        one.start()
    begun, sizes, turn, next_look = time.monotonic(), [], 0, 0.2 * seconds
    while (at := time.monotonic() - begun) < seconds and process.poll() is None:
        time.sleep(2)
        if at > next_look:
            sizes.append(quiet_memory(process, clients, paused))
            print(f"    after {at:.0f} s: {sizes[-1]:.1f} MiB, {sum(len(one.wrong) for one in clients)} wrong", flush=True)
            next_look += 0.1 * seconds
        turn += 1
        nets.replace(turn)
        process.send_signal(signal.SIGHUP)
    sizes.append(quiet_memory(process, clients, paused))
    done.set()
    for one in clients:
        one.join()
    crashed = process.poll() is not None
    process.terminate()
    return report(clients, sizes, turn, crashed or process.wait(timeout=60) != 0, log)


def report(clients, sizes, reloads, crashed, log):
    counts = {}
    for one in clients:
        for name, count in one.counts.items():
            counts[name] = counts.get(name, 0) + count
    wrong = [text for one in clients for text in one.wrong]
    print("soak: " + ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    print(f"soak: {sum(counts.values())} requests, {reloads} reloads, {len(wrong)} wrong, "
          f"{'it crashed' if crashed else 'no crash'}; memory {sizes[0]:.1f} MiB at first, {sizes[-1]:.1f} at the end, "
          f"at most {max(sizes):.1f}: growth {growth_of(sizes):+.1f} MiB")
    for text in sorted(set(wrong))[:20]:
        print(f"    {wrong.count(text)}x {text}")
    if wrong or crashed:
        print("".join(log[-40:]))
    return int(bool(wrong)) + int(crashed) + int(growth_of(sizes) > GROWTH)


def soak(folder):
    return run(folder, float(os.environ.get("MAAS_SOAK_SECONDS", "1800")))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        sys.exit(run(pathlib.Path(name), float(sys.argv[1]) if len(sys.argv) > 1 else 1800))

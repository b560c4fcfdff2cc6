"""maas serve beside FastAPI over PyTorch and over onnxruntime, on the same exported network.

Called by scripts/bench serve. Server on core 0, wrk on core 1, keep-alive, one row of the MLP 784-128-10
as JSON (FastAPI: {"instances": [[...]]}; maas: the Open Inference Protocol) and, for maas, binary. The
servers take turns in short rounds; shown is the best round of each in requests a second, and the ratio
of these. `bare`: the same body to a handler that looks at none of it. Then one image 3x224x224 FP32, JSON
and binary: CPU seconds of the server a request.
Needs wrk, and fastapi and uvicorn in build/venv: build/venv/bin/pip install fastapi uvicorn
"""
import http.client
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time

import torch
from torch import nn

MAAS = "build/maas"
ROUNDS, SECONDS = 3, 3
CONNECTIONS = (1, 8, 64)
ROW = [round((i * 37 % 256) / 255, 4) for i in range(784)]

FASTAPI = """
import os, torch
from fastapi import FastAPI, Request
import uvicorn
torch.set_num_threads(1)
app = FastAPI()
if os.environ["PEER"] == "ort":
    import numpy, onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(os.environ["NET"] + ".onnx", options)
    name = session.get_inputs()[0].name
    def predict(rows): return session.run(None, {name: numpy.asarray(rows, numpy.float32)})[0].tolist()
else:
    net = torch.export.load(os.environ["NET"] + ".pt2").module()
    def predict(rows):
        with torch.inference_mode(): return net(torch.tensor(rows)).tolist()

@app.post("/predict")
async def answer(request: Request):
    return {"predictions": predict((await request.json())["instances"])}

uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="error", access_log=False)
"""


class Server:
    """A process on core 0 that answers at `port`."""

    def __init__(self, command, port, **environment):
        self.process = subprocess.Popen(["taskset", "-c", "0", *command], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, env={**os.environ, **environment})
        self.port = port
        until = time.monotonic() + 60
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/v2/health/ready")
                connection.getresponse().read()
                return
            except OSError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise SystemExit(f"{command[0]} did not start") from None
                time.sleep(0.05)

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.kill()
        self.process.wait()


class Load:
    """What wrk posts."""

    def __init__(self, folder, name, path, body, headers):
        self.path = path
        self.body = folder / f"{name}.body"
        self.body.write_bytes(body)
        self.script = folder / f"{name}.lua"
        lines = ['wrk.method = "POST"', f'local file = io.open("{self.body}", "rb")',
                 'wrk.body = file:read("*a")']
        lines += [f'wrk.headers["{key}"] = "{value}"' for key, value in headers.items()]
        lines.append('function done(s, l) io.write(string.format("%d %d %d %f\\n", s.requests, s.duration, '
                     's.errors.status + s.errors.read + s.errors.connect + s.errors.timeout, '
                     'l:percentile(99) / 1000)) end')
        self.script.write_text("\n".join(lines))

    def run(self, server, connections, seconds=SECONDS):
        done = subprocess.run(["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
                               "-s", str(self.script), f"http://127.0.0.1:{server.port}{self.path}"],
                              capture_output=True, text=True, check=True)
        requests, micros, errors, p99 = done.stdout.splitlines()[-1].split()
        if int(errors):
            raise SystemExit(f"{self.path}: {errors} errors of {requests} requests")
        return int(requests) * 1e6 / int(micros), float(p99)


def binary(name, shape, values):
    data = struct.pack(f"<{len(values)}f", *values)
    head = {"inputs": [{"name": name, "shape": shape, "datatype": "FP32",
                        "parameters": {"binary_data_size": len(data)}}],
            "parameters": {"binary_data_output": True}}
    text = json.dumps(head).encode()
    return text + data, {"Content-Type": "application/octet-stream",
                         "Inference-Header-Content-Length": str(len(text))}


def tensors(name, shape, values):
    body = {"inputs": [{"name": name, "shape": shape, "datatype": "FP32", "data": values}]}
    return json.dumps(body).encode(), {"Content-Type": "application/json"}


def export(net, example, path):
    program = torch.export.export(net.eval(), (example,),
                                  dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))
    torch.export.save(program, f"{path}.pt2")


def rows(folder):
    torch.manual_seed(0)
    net = folder / "mlp"
    export(nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)), torch.zeros(2, 784), net)
    subprocess.run([MAAS, "export", f"{net}.pt2", "-o", f"{net}.onnx", "-q"], check=True)
    python = [sys.executable, "-c", FASTAPI]
    servers = {
        "maas": Server([MAAS, "serve", f"net={net}.pt2", "--port", "18101"], 18101),
        "fastapi-torch": Server(python, 18102, PEER="torch", NET=str(net), PORT="18102"),
        "fastapi-ort": Server(python, 18103, PEER="ort", NET=str(net), PORT="18103"),
    }
    infer = "/v2/models/net/infer"
    text, headers = tensors("input", [1, 784], ROW)
    instances = json.dumps({"instances": [ROW]}).encode()
    loads = {
        "maas JSON": ("maas", Load(folder, "json", infer, text, headers)),
        "maas binary": ("maas", Load(folder, "binary", infer, *binary("input", [1, 784], ROW))),
        "maas bare": ("maas", Load(folder, "bare", "/v2/repository/index", text, headers)),
        "fastapi-torch": ("fastapi-torch", Load(folder, "torch", "/predict", instances, headers)),
        "fastapi-ort": ("fastapi-ort", Load(folder, "ort", "/predict", instances, headers)),
    }
    for _, load in loads.values():
        load.run(servers[_], 8, 1)
    for connections in CONNECTIONS:
        best = dict.fromkeys(loads, (0, 0))
        for _ in range(ROUNDS):
            for name, (server, load) in loads.items():
                best[name] = max(best[name], load.run(servers[server], connections))
        ours = best["maas JSON"][0]
        print(f"{connections:>3} connections: " + "   ".join(
            f"{name} {rate:8.0f}/s p99 {p99:6.2f} ms" for name, (rate, p99) in best.items()))
        print(f"    maas JSON is {ours / best['fastapi-torch'][0]:.1f}x fastapi-torch, "
              f"{ours / best['fastapi-ort'][0]:.1f}x fastapi-ort, "
              f"{ours / best['maas bare'][0]:.2f} of a bare handler; "
              f"binary is {best['maas binary'][0] / ours:.2f}x JSON", flush=True)
    for server in servers.values():
        server.stop()


def images(folder):
    net = folder / "pool"
    export(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), torch.zeros(2, 3, 224, 224), net)
    shape, values = [1, 3, 224, 224], torch.rand(3 * 224 * 224).tolist()
    server = Server([MAAS, "serve", f"net={net}.pt2", "--port", "18104"], 18104)
    cost = {}
    for name, make in (("JSON", tensors), ("binary", binary)):
        load = Load(folder, f"image-{name}", "/v2/models/net/infer", *make("input", shape, values))
        load.run(server, 1, 1)
        before = server.cpu_seconds()
        rate, _ = load.run(server, 1)
        cost[name] = (server.cpu_seconds() - before) / (rate * SECONDS)
    server.stop()
    print(f"image 3x224x224: JSON {1e3 * cost['JSON']:.2f} ms of CPU a request, binary "
          f"{1e3 * cost['binary']:.3f} ms, {cost['JSON'] / cost['binary']:.1f}x less")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        rows(folder)
        images(folder)


if __name__ == "__main__":
    main()

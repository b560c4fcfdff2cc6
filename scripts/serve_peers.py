"""maas serve beside FastAPI over PyTorch and over onnxruntime, on the same exported network: parts
`rows` and `images` of scripts/bench serve.

Server on core 0, wrk on core 1, keep-alive, one row of the MLP 784-128-10 as JSON (FastAPI:
{"instances": [[...]]}; maas: the Open Inference Protocol) and, for maas, binary. The servers take turns
in short rounds; shown is the best round of each in requests a second, and the ratio of these. `bare`: the
same body to a handler that looks at none of it. Then one image 3x224x224 FP32, JSON and binary: CPU
seconds of the server a request.
Needs wrk, and fastapi and uvicorn in build/venv: build/venv/bin/pip install fastapi uvicorn
"""
import json
import subprocess
import sys

import torch
from torch import nn

from serve_runs import MAAS, ROW, SECONDS, Load, Server, binary, export, mlp, tensors

ROUNDS = 3
CONNECTIONS = (1, 8, 64)

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


def rows(folder):
    net = folder / "mlp"
    export(*mlp(), net)
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

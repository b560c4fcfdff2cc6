"""Servers on core 0, loads on core 1, and the models between them: shared by scripts/serve_*.py."""
import http.client
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import time

import torch
from torch import nn

MAAS = os.environ.get("MAAS", "build/maas")
SECONDS = 3  # of a round
ROW = [round((i * 37 % 256) / 255, 4) for i in range(784)]


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


def mlp():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)), torch.zeros(2, 784)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def bench(*words, cores="1"):
    """The results of `maas bench serve`, a dictionary for each load and server."""
    done = subprocess.run(["taskset", "-c", cores, MAAS, "bench", "serve", *map(str, words), "--json"],
                          capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"maas bench serve {' '.join(map(str, words))}: {done.stdout}{done.stderr}")
    results = json.loads(done.stdout)["results"]
    for one in results:
        if one["void"]:
            print(f"    void: {one['load']}: {one['void_because']}")
    return results

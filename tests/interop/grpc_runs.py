"""Running `maas serve --grpc-port` and asking it; exits 77 where that cannot be."""
import json
import os
import resource
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import numpy
import torch
from torch import nn

from interop_runs import MAAS, Case, maas

try:
    import grpc
    from tritonclient.grpc import service_pb2 as pb
except ImportError:
    print("skipped: tritonclient[grpc] is not installed; fix: scripts/interop_environment")
    sys.exit(77)

DOCTOR = json.loads(maas("doctor", "--json").stdout)["checks"]
if any(check["name"] == "gRPC" and "not built" in check["found"] for check in DOCTOR):
    print("skipped: this maas was built without gRPC; fix: scripts/install build, scripts/build")
    sys.exit(77)

SERVICE = "/inference.GRPCInferenceService/"


class Copies(nn.Module):
    def forward(self, *tensors):
        return tuple(tensor.clone() for tensor in tensors)


class Slow(nn.Module):
    """Takes a tenth of a second or more a row of 1."""

    def forward(self, x):
        y = torch.ones(x.shape[0], 400, 400) * x
        for _ in range(40):
            y = torch.tanh(y @ y * 0.001)
        return y.sum([1, 2])


def export(module, example, path):
    dims = tuple({0: torch.export.Dim.DYNAMIC} for _ in example)
    shapes = (dims,) if isinstance(module, Copies) else dims
    torch.export.save(torch.export.export(module.eval(), example, dynamic_shapes=shapes), path)


def values_of(dtype):
    if dtype == torch.bool:
        return [True, False, True]
    if dtype.is_floating_point:
        return [torch.finfo(dtype).max, -0.1, torch.finfo(dtype).tiny]
    return [torch.iinfo(dtype).max, torch.iinfo(dtype).min, 1]


class Server:
    """`maas serve` with gRPC while the block runs, on a free port where none is given."""

    def __init__(self, *arguments, environment=None, files=None, port=0, drain_delay="0s"):
        self.process = subprocess.Popen(
            [MAAS, "serve", *map(str, arguments), "--port", "0", "--grpc-port", str(port), "--json",
             f"serve.drain_delay={drain_delay}", "serve.max_queue_wait=60s"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **(environment or {})},
            preexec_fn=files and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))))

    def __enter__(self):
        line = self.process.stdout.readline()
        self.ready = json.loads(line) if line else {}
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        self.address = f"127.0.0.1:{self.ready.get('grpc_port')}"
        self.name = self.ready.get("model")
        self.channel = grpc.insecure_channel(
            self.address, options=[("grpc.max_send_message_length", -1),
                                   ("grpc.max_receive_message_length", -1)])
        return self

    def __exit__(self, *_):
        self.channel.close()
        if self.process.poll() is None:
            self.process.terminate()
        self.process.stdout.close()
        assert self.process.wait(timeout=30) == 0

    def call(self, method, message=b"", answer=None, timeout=60, metadata=(), **more):
        data = message if isinstance(message, bytes) else message.SerializeToString()
        call = self.channel.unary_unary(method if method[0] == "/" else SERVICE + method)
        got = call(data, timeout=timeout, metadata=metadata, **more)
        return answer.FromString(got) if answer else got

    def infer(self, message, **more):
        return self.call("ModelInfer", message, pb.ModelInferResponse, **more)

    def over_http(self, body):
        url = f"{self.ready['url']}/v2/models/{self.name}/infer"
        request = urllib.request.Request(url, json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, ""
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())["error"]


def message_of(name, tensors, raw=(), **more):
    """`tensors`: (name, datatype, shape, contents as keywords)."""
    message = pb.ModelInferRequest(model_name=name, raw_input_contents=raw, **more)
    for tensor, datatype, shape, contents in tensors:
        one = message.inputs.add(name=tensor, datatype=datatype, shape=shape)
        if contents is not None:
            one.contents.CopyFrom(pb.InferTensorContents(**contents))
    return message


def floats(*numbers):
    return numpy.array(numbers, numpy.float32).tobytes()


class GrpcCase(Case):
    def net(self):
        path = self.folder / "net.pt2"
        if not path.exists():
            torch.manual_seed(1)
            export(nn.Linear(4, 3), (torch.rand(2, 4),), path)
        return path

    def slow(self):
        path = self.folder / "slow.pt2"
        if not path.exists():
            export(Slow(), (torch.rand(2, 1, 1),), path)
        return path

    def refused(self, code, text, function, *arguments, **more):
        with self.assertRaises(grpc.RpcError) as caught:
            function(*arguments, **more)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        self.assertIn(text, caught.exception.details())
        return caught.exception

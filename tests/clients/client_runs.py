"""A served model for clients that others wrote, and what it is to answer."""
import importlib
import json
import sys
import urllib.request

import numpy

from maas_runs import Case, maas

MODEL = "bench_mlp"


def need(*modules):
    """Ends the test program as skipped where a module is missing."""
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError as error:
            print(f"skipped: {error}; fix: scripts/interop_environment clients")
            sys.exit(77)


def has_grpc():
    checks = json.loads(maas("doctor", "--json").stdout)["checks"]
    return not any(check["name"] == "gRPC" and "not built" in check["found"] for check in checks)


class ClientCase(Case):
    """`images` are what each client sends, `logits` what curl hears about them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = cls.train()["model"]
        cls.images = numpy.random.default_rng(1).integers(0, 256, (3, 1, 28, 28)).astype(numpy.uint8)

    def setUp(self):
        grpc = ["--grpc-port", "0"] if has_grpc() else []
        self.process, self.ready = self.start_server(self.model, *grpc)
        self.stopped = False
        self.url = self.ready["url"]
        body = {"inputs": [{"name": "image", "shape": [3, 1, 28, 28], "datatype": "UINT8",
                            "data": self.images.flatten().tolist()}]}
        asked = urllib.request.Request(f"{self.url}/v2/models/{MODEL}/infer", json.dumps(body).encode(),
                                       {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=60) as answer:
            self.logits = numpy.array(json.load(answer)["outputs"][0]["data"], numpy.float32).reshape(3, 10)

    def stop(self):
        if not self.stopped:
            self.process.terminate()
        self.stopped = True

    def tearDown(self):
        self.stop()
        self.assertEqual(self.process.wait(timeout=30), 0)

    def assert_logits(self, values):
        numpy.testing.assert_allclose(numpy.asarray(values, numpy.float32).reshape(3, 10), self.logits, rtol=1e-5,
                                      atol=1e-6)

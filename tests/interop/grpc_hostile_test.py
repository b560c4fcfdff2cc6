"""gRPC messages that unpack into far more than they weigh; a table's BYTES, labels and shadows over gRPC."""
import csv
import json
import random
import re
import shutil
import time
import unittest
import urllib.request

import numpy

from interop_runs import maas
from grpc_runs import GrpcCase, Server, floats, grpc, message_of, pb

import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

MEGABYTES = 30


def field(number, data):
    size, head = len(data), bytes([number << 3 | 2])
    while size > 127:
        head += bytes([size & 127 | 128])
        size >>= 7
    return head + bytes([size]) + data


def resident(server):
    with open(f"/proc/{server.process.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) >> 10


class Hostile(GrpcCase):
    def test_two_bytes_on_the_wire_make_no_object(self):
        many = MEGABYTES << 19
        name = field(1, b"net")

        def contents(data):
            return name + field(5, field(1, b"input") + field(2, b"BYTES") + field(5, data))

        with Server(self.net()) as server:
            before = resident(server)
            for message, text in [
                    (name + field(5, b"") * many, "inputs is too long"),
                    (name + field(6, b"") * many, "outputs is too long"),
                    (name + field(7, b"") * many, "raw_input_contents is too long"),
                    (name + field(4, b"") * many, "parameters has too many members"),
                    (name + field(15, b"") * many, "does not have"),
                    (name + field(5, field(3, b"\x01" * 2 * many)), "shape is too long"),
                    (contents(field(8, b"") * many), "bytes_contents has too many"),
                    (name + field(5, b"\x0a\x7f"), "no ModelInferRequest")]:
                self.refused(grpc.StatusCode.INVALID_ARGUMENT, text, server.infer, message)
            self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "at most 65536", server.call, "ModelMetadata",
                         field(1, b"x" * 70_000))
            self.assertLess(resident(server) - before, 10 * MEGABYTES)
            good = message_of("net", [("input", "FP32", [1, 4], None)], [floats(1, 2, 3, 4)])
            self.assertEqual(len(server.infer(good).outputs), 1)

    def test_memory_of_large_calls_goes_back(self):
        with Server(self.net()) as server:
            before = resident(server)
            # Numbers of eight bytes from one byte each, held twice while their list grows.
            numbers = field(1, b"input") + field(2, b"INT64") + field(5, field(3, b"\x01" * (MEGABYTES << 20)))
            self.refused(grpc.StatusCode.INVALID_ARGUMENT, "values", server.infer,
                         field(1, b"net") + field(5, numbers))
            until = time.monotonic() + 20
            while resident(server) - before > 4 * MEGABYTES:
                self.assertLess(time.monotonic(), until, resident(server) - before)
                time.sleep(0.1)

    def test_errors_are_one_line(self):
        with Server(self.net()) as server:
            error = self.refused(grpc.StatusCode.INVALID_ARGUMENT, "datatype", server.infer,
                                 message_of("net", [("input", "a\n\0b", [1, 4], None)], [floats(1, 2, 3, 4)]))
            self.assertIn("datatype a??b;", error.details())


class Tables(GrpcCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        random.seed(1)
        with open(cls.folder / "people.csv", "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["age", "city", "buys"])
            for _ in range(200):
                age = random.randint(18, 80)
                rows.writerow([age, random.choice(["rome", "oslo"]), "yes" if age > 50 else "no"])
        (cls.folder / "people.yaml").write_text(
            "name: people\ndata: {type: csv, train: {path: people.csv}, label: buys, test_fraction: 0.2}\n"
            "model: {type: mlp, hidden: [8]}\ntrain: {epochs: 2}\n")
        for version in ("1", "2"):
            out = cls.folder / f"run{version}"
            maas("train", cls.folder / "people.yaml", f"seed={version}", "-o", out)
            (cls.folder / "models" / "people" / version).mkdir(parents=True)
            shutil.copy(out / "model.pt", cls.folder / "models" / "people" / version / "model.pt")

    def serve(self, *more):
        return Server(self.folder / "models", "serve.versions=all", "serve.models.0.name=people",
                      "serve.models.0.labels={stable: 1, canary: 2}", *more)

    @staticmethod
    def rows(city="rome", count=1):
        cities = triton.InferInput("city", [count], "BYTES")
        cities.set_data_from_numpy(numpy.array([city.encode()] * count, dtype=object))
        ages = triton.InferInput("age", [count], "FP32")
        ages.set_data_from_numpy(numpy.full(count, 42, numpy.float32))
        return [cities, ages]

    def test_columns_go_as_bytes_raw_and_typed(self):
        with self.serve() as server:
            client = triton.InferenceServerClient(server.address)
            raw = client.infer("people", self.rows(count=3), model_version="1")
            name = raw.get_response().outputs[0].name
            self.assertEqual(raw.as_numpy(name).shape, (3, 2))
            typed = server.infer(message_of("people", [
                ("city", "BYTES", [3, 1], {"bytes_contents": [b"rome"] * 3}),
                ("age", "FP32", [3], {"fp32_contents": [42] * 3})], model_version="1"))
            numpy.testing.assert_allclose(typed.outputs[0].contents.fp32_contents,
                                          raw.as_numpy(name).flatten(), 1e-6)
            body = json.dumps({"inputs": [
                {"name": "city", "datatype": "BYTES", "shape": [1], "data": ["rome"]},
                {"name": "age", "datatype": "FP32", "shape": [1], "data": [42]}]}).encode()
            url = server.ready["url"] + "/v2/models/people/versions/1/infer"
            asked = urllib.request.Request(url, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(asked, timeout=20) as answer:
                numpy.testing.assert_allclose(json.load(answer)["outputs"][0]["data"],
                                              raw.as_numpy(name)[0], 1e-5)
            unknown = client.infer("people", self.rows("atlantis")).get_response()
            self.assertIn("atlantis", unknown.parameters["warnings"].string_param)
            for piece, text in [(b"\4\0\0\0rom", "has 4 bytes"), (b"\xff\xff\xff\xffrome", "4294967295 bytes"),
                                (b"\4\0\0\0rome\0", "behind value 0"), (b"", "has 0 values"),
                                (b"\2\0\0\0\xff\xfe", "is not UTF-8")]:
                self.refused(grpc.StatusCode.INVALID_ARGUMENT, text, server.infer, message_of(
                    "people", [("city", "BYTES", [1], None), ("age", "FP32", [1], None)],
                    [piece, floats(42)]))
            client.close()

    def test_labels_shares_and_shadows_are_those_of_http(self):
        with self.serve("serve.models.0.weights={stable: 3, canary: 1}",
                        "serve.models.0.shadow=canary") as server:
            client = triton.InferenceServerClient(server.address)

            def version(*asked):
                return client.infer("people", self.rows(), *asked).get_response().model_version
            self.assertEqual((version("stable"), version("canary"), version("2")), ("1", "2", "2"))
            chosen = [version() for _ in range(40)]
            self.assertTrue(8 <= chosen.count("2") <= 12, chosen)
            self.assertEqual(client.get_model_config("people", "canary").config.name, "people")
            self.assertTrue(client.is_model_ready("people", "canary"))
            self.assertFalse(client.is_model_ready("people", "none") or client.is_model_ready("other"))
            self.assertFalse(client.is_model_ready("../x"))
            with self.assertRaisesRegex(InferenceServerException, "versions 2, 1, labels canary, stable"):
                version("none")
            with self.assertRaisesRegex(InferenceServerException, "no model"):
                client.get_model_metadata("stats")  # HTTP has something else there
            copies = chosen.count("1") + 1
            until = time.monotonic() + 20
            while True:
                with urllib.request.urlopen(server.ready["url"] + "/metrics", timeout=20) as page:
                    ends = re.findall(r"^maas_shadow_copies_total\{.*\} (\d+)$", page.read().decode(), re.M)
                if sum(map(int, ends)) == copies:
                    break
                self.assertLess(time.monotonic(), until, ends)
                time.sleep(0.05)
            client.close()

    def test_priorities_are_whole_numbers(self):
        with self.serve("serve.priority_levels=3") as server:
            client = triton.InferenceServerClient(server.address)
            for priority in (0, 1, 3):
                client.infer("people", self.rows(), priority=priority)
            for priority in (4, 2 ** 40, 2 ** 64 - 1):
                with self.assertRaisesRegex(InferenceServerException, "priority"):
                    client.infer("people", self.rows(), priority=priority)
            client.close()
            tensors = [("city", "BYTES", [1], {"bytes_contents": [b"rome"]}),
                       ("age", "FP32", [1], {"fp32_contents": [42]})]
            for odd in ({"int64_param": -1}, {"double_param": 2.0}, {"string_param": "2"}, {"bool_param": True}):
                self.refused(grpc.StatusCode.INVALID_ARGUMENT, "priority", server.infer, message_of(
                    "people", tensors, parameters={"priority": pb.InferParameter(**odd)}))


if __name__ == "__main__":
    unittest.main()

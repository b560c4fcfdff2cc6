"""tritonclient against `maas serve` on files that Python exported: tensors in JSON both ways."""
import asyncio
import json
import subprocess
import sys
import unittest

import numpy
import torch
from torch import nn

from interop_runs import MAAS, Case

try:
    import tritonclient.http as triton
    import tritonclient.http.aio as triton_aio
    from tritonclient.utils import InferenceServerException
except ImportError:
    print("skipped: tritonclient is not installed; fix: scripts/interop_environment")
    sys.exit(77)

TYPES = {"BOOL": torch.bool, "UINT8": torch.uint8, "UINT16": torch.uint16, "UINT32": torch.uint32,
         "UINT64": torch.uint64, "INT8": torch.int8, "INT16": torch.int16, "INT32": torch.int32,
         "INT64": torch.int64, "FP16": torch.float16, "FP32": torch.float32, "FP64": torch.float64}


class Copies(nn.Module):
    """Gives back what it is given, of every type."""

    def forward(self, *tensors):
        return tuple(tensor.clone() for tensor in tensors)


class Words(nn.Module):
    """An embedding at the places that the ids say, and at computed ones."""

    def __init__(self):
        super().__init__()
        self.tokens, self.places = nn.Embedding(100, 8), nn.Embedding(16, 8)
        self.out = nn.Linear(8, 3)

    def forward(self, ids, places):
        return self.out(self.tokens(ids) + self.places(places + 2)).mean(1)


class Logs(nn.Module):
    def forward(self, x):
        return torch.log(x)


class Server:
    """`maas serve` on a free port while the block runs."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([MAAS, "serve", *map(str, arguments), "--port", "0", "--json"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def __enter__(self):
        self.name = json.loads(line := self.process.stdout.readline())["model"]
        self.address = f"127.0.0.1:{json.loads(line)['port']}"
        self.client = triton.InferenceServerClient(self.address)
        return self

    def __exit__(self, *_):
        self.client.close()
        self.process.terminate()
        self.process.stdout.close()
        assert self.process.wait(timeout=20) == 0

    def infer(self, arrays, **more):
        return self.client.infer(self.name, [tensor(*item) for item in arrays.items()], **more)


def tensor(name, array, binary=False):
    given = triton.InferInput(name, array.shape, triton_type(array))
    given.set_data_from_numpy(array, binary_data=binary)
    return given


def triton_type(array):
    return {numpy.dtype("float16"): "FP16", numpy.dtype("float32"): "FP32",
            numpy.dtype("float64"): "FP64", numpy.dtype("bool"): "BOOL"}.get(
                array.dtype, array.dtype.name.upper())


def export(module, example, path, dims=None):
    batch = dims or torch.export.Dim.DYNAMIC
    if isinstance(module, Copies):
        shapes = (tuple({0: batch} for _ in example),)
    else:
        shapes = tuple({0: batch} for _ in example)
    torch.export.save(torch.export.export(module.eval(), example, dynamic_shapes=shapes), path)


class Triton(Case):
    def test_every_type_goes_there_and_back(self):
        example = tuple((torch.arange(6).reshape(2, 3) % 2).to(dtype) for dtype in TYPES.values())
        export(Copies(), example, self.folder / "copies.pt2")
        with Server(self.folder / "copies.pt2") as server:
            self.assertEqual(server.name, "copies")
            said = server.client.get_model_metadata("copies")
            self.assertEqual([one["datatype"] for one in said["inputs"]], list(TYPES))
            self.assertEqual([one["datatype"] for one in said["outputs"]], list(TYPES))
            self.assertEqual(said["inputs"][0]["shape"], [-1, 3])
            arrays = {}
            for one, dtype in zip(said["inputs"], TYPES.values()):
                if dtype == torch.bool:
                    values = [True, False, True]
                elif dtype.is_floating_point:
                    values = [torch.finfo(dtype).max, -0.1, torch.finfo(dtype).tiny]
                else:
                    values = [torch.iinfo(dtype).max, torch.iinfo(dtype).min, 1]
                arrays[one["name"]] = torch.tensor([values] * 3, dtype=dtype).numpy()
            wanted = [triton.InferRequestedOutput(one["name"], binary_data=False)
                      for one in said["outputs"]]
            answer = server.infer(arrays, outputs=wanted, request_id="all of them")
            self.assertEqual(answer.get_response()["id"], "all of them")
            for one, array in zip(said["outputs"], arrays.values()):
                got = answer.as_numpy(one["name"])
                self.assertEqual(got.dtype, array.dtype)
                numpy.testing.assert_array_equal(got, array, one["name"])

    def test_its_asyncio_client_asks_at_once_in_json_and_binary(self):
        export(nn.Linear(4, 3), (torch.rand(2, 4),), self.folder / "net.pt2")
        x = numpy.random.rand(3, 4).astype(numpy.float32)

        async def ask(server):
            client = triton_aio.InferenceServerClient(server.address)
            try:
                self.assertTrue(await client.is_server_ready() and await client.is_model_ready("net"))
                answers = await asyncio.gather(*[
                    client.infer("net", [tensor("input", x, binary)], outputs=[
                        triton.InferRequestedOutput("linear", binary_data=binary)]) for binary in [False, True] * 8])
                return [answer.as_numpy("linear") for answer in answers]
            finally:
                await client.close()
        with Server(self.folder / "net.pt2") as server:
            wanted = server.infer({"input": x}).as_numpy("linear")
            for got in asyncio.run(ask(server)):
                numpy.testing.assert_allclose(got, wanted, rtol=1e-6)

    def test_health_metadata_and_a_choice_of_outputs(self):
        class Two(nn.Module):
            def forward(self, x):
                return {"sum": x.sum(1), "twice": 2 * x}
        export(Two(), (torch.rand(2, 4),), self.folder / "two.pt2")
        with Server(self.folder / "two.pt2") as server:
            client = server.client
            self.assertTrue(client.is_server_live() and client.is_server_ready())
            self.assertTrue(client.is_model_ready("two") and client.is_model_ready("two", "1"))
            self.assertFalse(client.is_model_ready("three") or client.is_model_ready("two", "2"))
            said = client.get_server_metadata()
            self.assertEqual(said["name"], "maas")
            self.assertIn("binary_tensor_data", said["extensions"])
            names = [one["name"] for one in client.get_model_metadata("two")["outputs"]]
            x = numpy.random.rand(3, 4).astype(numpy.float32)
            for wanted in (names[1:], None):  # None asks for all, in binary
                answer = server.infer({"x": x}, outputs=wanted and [
                    triton.InferRequestedOutput(name, binary_data=False) for name in wanted])
                self.assertEqual(len(answer.get_response()["outputs"]), len(wanted or names))
                numpy.testing.assert_array_equal(answer.as_numpy(names[1]), 2 * x)
            requests = [client.async_infer("two", [tensor("x", x)]) for _ in range(8)]
            for one in requests:
                numpy.testing.assert_array_equal(one.get_result().as_numpy(names[1]), 2 * x)

    def test_classes_and_outputs_equal_those_of_pytorch(self):
        net = Words()
        export(net, tuple(torch.zeros(2, 2, 5, dtype=torch.int64)), self.folder / "words.pt2")
        ids = numpy.random.randint(0, 100, (4, 5))
        places = numpy.random.randint(-2, 14, (4, 5))
        with torch.no_grad():
            logits = net(torch.from_numpy(ids), torch.from_numpy(places)).numpy()
        with Server(self.folder / "words.pt2", "--name", "net") as server:
            output = server.client.get_model_metadata("net")["outputs"][0]["name"]
            given = {"ids": ids, "places": places}
            numpy.testing.assert_allclose(server.infer(given).as_numpy(output), logits, 1e-5, 1e-6)
            best = triton.InferRequestedOutput(output, binary_data=False, class_count=2)
            classes = server.infer(given, outputs=[best]).as_numpy(output)
            self.assertEqual(classes.shape, (4, 2))
            for row, scores in zip(classes, logits):
                said = [text.split(":") for text in row]
                self.assertEqual([int(place) for _, place in said], list((-scores).argsort()[:2]))
                self.assertAlmostEqual(float(said[0][0]), scores.max(), places=5)

    def test_values_that_pick_from_beyond_a_table_are_refused(self):
        export(Words(), tuple(torch.zeros(2, 2, 5, dtype=torch.int64)), self.folder / "picks.pt2")
        good = numpy.zeros((1, 5), numpy.int64)
        with Server(self.folder / "picks.pt2") as server:
            for bad, name, reason in ((100, "ids", "value 0 is 100; expected 0 to 99: it picks from"),
                                      (-1, "ids", "value 0 is -1; expected 0 to 99"),
                                      (2 ** 62, "ids", "expected 0 to 99"),
                                      (14, "places", "an index that is out of range"),
                                      (-3, "places", "an index that is out of range")):
                array = good.copy()
                array[0, 0] = bad
                with self.assertRaisesRegex(InferenceServerException, reason):
                    server.infer({"ids": good, "places": good, name: array})
            self.assertIsNotNone(server.infer({"ids": good, "places": good}))

    def test_the_range_of_a_dimension_holds(self):
        export(nn.Linear(4, 2), (torch.rand(3, 4),), self.folder / "four.pt2",
               torch.export.Dim("batch", min=1, max=4))
        with Server(self.folder / "four.pt2") as server:
            for rows in (1, 2, 4):
                server.infer({"input": numpy.zeros((rows, 4), numpy.float32)})
            with self.assertRaisesRegex(InferenceServerException, "is 5; expected 1 to 4"):
                server.infer({"input": numpy.zeros((5, 4), numpy.float32)})

    def test_outputs_that_are_no_numbers_come_as_nan(self):
        export(Logs(), (torch.rand(2, 3),), self.folder / "logs.pt2")
        with Server(self.folder / "logs.pt2") as server:
            x = numpy.array([[-1, 0, 1]], numpy.float32)
            output = server.client.get_model_metadata("logs")["outputs"][0]["name"]
            got = server.infer({"x": x}).as_numpy(output)
            numpy.testing.assert_array_equal(got, [[numpy.nan, -numpy.inf, 0]])

    def test_binary_tensors_go_there_and_back(self):
        example = tuple((torch.arange(6).reshape(2, 3) % 2).to(dtype) for dtype in TYPES.values())
        export(Copies(), example, self.folder / "copies.pt2")
        with Server(self.folder / "copies.pt2") as server:
            said = server.client.get_model_metadata("copies")
            arrays = {one["name"]: (torch.arange(9).reshape(3, 3) % 2).to(dtype).numpy()
                      for one, dtype in zip(said["inputs"], TYPES.values())}
            floats = next(name for name, array in arrays.items() if array.dtype == numpy.float32)
            arrays[floats][0] = [numpy.nan, numpy.inf, -numpy.inf]
            for coding in (None, "gzip", "deflate"):
                answer = server.client.infer(
                    "copies", [tensor(*item, binary=True) for item in arrays.items()],
                    request_compression_algorithm=coding, response_compression_algorithm=coding)
                for one, array in zip(said["outputs"], arrays.values()):
                    numpy.testing.assert_array_equal(answer.as_numpy(one["name"]), array)

    def test_log_and_trace_settings(self):
        export(nn.Linear(4, 2), (torch.rand(3, 4),), self.folder / "logged.pt2")
        with Server(self.folder / "logged.pt2", "serve.model_control=true") as server:
            client = server.client
            read = client.get_log_settings()
            self.assertEqual((read["log_info"], read["log_verbose_level"]), (True, 0))
            self.assertEqual(client.update_log_settings({"log_verbose_level": 1})["log_verbose_level"], 1)
            client.update_log_settings(read)
            with self.assertRaisesRegex(InferenceServerException, "log_file"):
                client.update_log_settings({"log_file": "/tmp/x"})
            traced = client.get_trace_settings()
            self.assertEqual(traced["trace_level"], ["OFF"])
            self.assertEqual(client.update_trace_settings("logged", traced), traced)
            with self.assertRaisesRegex(InferenceServerException, "does not write"):
                client.update_trace_settings(settings={"trace_level": ["TIMESTAMPS"]})

    def test_what_does_not_fit_is_refused_with_the_reason(self):
        export(nn.Linear(4, 2), (torch.rand(3, 4),), self.folder / "line.pt2")
        with Server(self.folder / "line.pt2") as server:
            x = numpy.zeros((1, 4), numpy.float32)
            with self.assertRaisesRegex(InferenceServerException, "no model 'other'"):
                server.client.infer("other", [tensor("input", x)])
            with self.assertRaisesRegex(InferenceServerException, "expected FP32"):
                server.infer({"input": x.astype(numpy.float64)})


if __name__ == "__main__":
    unittest.main()

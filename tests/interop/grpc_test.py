"""tritonclient and plain gRPC against `maas serve --grpc-port`: tensors both ways, and what is refused."""
import socket
import unittest

import numpy
import torch
from torch import nn

from grpc_runs import Copies, GrpcCase, SERVICE, Server, export, floats, grpc, message_of, pb, values_of

import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

# Of each type the typed list of a message; FP16 has none.
TYPES = {"BOOL": (torch.bool, "bool_contents"), "UINT8": (torch.uint8, "uint_contents"),
         "UINT16": (torch.uint16, "uint_contents"), "UINT32": (torch.uint32, "uint_contents"),
         "UINT64": (torch.uint64, "uint64_contents"), "INT8": (torch.int8, "int_contents"),
         "INT16": (torch.int16, "int_contents"), "INT32": (torch.int32, "int_contents"),
         "INT64": (torch.int64, "int64_contents"), "FP32": (torch.float32, "fp32_contents"),
         "FP64": (torch.float64, "fp64_contents")}


class Grpc(GrpcCase):
    def test_every_type_goes_there_and_back_raw_and_typed(self):
        example = tuple((torch.arange(6).reshape(2, 3) % 2).to(dtype) for dtype, _ in TYPES.values())
        export(Copies(), example, self.folder / "copies.pt2")
        with Server(self.folder / "copies.pt2") as server:
            client = triton.InferenceServerClient(server.address)
            said = client.get_model_metadata("copies")
            self.assertEqual([one.datatype for one in said.inputs], list(TYPES))
            arrays = [torch.tensor([values_of(dtype)] * 3, dtype=dtype).numpy()
                      for dtype, _ in TYPES.values()]
            inputs = []
            for one, array in zip(said.inputs, arrays):
                inputs.append(triton.InferInput(one.name, array.shape, one.datatype))
                inputs[-1].set_data_from_numpy(array)
            raw = client.infer("copies", inputs, request_id="all of them")
            self.assertEqual(raw.get_response().id, "all of them")
            self.assertEqual(len(raw.get_response().raw_output_contents), len(TYPES))
            typed = server.infer(message_of("copies", [
                (one.name, one.datatype, array.shape, {TYPES[one.datatype][1]: array.flatten().tolist()})
                for one, array in zip(said.inputs, arrays)]))
            self.assertEqual(len(typed.raw_output_contents), 0)
            for one, array, told in zip(said.outputs, arrays, typed.outputs):
                got = raw.as_numpy(one.name)
                self.assertEqual(got.dtype, array.dtype)
                numpy.testing.assert_array_equal(got, array, one.name)
                listed = getattr(told.contents, TYPES[one.datatype][1])
                numpy.testing.assert_array_equal(
                    numpy.array(listed, array.dtype).reshape(array.shape), array, one.name)
            client.close()

    def test_half_precision_goes_raw(self):
        export(Copies(), (torch.rand(2, 3).half(),), self.folder / "half.pt2")
        with Server(self.folder / "half.pt2") as server:
            name = server.call("ModelMetadata", pb.ModelMetadataRequest(name="half"),
                               pb.ModelMetadataResponse).inputs[0].name
            values = numpy.array([[1, -0.1, 65504]], numpy.float16).tobytes()
            got = server.infer(message_of("half", [(name, "FP16", [1, 3], None)], [values]))
            self.assertEqual(got.raw_output_contents, [values])
            self.refused(grpc.StatusCode.INVALID_ARGUMENT, "raw_input_contents", server.infer,
                         message_of("half", [(name, "FP16", [1, 3], {"fp32_contents": [1, 2, 3]})]))

    def test_what_triton_tells_of_server_and_models(self):
        with Server(self.net()) as server:
            client = triton.InferenceServerClient(server.address)
            self.assertTrue(client.is_server_live() and client.is_server_ready())
            self.assertTrue(client.is_model_ready("net") and client.is_model_ready("net", "1"))
            self.assertEqual(client.get_server_metadata().name, "maas")
            said = client.get_model_metadata("net")
            self.assertEqual((list(said.versions), list(said.inputs[0].shape)), (["1"], [-1, 4]))
            config = client.get_model_config("net").config
            self.assertEqual((config.input[0].data_type, list(config.input[0].dims)), (11, [4]))
            index = client.get_model_repository_index().models
            self.assertEqual([(one.name, one.state) for one in index], [("net", "READY")])
            x = triton.InferInput("input", [2, 4], "FP32")
            x.set_data_from_numpy(numpy.ones([2, 4], numpy.float32))
            top = client.infer("net", [x], outputs=[
                triton.InferRequestedOutput(said.outputs[0].name, class_count=2)])
            self.assertEqual(top.as_numpy(said.outputs[0].name).shape, (2, 2))
            stats = client.get_inference_statistics("net").model_stats[0]
            self.assertEqual((stats.inference_count, stats.inference_stats.success.count), (2, 1))
            self.assertEqual([(one.batch_size, one.compute_infer.count) for one in stats.batch_stats],
                             [(2, 1)])
            for ask in (lambda: client.load_model("net"), lambda: client.unload_model("net")):
                with self.assertRaisesRegex(InferenceServerException, "serve.model_control"):
                    ask()
            health = server.call("/grpc.health.v1.Health/Check")
            self.assertEqual(health, b"\x08\x01")  # SERVING
            client.close()

    def test_models_come_and_go_where_that_is_allowed(self):
        models = self.folder / "store"
        models.mkdir()
        self.net().rename(models / "net.pt2")
        with Server(models, "serve.model_control=true") as server:
            client = triton.InferenceServerClient(server.address)
            client.unload_model("net")
            self.assertFalse(client.is_model_ready("net"))
            client.load_model("net")
            self.assertTrue(client.is_model_ready("net"))
            with self.assertRaisesRegex(InferenceServerException, "asks by parameters for what"):
                client.load_model("net", config="{}")
            client.close()

    def test_what_does_not_fit_hears_what_http_says(self):
        big = 2 ** 62
        cases = [
            ([("input", "FP32", [1, 4], None)], [floats(1, 2, 3)], "12 bytes"),
            ([("input", "FP32", [big, 4], None)], [floats(1, 2, 3, 4)], ""),
            ([("input", "FP32", [big, big], None)], [b""], ""),
            ([("input", "FP32", [-1, 4], None)], [floats(1, 2, 3, 4)], ""),
            ([("input", "FP32", [0, 4], None)], [b""], ""),
            ([("input", "FP32", [1] * 300, None)], [floats(1)], ""),
            ([("input", "FP32", [], None)], [floats(1)], ""),
            ([("input", "FP32", [2, 2], None)], [floats(1, 2, 3, 4)], "[-1, 4]"),
            ([("input", "INT64", [1, 4], None)], [floats(1, 2, 3, 4)], "datatype INT64"),
            ([("input", "ab\"\\\n", [1, 4], None)], [floats(1, 2, 3, 4)], "datatype"),
            ([("other", "FP32", [1, 4], None)], [floats(1, 2, 3, 4)], "is not one of this model's"),
            ([], [], "has no 'input'"),
            ([("input", "FP32", [1, 4], None)] * 2, [floats(1, 2, 3, 4)] * 2, "given twice"),
            ([("input", "FP32", [1, 4], None)] * 257, [floats(1, 2, 3, 4)] * 257, ""),
        ]
        with Server(self.net()) as server:
            for tensors, raw, text in cases:
                error = self.refused(grpc.StatusCode.INVALID_ARGUMENT, text, server.infer,
                                     message_of("net", tensors, raw))
                body = {"parameters": {}, "inputs": [
                    {"name": name, "datatype": datatype, "shape": shape,
                     "parameters": {"binary_data_size": len(piece)}}
                    for (name, datatype, shape, _), piece in zip(tensors, raw)]}
                if "bytes" not in text:  # without binary data, another text
                    for one in body["inputs"]:
                        one["data"] = [1, 2, 3, 4]
                        one.pop("parameters")
                    status, told = server.over_http(body)
                    self.assertEqual((status, told), (400, error.details()), tensors[:1])
            good = message_of("net", [("input", "FP32", [1, 4], None)], [floats(1, 2, 3, 4)])
            self.assertEqual(len(server.infer(good).raw_output_contents[0]), 12)

    def test_values_in_the_wrong_place_are_refused(self):
        one = [("input", "FP32", [1, 4], {"fp32_contents": [1, 2, 3, 4]})]
        cases = [
            (message_of("net", one, [floats(1, 2, 3, 4)]), "beside raw_input_contents"),
            (message_of("net", [("input", "FP32", [1, 4], None)], [b"", b""]), "2 entries for 1"),
            (message_of("net", [], [b""]), "1 entries for 0"),
            (message_of("net", [("input", "FP32", [1, 4], {"fp32_contents": [1]})]), "has 1 values"),
            (message_of("net", [("input", "FP32", [1, 4], None)]), "has 0 values"),
            (message_of("net", [("input", "FP32", [1, 4], {"int_contents": [1, 2, 3, 4]})]),
             "fp32_contents"),
            (message_of("net", [("input", "FP32", [1, 4],
                                 {"fp32_contents": [1, 2, 3, 4], "int_contents": [1]})]),
             "another list"),
            (message_of("net", one, outputs=[{"name": "none"}]), "is not one of this model's"),
            (message_of("net", one, id="x" * 300), "id is too long"),
            (message_of("net", one, id="\n"), "id is too long"),
            (message_of("net", one, parameters={"sequence_id": pb.InferParameter(int64_param=7)}),
             "sequence_id"),
            (message_of("net", one, parameters={"timeout": pb.InferParameter(string_param="x")}),
             "timeout"),
            (message_of("net", one, parameters={"timeout": pb.InferParameter(int64_param=-1)}),
             "timeout"),
        ]
        shared = message_of("net", [("input", "FP32", [1, 4], None)], [b""])
        shared.inputs[0].parameters["shared_memory_region"].string_param = "x"
        with Server(self.net()) as server:
            for message, text in cases + [(shared, "shared memory")]:
                self.refused(grpc.StatusCode.INVALID_ARGUMENT, text, server.infer, message)
            unset = message_of("net", one, parameters={"x": pb.InferParameter()})
            self.assertEqual(len(server.infer(unset).outputs), 1)
            export(Copies(), (torch.ones(2, 3, dtype=torch.int8),), self.folder / "bytes.pt2")
        with Server(self.folder / "bytes.pt2") as server:
            name = server.call("ModelMetadata", pb.ModelMetadataRequest(name="bytes"),
                               pb.ModelMetadataResponse).inputs[0].name
            for value in (128, -129, 2 ** 31 - 1, -2 ** 31):
                self.refused(grpc.StatusCode.INVALID_ARGUMENT, f"value 2 is {value}", server.infer,
                             message_of("bytes", [(name, "INT8", [1, 3],
                                                   {"int_contents": [127, -128, value]})]))

    def test_names_messages_and_bytes_that_nobody_expects(self):
        with Server(self.net(), "serve.max_body_bytes=1000000") as server:
            tensors, raw = [("input", "FP32", [1, 4], None)], [floats(1, 2, 3, 4)]
            for name in ("", "nope", "net/infer", "../net", "net?x", "x" * 100_000, "n\u00e9t", "net "):
                self.refused(grpc.StatusCode.NOT_FOUND, "no model", server.infer,
                             message_of(name, tensors, raw))
            self.refused(grpc.StatusCode.NOT_FOUND, "of this version", server.infer,
                         message_of("net", tensors, raw, model_version="2"))
            self.refused(grpc.StatusCode.NOT_FOUND, "no model", server.infer,
                         message_of("net", tensors, raw, model_version="1/infer"))
            self.refused(grpc.StatusCode.UNIMPLEMENTED, "", server.call, "TraceSetting")
            self.refused(grpc.StatusCode.UNIMPLEMENTED, "", server.call, "/x.Y/Z")
            for garbage in (b"\xff" * 100, b"\x0a\xff\xff\xff\xff\x0f", b"\x2a\x02\x0a\x7f"):
                with self.assertRaises(grpc.RpcError):
                    server.infer(garbage)
            self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "larger than max", server.infer,
                         message_of("net", tensors, [b"x" * 1_000_001]))
            self.refused(grpc.StatusCode.UNIMPLEMENTED, "", server.infer,
                         message_of("net", tensors, raw), compression=grpc.Compression.Gzip)
            self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "", server.infer,
                         message_of("net", tensors, raw), metadata=[("x", "y" * 60_000)])
            port = server.ready["grpc_port"]
            for junk in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 5000, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 999,
                         b"\x16\x03\x01\x00\xff"):
                with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
                    client.sendall(junk)
                    client.settimeout(1)
                    try:
                        client.recv(1000)
                    except OSError:
                        pass
            self.assertEqual(len(server.infer(message_of("net", tensors, raw)).outputs), 1)

    def test_many_clients_at_once_get_their_own_answers(self):
        export(Copies(), (torch.rand(2, 3),), self.folder / "copies.pt2")
        with Server(self.folder / "copies.pt2") as server:
            name = server.call("ModelMetadata", pb.ModelMetadataRequest(name="copies"),
                               pb.ModelMetadataResponse).inputs[0].name
            stub = server.channel.unary_unary(SERVICE + "ModelInfer")
            pending = []
            for i in range(400):
                rows = i % 7 + 1
                values = (numpy.arange(rows * 3, dtype=numpy.float32) + 100 * i).tobytes()
                message = message_of("copies", [(name, "FP32", [rows, 3], None)], [values], id=str(i))
                pending.append((stub.future(message.SerializeToString(), timeout=60), values, str(i)))
            for call, values, own in pending:
                got = pb.ModelInferResponse.FromString(call.result())
                self.assertEqual((got.id, got.raw_output_contents[0]), (own, values))


if __name__ == "__main__":
    unittest.main()

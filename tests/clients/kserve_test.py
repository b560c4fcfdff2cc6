"""KServe's Python clients: Open Inference Protocol over REST (JSON, binary) and gRPC, and its v1."""
import asyncio
import unittest

from client_runs import MODEL, ClientCase, has_grpc, need

need("kserve")

import httpx
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput


class KServe(ClientCase):
    def request(self, binary, **more):
        given = InferInput("image", list(self.images.shape), "UINT8")
        given.set_data_from_numpy(self.images, binary_data=binary)
        return InferRequest(MODEL, [given], **more)

    def over_rest(self, protocol, ask):
        async def run():
            client = InferenceRESTClient(RESTConfig(protocol=protocol))
            try:
                return await ask(client)
            finally:
                await client.close()
        return asyncio.run(run())

    def test_health_and_readiness(self):
        async def ask(client):
            return [await client.is_server_live(self.url), await client.is_server_ready(self.url),
                    await client.is_model_ready(self.url, MODEL), await client.is_model_ready(self.url, "none")]
        self.assertEqual(self.over_rest("v2", ask), [True, True, True, False])

    def test_tensors_in_json_and_binary_both_ways(self):
        for binary in (False, True):
            for outputs in (None, [RequestedOutput("logits", {"binary_data": True})]):
                request = self.request(binary, request_id="seven", request_outputs=outputs)
                answer = self.over_rest("v2", lambda client: client.infer(self.url, request, model_name=MODEL))
                self.assertEqual((answer.model_name, answer.id), (MODEL, "seven"))
                self.assert_logits(answer.outputs[0].as_numpy())

    def test_v1_predicts_rows(self):
        rows = {"instances": self.images.tolist()}
        answer = self.over_rest("v1", lambda client: client.infer(self.url, rows, model_name=MODEL))
        self.assert_logits(answer["predictions"])

    def test_errors_say_what_is_wrong(self):
        given = InferInput("image", [1, 1, 28, 27], "UINT8", [0] * 756)
        with self.assertRaisesRegex(httpx.HTTPStatusError, "28"):
            self.over_rest("v2", lambda client: client.infer(self.url, InferRequest(MODEL, [given]), model_name=MODEL))

    @unittest.skipUnless(has_grpc(), "maas was built without gRPC")
    def test_grpc(self):
        async def run():
            client = InferenceGRPCClient(f"127.0.0.1:{self.ready['grpc_port']}")
            try:
                self.assertTrue(await client.is_server_live())
                self.assertTrue(await client.is_server_ready())
                self.assertTrue(await client.is_model_ready(MODEL))
                for binary in (False, True):
                    answer = await client.infer(self.request(binary))
                    self.assert_logits(answer.outputs[0].as_numpy())
            finally:
                await client.close()
        asyncio.run(run())


if __name__ == "__main__":
    unittest.main()

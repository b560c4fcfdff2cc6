"""httpx and aiohttp: kept connections, many requests at once, packed answers, forms, a stop while they ask."""
import asyncio
import io
import json
import unittest

from client_runs import MODEL, ClientCase, need

need("httpx", "aiohttp")

import aiohttp
import httpx

INFER = f"/v2/models/{MODEL}/infer"


class HttpClients(ClientCase):
    def body(self):
        return {"inputs": [{"name": "image", "shape": [3, 1, 28, 28], "datatype": "UINT8",
                            "data": self.images.flatten().tolist()}]}

    def test_httpx_asks_one_after_the_other_and_at_once(self):
        with httpx.Client(base_url=self.url) as client:
            for _ in range(20):
                self.assert_logits(client.post(INFER, json=self.body()).json()["outputs"][0]["data"])
            self.assertEqual(client.get("/v2/health/ready").json(), {"ready": True})
            answer = client.post(INFER, json={"inputs": []})
            self.assertEqual((answer.status_code, list(answer.json())), (400, ["error"]))

        async def run():
            async with httpx.AsyncClient(base_url=self.url) as client:
                return await asyncio.gather(*[client.post(INFER, json=self.body()) for _ in range(64)])
        for answer in asyncio.run(run()):
            self.assert_logits(answer.json()["outputs"][0]["data"])

    def test_httpx_unpacks_large_answers_and_sends_in_chunks(self):
        data = json.dumps({"inputs": [{"name": "image", "shape": [300, 1, 28, 28], "datatype": "UINT8",
                                       "data": [0] * (300 * 784)}]}).encode()
        with httpx.Client(base_url=self.url) as client:
            answer = client.post(INFER, content=iter([data[:1000], data[1000:]]),
                                 headers={"Content-Type": "application/json"})
        self.assertEqual(answer.headers["Content-Encoding"], "gzip")
        self.assertEqual(len(answer.json()["outputs"][0]["data"]), 3000)

    def test_aiohttp_asks_at_once_and_posts_a_form(self):
        async def run():
            async with aiohttp.ClientSession(self.url) as session:
                async def ask():
                    async with session.post(INFER, json=self.body()) as answer:
                        return (await answer.json())["outputs"][0]["data"]
                for data in await asyncio.gather(*[ask() for _ in range(64)]):
                    self.assert_logits(data)
                form = aiohttp.FormData()
                form.add_field("data", io.BytesIO(self.image_file()), filename="digit.bmp")
                async with session.post(f"/predictions/{MODEL}", data=form) as answer:
                    self.assertEqual(answer.status, 200, await answer.text())
                    self.assertEqual(len(await answer.json()), 5)
        asyncio.run(run())

    @staticmethod
    def image_file():
        """A grey BMP of 28x28: header, info, palette, rows of 28 bytes."""
        palette = b"".join(bytes([i, i, i, 0]) for i in range(256))
        info = b"".join(value.to_bytes(size, "little") for value, size in (
            (40, 4), (28, 4), (28, 4), (1, 2), (8, 2), (0, 4), (784, 4), (2835, 4), (2835, 4), (256, 4), (0, 4)))
        start = 14 + len(info) + len(palette)
        return b"BM" + (start + 784).to_bytes(4, "little") + bytes(4) + start.to_bytes(4, "little") + info + palette \
            + bytes(784)

    def test_a_stop_reaches_clients_that_keep_connections_as_an_answer(self):
        async def run():
            async with httpx.AsyncClient(base_url=self.url) as client:
                statuses, stopped = [], False
                for turn in range(1000):
                    answer = await client.post(INFER, json=self.body())
                    statuses.append(answer.status_code)
                    if turn == 20:
                        self.stop()
                    if answer.headers.get("Connection") == "close":
                        stopped = True
                        break
                return statuses, stopped
        statuses, stopped = asyncio.run(run())
        self.assertTrue(stopped)
        self.assertEqual(set(statuses), {200})


if __name__ == "__main__":
    unittest.main()

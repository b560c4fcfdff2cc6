"""maas serve on a real socket: answers, refusals, hostile bytes, a clean stop."""
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import unittest

from line_test import png
from maas_runs import MAAS, Case, maas

INFER = "/v2/models/bench_mlp/infer"


def request(**changes):
    image = {"name": "image", "shape": [1, 1, 28, 28], "datatype": "UINT8", "data": [0] * 784}
    return json.dumps({"inputs": [{**image, **changes}]})


class Serving(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        model = cls.train()["model"]
        cls.process = subprocess.Popen([MAAS, "serve", model, "--port", "0", "--json"],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        cls.ready = json.loads(cls.process.stdout.readline())
        cls.port = cls.ready["port"]

    @classmethod
    def tearDownClass(cls):
        cls.process.send_signal(signal.SIGTERM)
        assert cls.process.wait(timeout=10) == 0
        cls.process.stdout.close()
        super().tearDownClass()

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        if body is not None:
            headers = {"Content-Type": "application/json", **(headers or {})}
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, json.loads(text) if text else None

    def raw(self, data):
        """The status of the answer to raw bytes, and how many answers came before the end."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=15) as client:
            client.sendall(data)
            received = b""
            while True:
                try:
                    part = client.recv(65536)
                except ConnectionResetError:
                    break
                if not part:
                    break
                received += part
        return int(received.split(b" ", 2)[1]), len(re.findall(rb"HTTP/1\.1 \d", received))

    def test_health_and_metadata(self):
        self.assertEqual(self.ask("GET", "/v2/health/live")[0], 200)
        self.assertEqual(self.ask("GET", "/v2/health/ready")[0], 200)
        self.assertEqual(self.ask("GET", "/v2")[1]["name"], "maas")
        said = self.ask("GET", "/v2/models/bench_mlp")[1]
        self.assertEqual(said["inputs"][0]["shape"], [-1, 1, 28, 28])
        self.assertEqual(said["outputs"][0]["name"], "logits")

    def test_infer_answers_flat_and_nested_alike(self):
        flat = self.ask("POST", INFER, request())
        nested = self.ask("POST", INFER, request(data=[[[[0] * 28] * 28]]))
        self.assertEqual(flat[0], 200)
        self.assertEqual(flat, nested)
        self.assertEqual(flat[1]["outputs"][0]["shape"], [1, 10])

    def test_the_id_comes_back(self):
        body = json.loads(request())
        body["id"] = "42"
        self.assertEqual(self.ask("POST", INFER, json.dumps(body))[1]["id"], "42")

    def test_refusals_say_why(self):
        cases = [
            ("", "byte 0"), ("{", "byte 1"), ('{"inputs": [1,]}', "byte 14"), ("{} x", "byte 3"),
            ("\ufeff{}", "byte 0"), ('{"inputs": [NaN]}', "byte 12"), ('{"inputs": 012}', "byte 12"),
            ("[" * 65 + "1" + "]" * 65, "byte 64"), ("[" * 1000000, "byte 64"),
            ('{"inputs": [], "inputs": []}', "twice"), ("{}", "no 'inputs'"),
            ('{"inputs": []}', "no 'image'"), (request(name="x"), "expected image"),
            (request(datatype="FP32"), "expected UINT8"), (request(datatype="FP16"), "UINT8"),
            (request(shape=[1, 784]), "[-1, 1, 28, 28]"), (request(shape=[0, 1, 28, 28]), "at least 1"),
            (request(shape=[-1, 1, 28, 28]), "at least 1"), (request(shape=[1.5, 1, 28, 28]), "whole"),
            (request(shape=["1", 1, 28, 28]), "whole"), (request(shape=[]), "has shape []"),
            (request(shape=[2 ** 31, 2 ** 31, 28, 28]), "too large"), (request(shape=[1] * 9), "at most 8"),
            (request(data=[0] * 783), "783 values"), (request(data=[256] * 784), "0 to 255"),
            (request(data=[-1] * 784), "0 to 255"), (request(data=[0.5] * 784), "whole number"),
            (request(data=[True] * 784), "whole number"), (request(data="x"), "not an array"),
            ('{"a": 1e999}', "not JSON"), ('{"a": "\\ud800"}', "not JSON"),
        ]
        for body, reason in cases:
            status, said = self.ask("POST", INFER, body.encode())
            self.assertEqual(status, 400, body[:60])
            self.assertIn(reason, said["error"], body[:60])
        self.assertEqual(self.ask("POST", INFER, request())[0], 200)

    def test_bad_ids_and_outputs_are_refused(self):
        for extra in ({"id": "x" * 1000}, {"id": "a\nb"}, {"id": "\x1b[2J"}, {"id": 5},
                      {"outputs": [{"name": "x"}]}, {"outputs": [{"name": "logits"}] * 2},
                      {"outputs": [{"name": "logits"}] * 10000}):
            body = {**json.loads(request()), **extra}
            self.assertEqual(self.ask("POST", INFER, json.dumps(body))[0], 400, str(extra)[:60])

    def test_routes_that_do_not_exist(self):
        self.assertEqual(self.ask("GET", "/nothing")[0], 404)
        self.assertEqual(self.ask("GET", "/v2/models/other")[0], 404)
        self.assertEqual(self.ask("GET", INFER)[0], 405)
        self.assertEqual(self.ask("DELETE", "/v2")[0], 405)
        self.assertEqual(self.ask("GET", "/v2/models/..%2f..%2fetc")[0], 400)
        self.assertEqual(self.ask("POST", INFER, request(), {"Content-Type": "text/plain"})[0], 415)
        self.assertEqual(self.ask("GET", "/v2", None, {"Host": "evil.example"})[0], 403)
        self.assertEqual(self.ask("GET", "/v2", None, {"Origin": "https://evil.example"})[0], 403)

    def test_hostile_bytes_get_one_answer_and_the_door(self):
        host = b"Host: localhost\r\n"
        post = b"POST " + INFER.encode() + b" HTTP/1.1\r\n" + host + b"Content-Type: application/json\r\n"
        smuggled = b"0\r\n\r\nGET /v2 HTTP/1.1\r\nHost: localhost\r\n\r\n"
        cases = [
            (post + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + smuggled, {400}),
            (post + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", {400}),
            (post + b"Content-Length: +2\r\n\r\n{}", {400}),
            (post + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n", {400}),
            (post + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n", {400}),
            (post + b"Transfer-Encoding: chunked, identity\r\n\r\n" + smuggled, {501, 400}),
            (post + b"Transfer-Encoding: gzip\r\n\r\n", {501, 400}),
            (b"GET /v2 HTTP/1.1\n" + b"Host: localhost\n\n", {400}),
            (b"GET /v2 HTTP/1.1\r\n" + host + b"X: a\0b\r\n\r\n", {400}),
            (b"GET /v2 HTTP/1.1\r\n" + host + b" folded: x\r\n\r\n", {400}),
            (b"GET /v2 HTTP/1.1\r\n\r\n", {400}),
            (b"GET /v2 HTTP/1.1\r\n" + host + host + b"\r\n", {400}),
            (b"GET /v2 HTTP/1.1\r\n" + host + b"X-A: y\r\n" * 101 + b"\r\n", {431}),
            (b"GET /v2 HTTP/1.1\r\n" + host + b"X: " + b"a" * 17000 + b"\r\n\r\n", {431}),
            (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + host + b"\r\n", {414}),
            (b"A" * 5000 + b" / HTTP/1.1\r\n\r\n", {501}),
            (post + b"Content-Length: 100000000000\r\n\r\n", {413}),
            (post + b"Expect: magic\r\nContent-Length: 2\r\n\r\n{}", {417}),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 64, {400}),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 501, 405}),
        ]
        for data, allowed in cases:
            status, answers = self.raw(data)
            self.assertIn(status, allowed, data[:120])
            self.assertEqual(answers, 1, data[:120])
        self.assertEqual(self.ask("GET", "/v2/health/live")[0], 200)

    def test_pipelined_requests_are_answered_in_order(self):
        one = b"GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
        last = b"GET /v2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        self.assertEqual(self.raw(one * 500 + last), (200, 501))


    def test_classification_has_values_and_places(self):
        body = json.loads(request())
        body["outputs"] = [{"name": "logits", "parameters": {"classification": 3}}]
        output = self.ask("POST", INFER, json.dumps(body))[1]["outputs"][0]
        self.assertEqual((output["datatype"], output["shape"]), ("BYTES", [1, 3]))
        logits = self.ask("POST", INFER, request())[1]["outputs"][0]["data"]
        for text in output["data"]:
            value, place, label = text.split(":")
            self.assertAlmostEqual(float(value), logits[int(place)], places=5)
            self.assertEqual(place, label)

    def test_the_server_is_small(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            resident = next(line for line in status if line.startswith("VmRSS"))
        self.assertLess(int(resident.split()[1]), 200 * 1024)

    def test_it_has_a_worker_for_each_usable_core_and_one_thread_more(self):
        cores = len(os.sched_getaffinity(self.process.pid))
        self.assertLessEqual(self.ready["workers"], cores)
        threads = len(os.listdir(f"/proc/{self.process.pid}/task"))
        self.assertEqual(threads, self.ready["workers"] + 2)  # and the one that waits for them


class Starting(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = cls.train()["model"]

    def serve(self, *arguments):
        return self.start_server(self.model, *arguments)

    def post(self, port, connection=None):
        own = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        own.request("POST", INFER, request(), {"Content-Type": "application/json"})
        answer = own.getresponse()
        said = answer.status, answer.read(), answer.getheader("Connection")
        if connection is None:
            own.close()
        return said

    def test_no_paced_client_loses_a_request_when_the_server_stops(self):
        process, ready = self.serve()
        lost, answered, told = [], [], []

        def client(number):
            connection = http.client.HTTPConnection("127.0.0.1", ready["port"], timeout=20)
            time.sleep(number * 0.003)
            for _ in range(200):
                try:
                    status, _, header = self.post(ready["port"], connection)
                except (OSError, http.client.HTTPException) as error:
                    lost.append(repr(error))
                    return
                answered.append(status)
                if header == "close":
                    told.append(number)
                    return
                time.sleep(0.1)

        clients = [threading.Thread(target=client, args=(number,)) for number in range(32)]
        for one in clients:
            one.start()
        time.sleep(1)
        process.terminate()
        for one in clients:
            one.join()
        self.assertEqual(lost, [])
        self.assertEqual(set(answered), {200})
        self.assertEqual(len(told), 32)
        self.assertEqual(process.wait(timeout=20), 0)

    def connect(self, port):
        client = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.addCleanup(client.close)
        return client

    def wait_until_closed(self, port):
        """Until nothing listens there any more."""
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=20).close()
            except (ConnectionRefusedError, ConnectionResetError):
                return

    def half_a_request(self, port):
        """A request in flight: the second half of its body is returned, not sent."""
        body = request().encode()
        client = self.connect(port)
        client.sendall(f"POST {INFER} HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                       f"application/json\r\nContent-Length: {len(body)}\r\nExpect: "
                       "100-continue\r\n\r\n".encode())
        self.assertIn(b"100 Continue", client.recv(100))  # the server is reading the body
        client.sendall(body[:100])
        return client, body[100:]

    def test_a_taken_port_and_an_open_address_are_refused(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = maas("serve", self.model, "--port", port, check=4)
            self.assertIn(f"127.0.0.1:{port}: cannot listen: Address already in use", done.stderr)
            self.assertIn("choose another with --port N; --port 0 takes any free one", done.stderr)
            done = maas("serve", self.model, "--port", 0, f"serve.health_port={port}", check=4)
            self.assertIn("choose another with serve.health_port=N", done.stderr)
        self.assertIn("--insecure", maas("serve", self.model, "--host", "0.0.0.0", check=2).stderr)

    def test_a_dry_run_says_what_a_start_would_refuse(self):
        maas("serve", self.model, "--dry-run", check=0)
        nothing, wrong = self.folder / "absent.yaml", self.folder / "wrong.pem"
        wrong.write_text("no certificate\n")
        for settings, code, said in [
                ([f"serve.keys={nothing}"], 3, "absent.yaml: cannot open"),
                ([f"serve.tls.certificate={wrong}"], 2, "has a certificate but no key"),
                ([f"serve.tls.certificate={wrong}", f"serve.tls.key={wrong}"], 2,
                 "expected a certificate in PEM"),
                (["--host", "example.org"], 2, "names are not looked up"),
                (["--host", "0.0.0.0"], 2, "can be reached from other machines"),
                (["serve.versions=newest"], 2, "names no versions"),
                (["serve.health_port=8000"], 2, "expected a second port"),
                ([self.model], 2, "is named twice"),
                ([f"other={self.model}"], 2, "is named twice")]:
            self.assertIn(said, maas("serve", self.model, *settings, "--dry-run", check=code).stderr)

    def test_a_setting_without_its_section_is_no_model(self):
        self.assertIn("write serve.poll=1s to set that",
                      maas("serve", self.model, "poll=1s", check=2).stderr)
        said = maas("serve", self.model, "serve.poll=1", check=2).stderr
        self.assertIn("in ms, s, m or h", said)
        self.assertIn("add a unit: 1s", said)
        self.assertIn("""write 'serve.allowed_hosts=["*"]'""",
                      maas("serve", self.model, "serve.allowed_hosts=*", check=2).stderr)
        self.assertIn("quote it",
                      maas("serve", self.model, "serve.allowed_hosts=[*]", check=2).stderr)
        maas("serve", self.model, 'serve.allowed_hosts=["*"]', "serve.poll=100ms", "--dry-run",
             check=0)

    def test_a_stop_signal_finishes_what_is_in_flight_and_takes_nothing_new(self):
        process, ready = self.serve()
        client, rest = self.half_a_request(ready["port"])
        process.send_signal(signal.SIGTERM)
        self.wait_until_closed(ready["port"])
        client.sendall(rest)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer[:100])
        self.assertIn(b"Connection: close\r\n", answer)
        self.assertIn(b'"logits"', answer)
        client.close()
        self.assertEqual(process.wait(timeout=20), 0)
        self.assertIn("stopped", process.stderr.read())

    def test_a_second_stop_signal_stops_at_once(self):
        process, ready = self.serve()
        self.half_a_request(ready["port"])
        process.send_signal(signal.SIGTERM)
        self.wait_until_closed(ready["port"])
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=20), -signal.SIGTERM)

    def test_the_request_that_it_prints_works(self):
        for arguments in ([], ["--name", "other", "--workers", "1", "serve.max_batch=8"]):
            process, ready = self.serve(*arguments)
            lines = []
            while not lines or "curl" not in lines[-1]:
                lines.append(process.stderr.readline())
            text = "".join(lines)
            self.assertIn(f"serving {ready['model']} with {ready['workers']} worker", text)
            self.assertIn("takes image UINT8 [-1, 1, 28, 28]; gives logits FP32 [-1, 10]", text)
            self.assertIn(f"{ready['url']}/v2/models/{ready['model']}/infer", text)
            self.assertIn("bodies of 64 MiB, batches of " +
                          ("at most 8" if arguments else "any size"), text)
            self.assertIn(f"{ready['url']}/predict -F image=@picture.png", lines[-1])
            (self.folder / "picture.png").write_bytes(png(bytes(784), 28))
            done = subprocess.run(["sh", "-c", lines[-1]], capture_output=True, text=True, cwd=self.folder)
            said = json.loads(done.stdout)
            self.assertEqual(len(said["probabilities"]), 10)
            self.assertEqual(said["probability"], max(said["probabilities"].values()))
            process.terminate()
            self.assertEqual(process.wait(timeout=20), 0)

    def test_settings_out_of_range_are_refused(self):
        for setting, reason in (("serve.header_timeout=0s", "header_timeout"),
                                ("serve.idle_timeout=10", "idle_timeout"),
                                ("serve.port=65536", "65535"), ("serve.workers=-1", "workers"),
                                ("serve.header_timout=1s", "header_timeout")):
            self.assertIn(reason, maas("serve", self.model, setting, check=2).stderr)


if __name__ == "__main__":
    unittest.main()

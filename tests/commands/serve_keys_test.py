"""maas serve with API keys and TLS: who gets in, and what those hear who do not."""
import http.client
import json
import shutil
import signal
import socket
import ssl
import subprocess
import time
import unittest

from maas_runs import Case, maas

INFER = "/v2/models/bench_mlp/infer"


def request():
    image = {"name": "image", "shape": [1, 1, 28, 28], "datatype": "UINT8", "data": [0] * 784}
    return json.dumps({"inputs": [image]})


class Keys(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = cls.train()["model"]

    def serve(self, *settings):
        return self.start_server(self.model, *settings)

    def key(self, name, *options):
        done = maas("key", name, "--file", self.keys, *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def ask(self, port, path, key=None, body=None, context=None):
        if context:
            connection = http.client.HTTPSConnection("localhost", port, timeout=20, context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        headers = {"X-Api-Key": key} if key else {}
        if body:
            headers["Content-Type"] = "application/json"
        connection.request("POST" if body else "GET", path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def setUp(self):
        self.keys = str(self.folder / f"{self.id()}.yaml")

    def test_a_key_opens_what_its_scopes_say_until_the_file_says_otherwise(self):
        infer, watch = self.key("alice"), self.key("prometheus", "--scopes", "metrics")
        slow = self.key("slow", "--rate", "2")
        with open(self.keys) as file:
            self.assertNotIn(infer, file.read())
        process, ready = self.serve(f"serve.keys={self.keys}")
        port = ready["port"]
        self.assertEqual(self.ask(port, "/v2/health/ready")[0], 200)
        self.assertEqual(self.ask(port, "/v2/models/bench_mlp")[0], 401)
        self.assertEqual(self.ask(port, INFER, None, request())[0], 401)
        self.assertEqual(self.ask(port, INFER, "maas_" + "x" * 43, request())[0], 401)
        self.assertEqual(self.ask(port, INFER, infer, request())[0], 200)
        self.assertEqual(self.ask(port, INFER, watch, request())[0], 403)
        self.assertEqual(self.ask(port, "/metrics", watch)[0], 200)
        self.assertEqual(self.ask(port, "/metrics", infer)[0], 403)
        statuses = [self.ask(port, INFER, slow, request())[0] for _ in range(4)]
        self.assertEqual((statuses[0], 429 in statuses), (200, True), statuses)
        late = self.key("late")
        self.assertEqual(self.ask(port, INFER, late, request())[0], 401)
        process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 20
        while self.ask(port, INFER, late, request())[0] != 200:
            self.assertLess(time.monotonic(), until)
            time.sleep(0.05)

    def test_a_name_is_taken_once_and_nothing_else_is_written(self):
        self.key("alice")
        with open(self.keys) as file:
            before = file.read()
        for arguments in (("alice",), ("a b",), ("bob", "--scopes", "write")):
            done = maas("key", *arguments, "--file", self.keys)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
        with open(self.keys) as file:
            self.assertEqual(file.read(), before)

    def certificate(self, name):
        if shutil.which("openssl") is None:
            self.skipTest("there is no openssl to make a certificate with")
        paths = [str(self.folder / f"{name}.{kind}.pem") for kind in ("cert", "key")]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True)
        return paths

    def test_tls_is_all_that_the_port_speaks(self):
        certificate, key = self.certificate("server")
        process, ready = self.serve(f"serve.tls.certificate={certificate}", f"serve.tls.key={key}")
        port = ready["port"]
        self.assertTrue(ready["url"].startswith("https://"))
        context = ssl.create_default_context(cafile=certificate)
        for _ in range(2):
            self.assertEqual(self.ask(port, INFER, None, request(), context)[0], 200)
        self.assertIn("speaks TLS", self.ask(port, "/v2/health/live")[1])
        old = ssl.create_default_context(cafile=certificate)
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaises(OSError):
            self.ask(port, "/v2/health/live", context=old)
        for garbage in (b"\x16\x03\x01", b"\x16\x03\x01\xff\xff" + b"x" * 4000, b"\0" * 100):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
                client.sendall(garbage)
        body = json.dumps({"inputs": [], "x": "y" * 3_000_000})
        self.assertEqual(self.ask(port, INFER, None, body, context)[0], 400)
        process.terminate()
        self.assertEqual(process.wait(timeout=20), 0)

    def test_clients_may_have_to_show_a_certificate(self):
        certificate, key = self.certificate("both")
        _, ready = self.serve(f"serve.tls.certificate={certificate}", f"serve.tls.key={key}",
                              f"serve.tls.client_ca={certificate}")
        context = ssl.create_default_context(cafile=certificate)
        with self.assertRaises((OSError, http.client.HTTPException)):
            self.ask(ready["port"], "/v2/health/live", context=context)
        context.load_cert_chain(certificate, key)
        self.assertEqual(self.ask(ready["port"], "/v2/health/live", context=context)[0], 200)

    def test_files_that_do_not_fit_are_named(self):
        certificate, key = self.certificate("one")
        _, other = self.certificate("other")
        for settings, text in (((f"serve.tls.certificate={certificate}",), "has no key"),
                               ((f"serve.tls.key={key}",), "has no certificate"),
                               ((f"serve.tls.certificate={certificate}", f"serve.tls.key={other}"),
                                "key"),
                               ((f"serve.tls.certificate={key}", f"serve.tls.key={key}"),
                                "serve.tls.certificate")):
            done = maas("serve", self.model, "--port", "0", *settings)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(text.replace("has no key", "no key"), done.stderr)


if __name__ == "__main__":
    unittest.main()

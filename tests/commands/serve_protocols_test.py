"""What other servers' clients send to maas serve: TorchServe's and TensorFlow Serving's requests."""
import base64
import gzip
import http.client
import json
import shutil
import signal
import subprocess
import unittest

from data_test import TINY
from line_test import png
from maas_runs import MAAS, ROOT, Case, maas


class Served(Case):
    """A server of `cls.model` for the tests of a class."""

    @classmethod
    def start(cls):
        cls.process = subprocess.Popen([MAAS, "serve", cls.model, "--port", "0", "--json"],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        cls.port = json.loads(cls.process.stdout.readline())["port"]

    @classmethod
    def tearDownClass(cls):
        cls.process.send_signal(signal.SIGTERM)
        assert cls.process.wait(timeout=20) == 0
        cls.process.stdout.close()
        super().tearDownClass()

    def ask(self, method, path, body=None, kind=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body, {"Content-Type": kind} if kind else {})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, json.loads(text)

    def post(self, path, body, status=200):
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        found, said = self.ask("POST", path, text, "application/json")
        self.assertEqual(found, status, said)
        return said


class Digits(Served):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = cls.train()["model"]
        with gzip.open(ROOT / "data/mnist/t10k-images-idx3-ubyte.gz") as file:
            pixels = file.read(16 + 784)[16:]
        cls.image = cls.folder / "digit.png"
        cls.image.write_bytes(png(pixels, 28))
        cls.bytes = cls.image.read_bytes()
        cls.predicted = json.loads(maas("predict", cls.model, cls.image, "--json", check=0).stdout)
        cls.start()

    def check_labels(self, shares):
        self.assertEqual(len(shares), 5)
        self.assertEqual(list(shares)[0], self.predicted["label"])
        self.assertAlmostEqual(shares[self.predicted["label"]], self.predicted["probability"], places=5)
        self.assertEqual(sorted(shares.values(), reverse=True), list(shares.values()))

    def test_predictions_are_those_of_predict(self):
        self.check_labels(self.post("/predictions/bench_mlp/1", {"b64": base64.b64encode(self.bytes).decode()}))
        for kind in ("image/png", "application/octet-stream", None):
            self.check_labels(self.ask("POST", "/predictions/bench_mlp", self.bytes, kind)[1])
        form = (b"--xyz\r\nContent-Disposition: form-data; name=\"data\"; filename=\"digit.png\"\r\n"
                b"Content-Type: image/png\r\n\r\n" + self.bytes + b"\r\n--xyz--\r\n")
        self.check_labels(self.ask("POST", "/predictions/bench_mlp", form,
                                   "multipart/form-data; boundary=xyz")[1])

    def test_curl_sends_files_as_torchserve_says(self):
        if shutil.which("curl") is None:
            self.skipTest("curl is not installed")
        url = f"http://127.0.0.1:{self.port}/predictions/bench_mlp"
        for how in (["-T", self.image], ["-F", f"data=@{self.image}"], ["--data-binary", f"@{self.image}"]):
            done = subprocess.run(["curl", "-sS", url, *how], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.check_labels(json.loads(done.stdout))

    def test_ping_and_models(self):
        self.assertEqual(self.ask("GET", "/ping"), (200, {"status": "Healthy"}))
        self.assertEqual(self.ask("GET", "/models")[1]["models"][0]["modelName"], "bench_mlp")

    def test_predict_of_tensorflow_serving_has_the_models_outputs(self):
        encoded = {"b64": base64.b64encode(self.bytes).decode()}
        for row in (encoded, {"image": encoded}):
            said = self.post("/v1/models/bench_mlp:predict", {"instances": [row]})
            for found, wanted in zip(said["predictions"][0], self.predicted["outputs"], strict=True):
                self.assertAlmostEqual(found, wanted, places=4)
        said = self.post("/v1/models/bench_mlp/versions/1:classify", {"examples": [{"image": encoded}]})
        label, share = said["results"][0][0]
        self.assertEqual(label, self.predicted["label"])
        self.assertAlmostEqual(share, self.predicted["probability"], places=5)

    def test_image_files_are_inputs_of_the_datatype_bytes(self):
        said = self.post("/v2/models/bench_mlp/infer", {"inputs": [
            {"name": "image", "datatype": "BYTES", "shape": [1, 1],
             "data": [base64.b64encode(self.bytes).decode()]}]})
        for found, wanted in zip(said["outputs"][0]["data"], self.predicted["outputs"], strict=True):
            self.assertAlmostEqual(found, wanted, places=4)

    def test_status_and_metadata(self):
        status = self.ask("GET", "/v1/models/bench_mlp")[1]["model_version_status"][0]
        self.assertEqual(status["state"], "AVAILABLE")
        metadata = self.ask("GET", "/v1/models/bench_mlp/metadata")[1]
        signature = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"]
        self.assertEqual(signature["inputs"]["image"]["dtype"], "DT_UINT8")

    def test_refusals_are_errors_in_json(self):
        for method, path, body, kind, status in (
                ("POST", "/predictions/bench_mlp", b"x", "text/html", 415),
                ("POST", "/predictions/other", b"x", None, 404),
                ("POST", "/predictions/bench_mlp", self.bytes[:40], "image/png", 400),
                ("POST", "/predictions/bench_mlp", b"--x", "multipart/form-data", 400),
                ("POST", "/v1/models/bench_mlp:predict", b"{", "application/json", 400),
                ("POST", "/v1/models/bench_mlp:explain", b"{}", "application/json", 404),
                ("GET", "/v1/models/bench_mlp:predict", None, None, 405),
                ("GET", "/v1/models/bench_mlp:predict:predict", None, None, 400),
                ("GET", "/v1/models/..:predict", None, None, 400)):
            found, said = self.ask(method, path, body, kind)
            self.assertEqual(found, status, said)
            self.assertTrue(said["error"])


class Table(Served):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rows = "".join(f"{i % 7},{'red' if i % 2 else 'blue'},{i % 7 + i % 2}\n" for i in range(60))
        (cls.folder / "table.csv").write_text("x,colour,y\n" + rows)
        (cls.folder / "t.yaml").write_text("name: prices\ndata:\n  type: csv\n  train: {path: table.csv}\n"
                                           "  label: y\n  task: regression\n")
        maas("train", cls.folder / "t.yaml", *TINY, "-o", cls.folder / "run", check=0)
        cls.model = cls.folder / "run/model.pt"
        cls.start()

    def predicted(self, row):
        done = maas("predict", self.model, "-", "--json", stdin=json.dumps(row), check=0)
        return json.loads(done.stdout)["outputs"][0]

    def test_all_protocols_say_what_predict_says(self):
        row = {"x": 3, "colour": "red"}
        wanted = self.predicted(row)
        self.assertAlmostEqual(self.post("/predictions/prices", row), wanted, places=4)
        self.assertAlmostEqual(self.post("/predictions/prices", [[3, "red"]])[0], wanted, places=4)
        said = self.post("/v1/models/prices:regress", {"context": {"colour": "red"}, "examples": [{"x": 3}]})
        self.assertAlmostEqual(said["results"][0], wanted, places=4)
        said = self.post("/v1/models/prices:predict", {"inputs": {"x": [3], "colour": ["red"]}})
        self.assertAlmostEqual(said["outputs"][0][0], wanted, places=4)
        said = self.post("/v2/models/prices/infer", {"inputs": [
            {"name": "x", "datatype": "INT64", "shape": [1], "data": [3]},
            {"name": "colour", "datatype": "BYTES", "shape": [1], "data": ["red"]}]})
        self.assertAlmostEqual(said["outputs"][0]["data"][0], wanted, places=4)
        _, said = self.ask("POST", "/predictions/prices", b"x,colour\n3,red\n", "text/csv")
        self.assertAlmostEqual(said[0], wanted, places=4)

    def test_a_wrong_cell_is_named(self):
        said = self.post("/predictions/prices", [{"x": "much", "colour": "red"}], 400)
        self.assertIn("body[0].x", said["error"])


if __name__ == "__main__":
    unittest.main()

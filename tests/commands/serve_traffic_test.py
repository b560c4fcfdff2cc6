"""maas serve with labels of versions, shares of requests and shadow copies."""
import http.client
import json
import shutil
import time
import unittest

from maas_runs import Case, maas


def image(**more):
    one = {"name": "image", "shape": [1, 1, 28, 28], "datatype": "UINT8", "data": [0] * 784}
    return json.dumps({"inputs": [one], **more})


class Traffic(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        first = cls.train()["model"]
        second = cls.train("other", "seed=2")["model"]
        for version, model in (("1", first), ("2", second)):
            (cls.folder / "models/net" / version).mkdir(parents=True)
            shutil.copy(model, cls.folder / "models/net" / version / "model.pt")

    def config(self, text):
        path = self.folder / f"{self.id()}.yaml"
        path.write_text("serve:\n  versions: all\n  models:\n    - name: net\n"
                        "      labels: {stable: 1, canary: 2}\n" + text)
        return path

    def serve(self, text, *settings):
        process, ready = self.start_server(self.folder / "models", "--config", self.config(text),
                                           *settings)
        self.assertTrue(ready, process.stderr.read() if not ready else "")
        self.port = ready["port"]

    def ask(self, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("POST" if body else "GET", path, body,
                           {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer, json.loads(text) if text.startswith(b"{") else text.decode()

    def version(self, path="/v2/models/net/infer"):
        answer, said = self.ask(path, image())
        self.assertEqual(answer.status, 200, said)
        return said["model_version"]

    def test_labels_and_shares(self):
        log = self.folder / "access.log"
        self.serve("      weights: {stable: 75, canary: 25}\n", f"serve.access_log={log}")
        self.assertEqual(self.version("/v2/models/net/versions/stable/infer"), "1")
        self.assertEqual(self.version("/v2/models/net/versions/canary/infer"), "2")
        chosen = [self.version() for _ in range(40)]
        self.assertTrue(8 <= chosen.count("2") <= 12, chosen)
        rows = json.dumps({"instances": [[[[0] * 28] * 28]]})
        for path, version in (("/v1/models/net/labels/canary:predict", "2"),
                              ("/v1/models/net/versions/1:predict", "1")):
            answer, said = self.ask(path, rows)
            self.assertEqual((answer.status, answer.getheader("Maas-Model-Version")), (200, version), said)
        self.assertEqual(self.ask("/v1/models/net/labels/canary")[0].status, 200)
        answer, said = self.ask("/v2/models/net/versions/beta")
        self.assertEqual(answer.status, 404)
        self.assertIn("labels canary, stable", said["error"])
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        logged = [line["version"] for line in lines if line["path"] == "/v2/models/net/infer"]
        self.assertEqual(logged, chosen)
        metrics = self.ask("/metrics")[1]
        self.assertIn('maas_request_seconds_count{model="net",version="2"}', metrics)
        self.assertNotIn("maas_shadow", metrics)

    def test_a_shadow_is_compared_and_counted(self):
        self.serve("      weights: {stable: 1}\n      shadow: canary\n")
        for _ in range(10):
            self.assertEqual(self.version(), "1")
        until = time.monotonic() + 20
        while True:
            counts = [int(line.split()[-1]) for line in self.ask("/metrics")[1].splitlines()
                      if line.startswith('maas_shadow_copies_total{model="net",version="2"')]
            if sum(counts) == 10:
                break
            self.assertLess(time.monotonic(), until, counts)
            time.sleep(0.02)
        self.assertIn('maas_inferences_total{model="net",version="2",end="answered"} 0',
                      self.ask("/metrics")[1])

    def test_priorities_are_taken_when_there_are_levels(self):
        self.serve("", "serve.priority_levels=2")
        path = "/v2/models/net/infer"
        self.assertEqual(self.ask(path, image(parameters={"priority": 2}))[0].status, 200)
        answer, said = self.ask(path, image(parameters={"priority": 3}))
        self.assertEqual(answer.status, 400)
        self.assertIn("1 (first) to 2", said["error"])

    def test_what_is_wrong_is_told_at_the_start(self):
        folder = self.folder / "models"
        done = maas("serve", folder, "--config", self.config(""), "serve.versions=latest", "--dry-run",
                    check=0)
        self.assertIn("label stable of 'net' is version 1, which is not served", done.stderr)
        for text, said in (("      weights: {beta: 1}\n", "'beta' is none of its labels"),
                           ("      shadow: beta\n", "expected a label or a version"),
                           ("      weight: {stable: 1}\n", "did you mean 'weights'?")):
            path = self.config(text)
            self.assertIn(said, maas("serve", folder, "--config", path, check=2).stderr)
            self.assertIn(said, maas("config", "check", path, check=2).stderr)


if __name__ == "__main__":
    unittest.main()

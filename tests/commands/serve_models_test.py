"""maas serve and its files: several models, new versions under load, files that are written into."""
import functools
import http.client
import json
import pathlib
import shutil
import threading
import time
import unittest

from maas_runs import Case

INFER = "/v2/models/bench_mlp/infer"


def request():
    image = {"name": "image", "shape": [1, 1, 28, 28], "datatype": "UINT8", "data": [0] * 784}
    return json.dumps({"inputs": [image]})


class Models(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = cls.train()["model"]

    def serve(self, *arguments):
        return self.start_server(*arguments)

    def ask(self, port, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text) if text.startswith((b"{", b"[")) else text

    def start_clients(self, port, done, statuses):
        def client():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            while not done.is_set():
                connection.request("POST", "/v2/models/net/infer", request(),
                                   {"Content-Type": "application/json"})
                answer = connection.getresponse()
                statuses.add((answer.status, json.loads(answer.read())["model_version"]))
            connection.close()

        clients = [threading.Thread(target=client) for _ in range(4)]
        for one in clients:
            one.start()
        return clients

    def test_a_file_that_is_written_into_changes_no_answer(self):
        whole = pathlib.Path(self.model).read_bytes()
        served = self.folder / "served.pt"
        for change in ("cut", "altered", "replaced"):
            served.write_bytes(whole)
            process, ready = self.serve(served, "--name", "bench_mlp")
            before = self.ask(ready["port"], "POST", INFER, request())
            self.assertEqual(before[0], 200)
            with open(served, "r+b") as file:
                if change == "cut":
                    file.truncate(100)
                elif change == "altered":
                    file.seek(0)
                    file.write(bytes(255 - byte for byte in whole))
                else:
                    file.write(b"x" * 100)
            for _ in range(3):
                self.assertEqual(self.ask(ready["port"], "POST", INFER, request()), before, change)
            process.terminate()
            self.assertEqual(process.wait(timeout=20), 0, change)

    def test_a_folder_of_models_is_served_and_followed_without_a_failed_request(self):
        folder = self.folder / "models"
        (folder / "net" / "1").mkdir(parents=True)
        shutil.copy(self.model, folder / "net" / "1" / "model.pt")
        shutil.copy(self.model, folder / "other.pt")
        process, ready = self.serve(folder, "serve.poll=0.05s", "serve.model_control=true")
        port = ready["port"]
        self.assertEqual([(one["name"], one["version"]) for one in ready["models"]],
                         [("net", "1"), ("other", "1")])

        ask = functools.partial(self.ask, port)
        done, statuses = threading.Event(), set()
        clients = self.start_clients(port, done, statuses)
        for version in range(2, 6):
            (folder / ".new").mkdir()
            shutil.copy(self.model, folder / ".new" / "model.pt")
            (folder / ".new").rename(folder / "net" / str(version))
            until = time.monotonic() + 20
            while ask("GET", f"/v2/models/net/versions/{version}/ready")[0] != 200:
                self.assertLess(time.monotonic(), until)
                time.sleep(0.02)
        done.set()
        for one in clients:
            one.join()
        self.assertEqual({status for status, _ in statuses}, {200})
        self.assertIn((200, "5"), statuses)
        self.assertEqual(ask("GET", "/v2/models/net")[1]["versions"], ["5"])
        self.assertEqual(ask("POST", "/v2/repository/models/other/unload"), (200, {}))
        self.assertEqual(ask("GET", "/v2/models/other/ready")[0], 404)
        states = {one["name"]: one["state"] for one in ask("POST", "/v2/repository/index")[1]}
        self.assertEqual(states, {"net": "READY", "other": "UNAVAILABLE"})
        self.assertEqual(ask("POST", "/v2/repository/models/other/load"), (200, {}))
        self.assertEqual(ask("GET", "/v2/models/other/ready")[0], 200)
        self.assertEqual(ask("POST", "/v2/repository/models/nothing/load")[0], 400)
        status, said = ask("POST", "/v2/repository/models/other/load", '{"parameters": {"config": "{}"}}')
        self.assertEqual(status, 400)
        self.assertIn("'config' would not be heeded", said["error"])
        (folder / "net" / "6").mkdir()
        (folder / "net" / "6" / "model.pt").write_bytes(b"none")
        ask("POST", "/v2/repository/models/net/load")
        versions = ask("GET", "/v1/models/net")[1]["model_version_status"]
        self.assertEqual([(one["version"], one["state"]) for one in versions], [("5", "AVAILABLE"), ("6", "END")])
        self.assertIn("damaged", versions[1]["status"]["error_message"])
        metrics = ask("GET", "/metrics")[1].decode()
        for line in metrics.splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) \w+ .+|\w+({(\w+="[^"]*",?)+})? [0-9.e+-]+)$')
        self.assertIn('maas_inferences_total{model="net",version="5",end="answered"}', metrics)
        stats = ask("GET", "/v2/models/net/stats")[1]["model_stats"][0]
        self.assertGreater(stats["inference_stats"]["success"]["count"], 0)
        process.terminate()
        self.assertEqual(process.wait(timeout=20), 0)

    def test_models_are_loaded_and_unloaded_by_clients_only_when_that_is_allowed(self):
        _, ready = self.serve(self.model)
        status, said = self.ask(ready["port"], "POST", "/v2/repository/models/bench_mlp/unload")
        self.assertEqual(status, 403)
        self.assertIn("serve.model_control", said["error"])


if __name__ == "__main__":
    unittest.main()

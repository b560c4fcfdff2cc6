"""maas bench serve: what it measures, writes and refuses; nothing here depends on how fast."""
import json
import os
import signal
import socket
import subprocess
import threading
import unittest

from maas_runs import MAAS, Case, maas

QUICK = ["--seconds", "0.1", "--warmup", "0.02"]


class BadServer:
    """Answers whatever comes with the same bytes, and closes."""

    def __init__(self, answer):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.answer = answer
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client:
                client.recv(65536)
                client.sendall(self.answer)


class BenchServe(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = cls.train()["model"]

    def bench(self, *arguments, check=0):
        done = maas("bench", "serve", *arguments, *QUICK, "--json", check=check)
        return json.loads(done.stdout) if check == 0 else done

    def test_a_model_is_served_and_loaded_by_every_protocol(self):
        process, ready = self.start_server(self.model)
        for protocol in ("json", "binary", "tf", "torchserve"):
            said = self.bench(ready["url"], "--protocol", protocol, "--connections", "2", "--rows", "3")
            (result,) = said["results"]
            self.assertGreater(result["good"], 0, protocol)
            self.assertEqual((result["errors"], result["loop"]), ({}, "closed"), protocol)
            self.assertIn("image UINT8 [3, 1, 28, 28]", said["request"])
        self.assertIsNone(process.poll())

    def test_rates_are_an_open_loop(self):
        said = self.bench(self.model, "--rate", "50,100", "--arrivals", "constant", "serve.workers=1")
        self.assertEqual([one["rate"] for one in said["results"]], [50, 100])
        for one in said["results"]:
            self.assertEqual(one["loop"], "open")
            self.assertIn("lateness_p99_ms", one)
            self.assertEqual(one["sent"], one["good"] + sum(one["errors"].values()))

    def test_two_servers_are_compared_and_drawn(self):
        page, picture = self.folder / "page.html", self.folder / "picture.svg"
        said = self.bench(self.model, self.model, "--connections", "2", "--rounds", "2", "-o", page)
        self.assertEqual(len(said["results"]), 2)
        self.assertIn("<svg", page.read_text())
        done = maas("bench", "serve", self.model, "--curve", *QUICK, "-o", picture, check=0)
        self.assertTrue(picture.read_text().startswith("<svg"))
        self.assertEqual(len([line for line in done.stdout.splitlines() if "poisson" in line]), 9)
        self.assertIn("p99.9 ms", done.stdout)

    def test_the_body_may_be_a_file(self):
        body = self.folder / "body.json"
        body.write_text(json.dumps({"instances": [[[[0] * 28] * 28]]}))
        _, ready = self.start_server(self.model, "--name", "m")
        said = self.bench(f"{ready['url']}/v1/models/m:predict", "--input", body, "--connections", "1")
        self.assertGreater(said["results"][0]["good"], 0)

    def test_a_key_is_sent(self):
        keys = self.folder / "keys.yaml"
        key = maas("key", "alice", "--file", keys, "--scopes", "infer", check=0).stdout.strip()
        _, ready = self.start_server(self.model, f"serve.keys={keys}", "--name", "m")
        url = f"{ready['url']}/v2/models/m"
        self.assertGreater(self.bench(url, "--key", key, "--connections", "1")["results"][0]["good"], 0)
        self.assertIn("is answered 401", self.bench(url, check=3).stdout)

    def test_bad_servers_are_told_from_good_ones(self):
        for answer, said, code in [
                (b"", "reading its answer", 4),
                (b"SSH-2.0-OpenSSH_9.2\r\n", "reading its answer", 4),
                (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "body limit", 4),
                (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "", 3),
                (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{", "", 3),
                (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "is answered 404", 3)]:
            server = BadServer(answer)
            done = self.bench(server.url + "/v2/models/m", check=code)
            self.assertIn(said, done.stdout, answer)
            server.listener.close()

    def test_what_cannot_be_meant_is_refused(self):
        for arguments, said, code in [
                (["nothing.pt"], "there is no such file", 3),
                (["https://127.0.0.1:1"], "with TLS", 2),
                ([self.model, "--curve", "--rate", "5"], "stands beside --rate", 2),
                ([self.model, "--rate", "5", "--connections", "1,2"], "has several numbers", 2),
                ([self.model, "-o", "x.txt"], "ends in .html or .svg", 2),
                ([self.model, "--rate", "0"], "--rate", 2),
                (["a:1", "b:1", "c:1"], "3 targets", 2),
                (["htp://127.0.0.1:1"], "does not begin with http://", 2),
                (["http://me:mine@127.0.0.1:1"], "names a user", 2),
                (["http://127.0.0.1:1"], "Connection refused", 4),
                ([__file__], "bench_serve_test.py: ", 3)]:
            self.assertIn(said, self.bench(*arguments, check=code).stdout, arguments)

    def test_settings_may_stand_behind_any_option(self):
        for option in (["--connections", "1,2"], ["--rate", "50"]):
            said = self.bench(self.model, *option, "serve.workers=1")
            self.assertEqual(len(said["results"]), len(option[1].split(",")))

    def test_an_interrupt_keeps_what_was_measured(self):
        _, ready = self.start_server(self.model)
        for stop in (signal.SIGINT, signal.SIGTERM):
            process = subprocess.Popen(
                [MAAS, "bench", "serve", ready["url"], "--json", "-v", "--warmup", "0",
                 "--rate", "20,0.001", "--arrivals", "constant", "--seconds", "2"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for line in process.stderr:
                if "0.001/s" in line:
                    break
            process.send_signal(stop)
            out, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 128 + stop, err)
            self.assertEqual([one["rate"] for one in json.loads(out)["results"]], [20])
            self.assertIn("interrupted", err)

    def test_help_is_there_in_both_spellings(self):
        self.assertIn("maas bench serve: load", maas("bench", "serve", "--help", check=0).stdout)
        self.assertIn("maas bench serve:", maas("bench", "serve", "--rate", "0", "x", check=2).stderr)
        self.assertEqual(maas("bench", "serve", "--help", check=0).stdout,
                         maas("bench-serve", "--help", check=0).stdout)

    def test_nothing_is_left_running(self):
        self.bench(self.model, "--connections", "1")
        for process in os.listdir("/proc"):
            try:
                with open(f"/proc/{process}/cmdline") as file:
                    self.assertNotIn(f"serve\0{self.model}", file.read())
            except OSError:
                pass


if __name__ == "__main__":
    unittest.main()

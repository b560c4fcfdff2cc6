"""maas serve and those who watch it: access log, health port, sandbox."""
import http.client
import json
import os
import signal
import time
import unittest

from maas_runs import Case, maas

INFER = "/v2/models/bench_mlp/infer"


def request(**more):
    image = {"name": "image", "shape": [1, 1, 28, 28], "datatype": "UINT8", "data": [0] * 784}
    return json.dumps({"inputs": [image], **more})


class Watched(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = cls.train()["model"]

    def serve(self, *settings):
        return self.start_server(self.model, *settings)

    def ask(self, port, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request(method, path, body,
                           {"Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def wait_for(self, what):
        until = time.monotonic() + 20
        while not what():
            self.assertLess(time.monotonic(), until)
            time.sleep(0.02)

    def test_each_request_is_a_line_of_json_in_a_log_that_can_be_rotated(self):
        log = self.folder / "access.log"
        process, ready = self.serve(f"serve.access_log={log}")
        port = ready["port"]
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        self.assertEqual(self.ask(port, "POST", INFER, request(id="7"), {"traceparent": trace})[0], 200)
        self.assertEqual(self.ask(port, "POST", INFER, "{")[0], 400)
        self.assertEqual(self.ask(port, "GET", "/nothing")[0], 404)
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertEqual([line["status"] for line in lines], [200, 400, 404])
        one = lines[0]
        self.assertEqual((one["model"], one["version"], one["id"]), ("bench_mlp", "1", "7"))
        self.assertEqual(one["trace_id"], trace[3:35])
        self.assertEqual(one["bytes_in"], len(request(id="7")))
        self.assertGreater(one["compute_seconds"], 0)
        self.assertNotIn("model", lines[2])
        log.rename(self.folder / "access.log.1")
        process.send_signal(signal.SIGUSR1)
        self.wait_for(log.exists)
        self.ask(port, "GET", "/v2/health/live")
        self.assertEqual(len(log.read_text().splitlines()), 1)

    def test_a_log_that_cannot_be_opened_is_named(self):
        done = maas("serve", self.model, "--port", "0", f"serve.access_log={self.folder}/no/a.log")
        self.assertEqual(done.returncode, 4)
        self.assertIn("no/a.log: cannot open the log", done.stderr)

    def test_health_has_a_port_of_its_own(self):
        process, ready = self.serve("serve.health_port=0", "serve.max_connections=1")
        port = ready["health_port"]
        self.assertEqual(self.ask(port, "GET", "/v2/health/ready")[0], 200)
        self.assertIn("maas_inferences_total", self.ask(port, "GET", "/metrics")[1])
        self.assertIn(self.ask(port, "POST", INFER, request())[0], (404, 413))
        self.assertEqual(self.ask(port, "GET", "/v2/models/bench_mlp")[0], 404)
        self.assertEqual(self.ask(ready["port"], "POST", INFER, request())[0], 200)
        process.terminate()
        self.assertEqual(process.wait(timeout=20), 0)

    def test_in_the_sandbox_it_serves_reads_new_models_and_writes_its_log(self):
        log = self.folder / "logs" / "access.log"
        log.parent.mkdir()
        process, ready = self.serve("serve.sandbox=true", f"serve.access_log={log}")
        if not ready:
            self.assertEqual(process.wait(timeout=20), 4)
            self.skipTest("this kernel has no Landlock: " + process.stderr.read())
        port = ready["port"]
        self.assertEqual(self.ask(port, "POST", INFER, request())[0], 200)
        log.rename(log.parent / "old.log")
        process.send_signal(signal.SIGUSR1)
        self.wait_for(log.exists)
        os.utime(self.model)
        process.send_signal(signal.SIGHUP)
        self.wait_for(lambda: "reloaded" in process.stderr.readline())
        self.assertEqual(self.ask(port, "POST", INFER, request())[0], 200)


if __name__ == "__main__":
    unittest.main()

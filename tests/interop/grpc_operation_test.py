"""`maas serve --grpc-port` from outside: cancelled calls, stops, keys, TLS, the sandbox, other ports."""
import json
import os
import signal
import socket
import subprocess
import time
import unittest
import urllib.request

from interop_runs import MAAS, maas
from grpc_runs import GrpcCase, SERVICE, Server, floats, grpc, message_of, pb


class Operation(GrpcCase):
    def test_calls_that_are_cancelled_or_late_are_not_computed(self):
        with Server(self.slow(), "--workers", "1", "serve.batch_rows=1") as server:
            message = message_of("slow", [("x", "FP32", [1, 1, 1], None)], [floats(1)])
            stub = server.channel.unary_unary(SERVICE + "ModelInfer")
            data = message.SerializeToString()
            server.infer(message)
            calls = [stub.future(data) for _ in range(30)]
            time.sleep(0.05)
            for call in calls[1:]:
                call.cancel()
            calls[0].result(timeout=60)
            self.assertEqual(len(server.infer(message).outputs), 1)
            self.refused(grpc.StatusCode.DEADLINE_EXCEEDED, "", server.infer, message, timeout=0.01)
            message.parameters["timeout"].int64_param = 1
            busy = stub.future(data)
            self.refused(grpc.StatusCode.DEADLINE_EXCEEDED, "timeout", server.infer, message)
            busy.result(timeout=60)
            text = urllib.request.urlopen(server.ready["url"] + "/metrics", timeout=20).read().decode()
            ends = {line.split('end="')[1].split('"')[0]: int(line.split()[-1])
                    for line in text.splitlines() if line.startswith("maas_inferences_total")}
            self.assertLess(ends["answered"], 20, ends)
            self.assertIn('maas_grpc_answers_total{code="OK"}', text)
            self.assertIn("maas_grpc_under_way 0", text)

    def test_a_call_whose_message_does_not_come_is_cancelled_and_not_wrong(self):
        with Server(self.net()) as server:
            stub = server.channel.unary_unary(SERVICE + "ModelInfer")
            data = message_of("net", [("input", "FP32", [1, 4], None)], [floats(1, 2, 3, 4)]).SerializeToString()
            calls = [stub.future(data, timeout=0.0005 if i % 2 else 20) for i in range(2000)]
            for call in calls[::2]:
                call.cancel()
            stub(data)
            with urllib.request.urlopen(server.ready["url"] + "/metrics", timeout=20) as page:
                self.assertNotIn('code="INVALID_ARGUMENT"', page.read().decode())

    def test_a_stop_signal_lets_calls_under_way_be_answered(self):
        with Server(self.slow(), "--workers", "2") as server:
            stub = server.channel.unary_unary(SERVICE + "ModelInfer")
            data = message_of("slow", [("x", "FP32", [1, 1, 1], None)], [floats(1)]).SerializeToString()
            stub(data)
            calls = [stub.future(data) for _ in range(8)]
            time.sleep(0.1)
            server.process.terminate()
            for call in calls:
                self.assertTrue(call.result(timeout=60))
            self.assertEqual(server.process.wait(timeout=30), 0)

    def test_connections_are_counted_and_limited(self):
        def told(server):
            with urllib.request.urlopen(server.ready["url"] + "/metrics", timeout=20) as page:
                return int(page.read().decode().split("\nmaas_grpc_connections ")[1].split("\n")[0])

        def wait_until(server, count):
            until = time.monotonic() + 20
            while told(server) != count:
                self.assertLess(time.monotonic(), until, told(server))
                time.sleep(0.05)
        with Server(self.net(), "serve.max_connections=5") as server:
            open_ones = [socket.create_connection(("127.0.0.1", server.ready["grpc_port"])) for _ in range(5)]
            wait_until(server, 5)
            one_more = socket.create_connection(("127.0.0.1", server.ready["grpc_port"]), timeout=20)
            self.assertEqual(one_more.recv(1), b"")
            for client in open_ones + [one_more]:
                client.close()
            wait_until(server, 0)
            self.assertEqual(server.call("ServerLive"), b"\x08\x01")
            wait_until(server, 1)

    def test_a_process_without_descriptors_answers_again(self):
        with Server(self.net(), files=200) as server:
            clients = [socket.create_connection(("127.0.0.1", server.ready["grpc_port"])) for _ in range(300)]
            # HTTP has descriptors of its own.
            with urllib.request.urlopen(server.ready["url"] + "/v2/health/live", timeout=20) as answer:
                self.assertEqual(answer.status, 200)
            for client in clients:
                client.close()
            self.assertEqual(server.call("ServerLive", wait_for_ready=True), b"\x08\x01")

    def test_a_second_signal_does_not_wait(self):
        server = Server(self.slow(), "--workers", "1", "serve.batch_rows=1")
        with self.assertRaises(AssertionError), server:
            stub = server.channel.unary_unary(SERVICE + "ModelInfer")
            data = message_of("slow", [("x", "FP32", [8, 1, 1], None)], [floats(*range(8))])
            calls = [stub.future(data.SerializeToString()) for _ in range(100)]
            time.sleep(0.5)
            server.process.terminate()
            time.sleep(0.2)
            server.process.terminate()
            server.process.wait(timeout=20)
            codes = {call.exception(timeout=20).code() for call in calls if call.exception(timeout=20)}
            self.assertEqual(codes, {grpc.StatusCode.UNAVAILABLE})

    def test_keys_open_what_their_scopes_say(self):
        keys = self.folder / "keys.yaml"
        infer, watch, slow = (
            maas("key", name, "--file", keys, *more).stdout.strip()
            for name, more in (("alice", ()), ("eve", ("--scopes", "metrics")), ("slow", ("--rate", "1"))))
        log = self.folder / "access.log"
        with Server(self.net(), f"serve.keys={keys}", f"serve.access_log={log}") as server:
            message = message_of("net", [("input", "FP32", [1, 4], None)], [floats(1, 2, 3, 4)], id="7")
            self.assertTrue(server.call("ServerReady", b"", pb.ServerReadyResponse).ready)
            for metadata in ((), [("x-api-key", "maas_no")], [("authorization", "Basic x")]):
                self.refused(grpc.StatusCode.UNAUTHENTICATED, "key", server.infer, message,
                             metadata=metadata)
            self.refused(grpc.StatusCode.PERMISSION_DENIED, "scope 'infer'", server.infer, message,
                         metadata=[("x-api-key", watch)])
            self.refused(grpc.StatusCode.PERMISSION_DENIED, "scope 'metrics'", server.call,
                         "ModelStatistics", b"", metadata=[("x-api-key", infer)])
            self.refused(grpc.StatusCode.INVALID_ARGUMENT, "more than once", server.infer, message,
                         metadata=[("x-api-key", infer), ("x-api-key", watch)])
            for metadata in ([("x-api-key", infer)], [("authorization", "Bearer " + infer)]):
                server.infer(message, metadata=metadata + [
                    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")])
            server.infer(message, metadata=[("x-api-key", slow)])
            self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "more often", server.infer, message,
                         metadata=[("x-api-key", slow)])
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        good = [line for line in lines if line.get("key") == "alice" and line["status"] == 200]
        self.assertEqual(len(good), 2)
        self.assertEqual((good[0]["path"], good[0]["model"], good[0]["id"], good[0]["bytes_out"]),
                         (SERVICE + "ModelInfer", "net", "7", 12))
        self.assertEqual((good[0]["client"], good[0]["trace_id"]),
                         ("127.0.0.1", "0af7651916cd43dd8448eb211c80319c"))
        self.assertEqual({line["status"] for line in lines}, {200, 400, 401, 403, 429})

    def test_tls_with_certificates_that_change(self):
        paths = {}
        for name in ("one", "two"):
            paths[name] = [self.folder / f"{name}.{kind}" for kind in ("cert", "key")]
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                            "-out", paths[name][0], "-keyout", paths[name][1]], check=True,
                           capture_output=True)
        used = [self.folder / "used.cert", self.folder / "used.key"]
        for source, target in zip(paths["one"], used):
            target.write_bytes(source.read_bytes())

        def is_live(server, name, own=None):
            own = own and [path.read_bytes() for path in paths[own]]
            credentials = grpc.ssl_channel_credentials(
                paths[name][0].read_bytes(), *([own[1], own[0]] if own else []))
            with grpc.secure_channel(server.address.replace("127.0.0.1", "localhost"),
                                     credentials) as channel:
                try:
                    return channel.unary_unary(SERVICE + "ServerLive")(b"", timeout=5) == b"\x08\x01"
                except grpc.RpcError:
                    return False

        tls = [f"serve.tls.certificate={used[0]}", f"serve.tls.key={used[1]}"]
        with Server(self.net(), *tls) as server:
            self.assertTrue(is_live(server, "one"))
            self.assertFalse(is_live(server, "two"))
            with self.assertRaises(grpc.RpcError):
                server.call("ServerLive", timeout=5)
            for source, target in zip(paths["two"], used):
                target.write_bytes(source.read_bytes())
            server.process.send_signal(signal.SIGHUP)
            until = time.monotonic() + 20
            while not is_live(server, "two"):
                self.assertLess(time.monotonic(), until)
            self.assertFalse(is_live(server, "one"))
        with Server(self.net(), *tls, f"serve.tls.client_ca={paths['one'][0]}") as server:
            self.assertFalse(is_live(server, "two"))
            self.assertFalse(is_live(server, "two", "two"))
            self.assertTrue(is_live(server, "two", "one"))

    def test_in_the_sandbox_it_answers_too(self):
        server = Server(self.net(), "serve.sandbox=true")
        line = server.process.stdout.readline()
        if not line:
            self.assertEqual(server.process.wait(timeout=20), 4)
            server.process.stdout.close()
            self.skipTest("this kernel has no Landlock: " + server.process.stderr.read())
        with grpc.insecure_channel(f"127.0.0.1:{json.loads(line)['grpc_port']}") as channel:
            message = message_of("net", [("input", "FP32", [1, 4], None)], [floats(1, 2, 3, 4)])
            channel.unary_unary(SERVICE + "ModelInfer")(message.SerializeToString(), timeout=20)
        server.process.terminate()
        self.assertEqual(server.process.wait(timeout=20), 0)

    def test_who_does_not_ask_for_it_has_none_of_it(self):
        process = subprocess.Popen([MAAS, "serve", self.net(), "--port", "0", "--json"],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        self.assertNotIn("grpc_port", json.loads(process.stdout.readline()))
        with open(f"/proc/{process.pid}/maps") as maps:
            mapped = maps.read()
            self.assertEqual([one for one in ("libgrpc", "libprotobuf", "maas-grpc") if one in mapped], [])
        process.terminate()
        self.assertEqual(process.wait(timeout=20), 0)

    def test_ports_and_modules_that_are_not_there_are_named(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = maas("serve", self.net(), "--port", "0", "--grpc-port", port, check=4)
            self.assertIn(f"127.0.0.1:{port}", done.stderr)
            self.assertIn("--grpc-port", done.stderr)
        done = maas("serve", self.net(), "--port", "0", "--grpc-port", "0", "--host", "0.0.0.0", check=2)
        self.assertIn("keys", done.stderr)
        os.environ["MAAS_GRPC_MODULE"] = str(self.folder / "none.so")
        try:
            done = maas("serve", self.net(), "--port", "0", "--grpc-port", "0", check=4)
            self.assertIn("cannot load the gRPC module", done.stderr)
        finally:
            del os.environ["MAAS_GRPC_MODULE"]


if __name__ == "__main__":
    unittest.main()

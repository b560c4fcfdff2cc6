"""SIGTERM while gRPC clients go on calling: whoever has somewhere else to go loses no call."""
import os
import socket
import threading
import time
import unittest

import numpy
import tritonclient.grpc
from tritonclient.grpc import service_pb2_grpc

from grpc_runs import GrpcCase, Server, floats, grpc, message_of

STOPS = int(os.environ.get("MAAS_STOPS", "4"))
AGE = "serve.grpc_connection_age=1s"


class Caller(threading.Thread):
    """Calls at its own pace through a plain channel, until `done`; `failed` has what went wrong."""

    def __init__(self, addresses, pause, done):
        super().__init__()
        self.client = tritonclient.grpc.InferenceServerClient(addresses)
        self.pause, self.done = pause, done
        self.answered, self.failed = 0, []

    def run(self):
        given = tritonclient.grpc.InferInput("input", [1, 4], "FP32")
        given.set_data_from_numpy(numpy.array([[1, 2, 3, 4]], numpy.float32))
        while not self.done.is_set():
            try:
                self.client.infer("net", [given])
                self.answered += 1
            except tritonclient.grpc.InferenceServerException as error:
                self.failed.append(f"{error.status()}: {error.message()}")
            time.sleep(self.pause)
        self.client.close()


class SlowWay:
    """A port that passes on to another, `rate` bytes a second from the client to the server."""

    def __init__(self, port, rate):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listening.getsockname()[1]}"
        self.port, self.rate = port, rate
        self.passed = 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        client, _ = self.listening.accept()
        server = socket.create_connection(("127.0.0.1", self.port))
        threading.Thread(target=self.pass_back, args=(server, client), daemon=True).start()
        with client, server:
            while part := client.recv(self.rate // 50):
                server.sendall(part)
                self.passed += len(part)
                time.sleep(0.02)

    @staticmethod
    def pass_back(server, client):
        while part := server.recv(65536):
            client.sendall(part)


def free_ports(count):
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return ports


class Stops(GrpcCase):
    def test_paced_clients_lose_no_call_when_servers_take_turns(self):
        ports = free_ports(2)
        addresses = "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports)

        def start(turn):
            return Server(self.net(), AGE, port=ports[turn % 2], drain_delay="200ms").__enter__()
        server = start(0)
        done = threading.Event()
        callers = [Caller(addresses, 0.001 * (1 + i), done) for i in range(16)]
        for one in callers:
            one.start()
        try:
            for turn in range(STOPS):
                successor = start(turn + 1)
                time.sleep(0.3)
                before = sum(one.answered for one in callers)
                server.process.terminate()
                self.assertEqual(server.process.wait(timeout=20), 0)
                self.assertGreater(sum(one.answered for one in callers), before)
                server.__exit__()
                server = successor
        finally:
            done.set()
            for one in callers:
                one.join()
            server.__exit__()
        self.assertEqual([one.failed for one in callers if one.failed], [])
        print(f"{sum(one.answered for one in callers)} calls, {STOPS} stops")

    def test_a_message_that_is_on_its_way_is_waited_for(self):
        with Server(self.net(), AGE) as server:
            way = SlowWay(server.ready["grpc_port"], 1 << 20)
            rows = 2 << 16
            message = message_of("net", [("input", "FP32", [rows, 4], None)],
                                 [floats(*([1.0] * 4)) * rows])
            with grpc.insecure_channel(way.address) as channel:
                call = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer.future(message)
                while way.passed < 1 << 19:
                    time.sleep(0.01)
                server.process.terminate()
                self.assertEqual(call.result(timeout=30).outputs[0].shape, [rows, 3])
            self.assertEqual(server.process.wait(timeout=30), 0)

    def test_a_quiet_connection_is_not_waited_for(self):
        with Server(self.net(), "serve.grpc_connection_age=1h") as server:
            server.call("ServerLive")
            begun = time.monotonic()
            server.process.terminate()
            self.assertEqual(server.process.wait(timeout=20), 0)
            self.assertLess(time.monotonic() - begun, 15)

    def test_health_says_so_while_calls_are_answered(self):
        with Server(self.net(), AGE, drain_delay="3s") as server:
            message = message_of("net", [("input", "FP32", [1, 4], None)], [floats(1, 2, 3, 4)])
            server.process.terminate()
            health = "/grpc.health.v1.Health/Check"
            while server.call(health) == b"\x08\x01":
                time.sleep(0.01)
            self.assertEqual(server.call(health), b"\x08\x02")
            self.assertFalse(server.call("ServerReady"))
            self.assertEqual(len(server.infer(message).outputs), 1)
            self.assertEqual(server.process.wait(timeout=30), 0)


if __name__ == "__main__":
    unittest.main()

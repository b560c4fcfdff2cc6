"""NVIDIA's perf_analyzer, from tritonclient's wheel: HTTP and gRPC, closed loop and a rate."""
import os
import pathlib
import subprocess
import sys
import unittest

from client_runs import MODEL, ClientCase, has_grpc

PROGRAM = pathlib.Path(sys.executable).with_name("perf_analyzer")
CUDA = pathlib.Path(sys.prefix) / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / \
    "site-packages/nvidia/cuda_runtime/lib"


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=200,
                          env={**os.environ, "LD_LIBRARY_PATH": str(CUDA)})


if not PROGRAM.exists():
    print("skipped: tritonclient 2.41 is not installed; fix: scripts/interop_environment clients")
    sys.exit(77)
if "error while loading" in (said := run("--help").stderr):
    print(f"skipped: {said.strip()}; fix: scripts/install test")
    sys.exit(77)


class PerfAnalyzer(ClientCase):
    def measure(self, *arguments):  # how steady the figures are is nothing to test
        done = run("-m", MODEL, "--shape", "image:1,28,28", "--measurement-mode", "count_windows",
                   "--measurement-request-count", "20", "-s", "1000000", "-r", "10", *arguments)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, said)
        self.assertRegex(said, r"throughput: [1-9]", said)
        return said

    def test_over_http(self):
        address = self.url.removeprefix("http://")
        self.measure("-u", address, "--concurrency-range", "1:4:3", "-b", "2")
        self.measure("-u", address, "--request-rate-range", "50:100:50", "--request-distribution", "poisson")

    @unittest.skipUnless(has_grpc(), "maas was built without gRPC")
    def test_over_grpc(self):
        self.measure("-u", f"127.0.0.1:{self.ready['grpc_port']}", "-i", "grpc", "--concurrency-range", "2", "-b", "2")


if __name__ == "__main__":
    unittest.main()

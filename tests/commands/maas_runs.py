"""Running the program in tests: its path is in $MAAS; Python's standard library only."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

MAAS = os.environ.get("MAAS", "build/maas")
ROOT = pathlib.Path(__file__).resolve().parents[2]


def maas(*arguments, stdin=None, cwd=None, env=None, check=None):
    """Runs it; `check` is the exit code that it must have. `stdin`: a text or an open file."""
    given = {"stdin": stdin} if hasattr(stdin, "fileno") else {"input": stdin}
    done = subprocess.run([MAAS, *map(str, arguments)], **given, capture_output=True, text=True,
                          cwd=cwd, env={**os.environ, **(env or {})}, timeout=120)
    if check is not None and done.returncode != check:
        raise AssertionError(f"maas {' '.join(map(str, arguments))}: exit {done.returncode}, wanted "
                             f"{check}\n{done.stdout}\n{done.stderr}")
    return done


class Case(unittest.TestCase):
    """With a folder of its own, and a small run on the real MNIST shared by a class."""

    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls._folder.name)

    @classmethod
    def tearDownClass(cls):
        cls._folder.cleanup()

    @classmethod
    def train(cls, name="run", *overrides, check=0):
        done = maas("train", ROOT / "configs/bench_mlp.yaml", "train.steps=60", "train.threads=1",
                    "eval.require={}", "-o", cls.folder / name, "--json", *overrides, check=check)
        return json.loads(done.stdout) if check == 0 else done

    def start_server(self, *arguments):
        """A server on a free port, and what it says when it is ready; {} when it ends first."""
        process = subprocess.Popen([MAAS, "serve", *map(str, arguments), "--port", "0", "--json"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, json.loads(process.stdout.readline() or "{}")

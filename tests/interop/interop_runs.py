"""Running maas beside Python: exports, requests, comparisons. MAAS is the program's path."""
import gzip
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import warnings

import numpy
import torch
from torch.utils import _pytree

from networks import exported

MAAS = os.environ.get("MAAS", str(pathlib.Path(__file__).resolve().parents[2] / "build/maas"))
ROOT = pathlib.Path(__file__).resolve().parents[2]
DATATYPES = {torch.float32: "FP32", torch.float64: "FP64", torch.bfloat16: "BF16",
             torch.float16: "FP16", torch.int64: "INT64", torch.int32: "INT32",
             torch.uint8: "UINT8", torch.bool: "BOOL"}


def maas(*arguments, check=0, stdin=None):
    """Runs it; `check` is the exit code that it must have."""
    done = subprocess.run([MAAS, *map(str, arguments)], input=stdin, capture_output=True, text=True,
                          timeout=300, env={**os.environ, "OMP_NUM_THREADS": "1"})
    if done.returncode != check:
        raise AssertionError(f"maas {' '.join(map(str, arguments))}: exit {done.returncode}, wanted "
                             f"{check}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done


def tensors_in(structure):
    """In order, whatever dictionaries and classes they are in."""
    return [leaf for leaf in _pytree.tree_leaves(structure) if isinstance(leaf, torch.Tensor)]


def input_names(program):
    """Of the tensors that a caller gives."""
    return [spec.arg.name for spec in program.graph_signature.input_specs
            if spec.kind.name == "USER_INPUT" and type(spec.arg).__name__ == "TensorArgument"]


def request(names, tensors):
    """Of the Open Inference Protocol, as JSON."""
    return json.dumps({"inputs": [
        {"name": name, "shape": list(tensor.shape), "datatype": DATATYPES[tensor.dtype],
         "data": tensor.flatten().tolist()} for name, tensor in zip(names, tensors, strict=True)]})


def other_sizes(example, dynamic, batch, length):
    """Tensors like those of an example with another batch and, where it is dynamic, length."""
    tensors = []
    for tensor, dims in zip(example, dynamic):
        shape = list(tensor.shape)
        for dim in dims:
            shape[dim] = batch if dim == 0 else length
        if tensor.is_floating_point():
            tensors.append(torch.rand(shape))
        else:
            tensors.append(torch.randint(0, int(tensor.max()) + 1, shape))
    return tensors


def mnist(name):
    with gzip.open(ROOT / f"data/mnist/{name}-ubyte.gz") as file:
        data = file.read()
    images = "images" in name
    array = numpy.frombuffer(data, numpy.uint8, offset=16 if images else 8)
    return torch.from_numpy(array.copy()).reshape(-1, 1, 28, 28) if images else torch.from_numpy(
        array.astype(numpy.int64))


class Case(unittest.TestCase):
    """With a folder of its own, one thread, and comparisons."""

    @classmethod
    def setUpClass(cls):
        warnings.simplefilter("ignore")
        torch.set_num_threads(1)
        cls._folder = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls._folder.name)

    @classmethod
    def tearDownClass(cls):
        cls._folder.cleanup()

    def save(self, name, net, example, dynamic=(), decompose=False):
        """Exports; the path of the file."""
        path = self.folder / f"{name}.pt2"
        torch.export.save(exported(net, example, dynamic, decompose), path)
        return path

    def assert_equal_outputs(self, outputs, wanted, tolerance=1e-5):
        """`outputs` as the protocol has them; the tolerance is relative to the largest value."""
        self.assertEqual(len(outputs), len(wanted))
        for output, want in zip(outputs, wanted):
            self.assertEqual(output["shape"], list(want.shape))
            self.assertEqual(output["datatype"], DATATYPES[want.dtype])
            got = torch.tensor([float("nan") if x is None else x for x in output["data"]])
            got, want = got.double(), want.flatten().double()
            scale = max(want.abs().max().item(), 1e-3) if want.numel() else 1
            torch.testing.assert_close(got, want, rtol=0, atol=tolerance * scale, equal_nan=True)

    def assert_predicts(self, path, arguments, keywords=None):
        """`maas predict` of a file gives what Python gives for each list of arguments."""
        program = torch.export.load(str(path))
        module, names = program.module(), input_names(program)
        keywords = keywords or [{}] * len(arguments)
        lines = [request(names, tensors_in((given, named)))
                 for given, named in zip(arguments, keywords)]
        said = maas("predict", path, "-", stdin="\n".join(lines)).stdout.splitlines()
        self.assertEqual(len(said), len(arguments))
        for line, given, named in zip(said, arguments, keywords):
            with torch.no_grad():
                wanted = tensors_in(module(*given, **named))
            self.assert_equal_outputs(json.loads(line)["outputs"], wanted)

"""What pruning, int8 and ONNX give, one thread, pinned to a core; called by scripts/bench optimize.

ResNet-18 as Python exports it (224 x 224): pruned to half of its multiply-adds beside the whole
network, both in eager Python; int8 (random calibration) beside our fp32. Each trained model that is
given: int8 beside fp32 in accuracy, bytes and milliseconds at each batch. All, and a GPT and an
encoder: ONNX in onnxruntime beside PyTorch's answers (fp32), and beside ours (int8, first choice).

The two of a pair take turns in short rounds; shown is the best round of each and their ratio.
"""
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

import torch
from torch import nn

from bench_inference import MAAS, maas_ms, median_ms
from bench_networks import NETWORKS

ROOT = pathlib.Path(__file__).resolve().parents[1]
ROUNDS = 5
BATCHES = (1, 8, 64, 256)
SAMPLES = 1000


class Encoder(nn.Module):
    """A BERT-shaped encoder: post-norm, 4 layers of 128, 64 tokens of 1000, two classes."""

    def __init__(self):
        super().__init__()
        self.token, self.place = nn.Embedding(1000, 128), nn.Embedding(64, 128)
        layer = nn.TransformerEncoderLayer(128, 4, 512, 0.1, "gelu", batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 4, enable_nested_tensor=False)
        self.head = nn.Linear(128, 2)

    def forward(self, x):
        return self.head(self.layers(self.token(x) + self.place(torch.arange(64)))[:, 0])


EXPORTS = {name: NETWORKS[name][:2] for name in ("resnet18", "mlp", "gpt")}
EXPORTS["encoder"] = (Encoder, lambda b: torch.randint(0, 1000, (b, 64)))


def maas(*words):
    done = subprocess.run([MAAS, *map(str, words), "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"maas {words[0]} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def in_turns(first, second):
    """Best of each, and how many times the second is faster."""
    a, b = zip(*[(first(), second()) for _ in range(ROUNDS)])
    return min(a), min(b), min(a) / min(b)


def exported(name, folder):
    make, inputs = EXPORTS[name]
    torch.manual_seed(0)
    network = make().eval()
    path = folder / f"{name}.pt2"
    program = torch.export.export(network, (inputs(2),),
                                  dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))
    torch.export.save(program, path)
    return network, path


def bench_pruned(path, folder):
    small = folder / "small.pt2"
    maas("prune", path, "-o", small)
    before, after = (maas("inspect", file)["macs"] for file in (path, small))
    whole, pruned = (torch.export.load(file).module() for file in (path, small))
    for batch in (1, 8):
        x = torch.randn(batch, 3, 224, 224)
        with torch.no_grad():
            a, b, ratio = in_turns(lambda: median_ms(lambda: whole(x)),
                                   lambda: median_ms(lambda: pruned(x)))
        print(f"prune: resnet18, {after / before:.3f} of the multiply-adds, eager Python, batch "
              f"{batch}: {a:.2f} -> {b:.2f} ms, {ratio:.2f} times as fast", flush=True)


def bench_times(name, whole, small, batches):
    for batch in batches:
        a, b, ratio = in_turns(lambda: maas_ms(whole, batch), lambda: maas_ms(small, batch))
        print(f"int8: {name}, batch {batch}: {a:.4f} -> {b:.4f} ms, {ratio:.2f} times as fast",
              flush=True)


def quantized(path, folder, *words):
    small = folder / f"{path.stem}-int8.pt"
    maas("quantize", path, *words, "-o", small, "--force")
    return small


def size_ratio(small, whole):
    return os.path.getsize(small) / os.path.getsize(whole)


def compare_on_digits(name, file, made):
    """onnxruntime beside the graph as Python runs it, on the first of MNIST's test digits."""
    pixels = gzip.open(ROOT / "data/mnist/t10k-images-idx3-ubyte.gz").read(16 + SAMPLES * 784)[16:]
    digits = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).view(SAMPLES, 1, 28, 28)
    with torch.no_grad():
        wanted, got = torch.export.load(file).module()(digits), session(made)(digits)
    worst = ((wanted - got).abs().max() / wanted.abs().max()).item()
    same = (wanted.argmax(-1) == got.argmax(-1)).float().mean().item()
    print(f"onnx: {name} in onnxruntime, {SAMPLES} digits: largest relative difference {worst:.1e}, "
          f"first choice equal {same:.4f}", flush=True)


def bench_trained(path, folder):
    small = quantized(path, folder, "gate.max_drop=1")
    name = maas("inspect", path)["name"]
    before, after = (maas("eval", file, "eval.require={}")["metrics"] for file in (path, small))
    metric = "accuracy" if "accuracy" in before else sorted(before)[0]
    loss = 100 * (before[metric] - after[metric]) / before[metric]
    print(f"int8: {name}, {metric} {before[metric]:.4f} -> {after[metric]:.4f} ({loss:+.2f} % lost), "
          f"file {size_ratio(small, path):.3f} of fp32", flush=True)
    bench_times(name, path, small, BATCHES)
    for file, form in ((path, "fp32"), (small, "int8")):
        found = maas("export", file, "--format", "onnx", "-o", folder / "made.onnx", "--force",
                     "--samples", SAMPLES)["verified"]
        print(f"onnx: {name} {form}, read back on {found['on']}: largest relative difference "
              f"{found['max_relative']:.1e}, first choice equal {found['top1_agreement']:.4f}",
              flush=True)
        if maas("inspect", path)["inputs"][0]["shape"].endswith(", 1, 28, 28]"):
            compare_on_digits(f"{name} {form}", file, folder / "made.onnx")


def session(path):
    import onnx
    import onnxruntime
    onnx.checker.check_model(str(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    opened = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = opened.get_inputs()[0].name
    return lambda x: torch.from_numpy(opened.run(None, {name: x.numpy()})[0])


def bench_onnx(name, network, path, folder):
    """fp32 beside PyTorch; int8 beside the stored int8 graph, as Python runs it."""
    inputs = EXPORTS[name][1]
    count = SAMPLES if name != "resnet18" else SAMPLES // 10
    torch.manual_seed(1)
    given = [inputs(50) for _ in range(count // 50)]
    small = quantized(path, folder, "quantize.calibration=random")
    with torch.no_grad():
        for file, form, wanted in ((path, "fp32", network),
                                   (small, "int8", torch.export.load(small).module())):
            made = folder / "made.onnx"
            maas("export", file, "--format", "onnx", "-o", made, "--force")
            run = session(made)
            pairs = [(wanted(x), run(x)) for x in given]
            worst = max(((a - b).abs().max() / a.abs().max()).item() for a, b in pairs)
            same = sum((a.argmax(-1) == b.argmax(-1)).float().mean().item() for a, b in pairs)
            print(f"onnx: {name} {form} in onnxruntime, {count} samples: largest relative difference "
                  f"{worst:.1e}, first choice equal {same / len(pairs):.4f}", flush=True)


def main(models):
    warnings.simplefilter("ignore")
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[-1]})  # children inherit it
    torch.set_num_threads(1)
    for model in map(pathlib.Path, models):  # beside it: from there it finds the data it remembers
        with tempfile.TemporaryDirectory(dir=model.parent) as name:
            bench_trained(model, pathlib.Path(name))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for export in EXPORTS:
            network, path = exported(export, folder)
            if export == "resnet18":
                bench_pruned(path, folder)
                bench_times(export, path,
                            quantized(path, folder, "quantize.calibration=random"), (1, 8))
            bench_onnx(export, network, path, folder)


if __name__ == "__main__":
    main(sys.argv[1:])

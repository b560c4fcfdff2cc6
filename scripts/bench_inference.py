"""maas, onnxruntime and eager PyTorch on the same exported networks, one thread, pinned to a core.

Called by scripts/bench. ResNet-18 (fp32, batch 1 and 8; -core: decomposed to core ATen), the MLP
784-128-10 (batch 1 and 64), an LSTM and a GRU of 64 in both directions over 50 steps, a GPT of 4 layers
of 128 (128 tokens) and an encoder of BERT-base's shape on 128 embedded tokens. MAAS_KERNELS in the environment (docs/kernels.md) holds for maas. The three take turns in short
rounds; a round's figure is the median of its calls. Shown is the best round of each, and the ratio of these: a neighbour on the same host slows
a core by a third for seconds at a time, which the best of many short rounds leaves out. The ratios of
the single rounds are shown as a range.
"""
import json
import pathlib
import statistics
import subprocess
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

MAAS = "build/maas"
ROUNDS = 8
SECONDS = 0.7


class Block(nn.Module):
    """The basic block of ResNet-18 (He et al. 2015)."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.a = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.na = nn.BatchNorm2d(outputs)
        self.b = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.nb = nn.BatchNorm2d(outputs)
        self.side = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.side = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False),
                                      nn.BatchNorm2d(outputs))

    def forward(self, x):
        return F.relu(self.nb(self.b(F.relu(self.na(self.a(x))))) + self.side(x))


def resnet18():
    layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    width = 64
    for outputs, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        layers += [Block(width, outputs, stride), Block(outputs, outputs, 1)]
        width = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))


class Gpt(nn.Module):
    """Pre-norm transformer with causal attention; 65 symbols, 4 layers of 128, 4 heads."""

    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.n1, self.n2 = nn.LayerNorm(128), nn.LayerNorm(128)
            self.qkv, self.out = nn.Linear(128, 384), nn.Linear(128, 128)
            self.up, self.down = nn.Linear(128, 512), nn.Linear(512, 128)

        def forward(self, x):
            q, k, v = (y.unflatten(-1, (4, 32)).transpose(1, 2) for y in self.qkv(self.n1(x)).chunk(3, -1))
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).flatten(2))
            return x + self.down(F.gelu(self.up(self.n2(x))))

    def __init__(self):
        super().__init__()
        self.token, self.place = nn.Embedding(65, 128), nn.Embedding(128, 128)
        self.layers = nn.Sequential(*[Gpt.Layer() for _ in range(4)])
        self.norm, self.head = nn.LayerNorm(128), nn.Linear(128, 65, bias=False)

    def forward(self, x):
        places = torch.arange(128)
        return self.head(self.norm(self.layers(self.token(x) + self.place(places))))


class Encoder(nn.Module):
    """BERT-base's shape (Devlin et al. 2018), norms first, on tokens that are embedded already."""

    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.n1, self.n2 = nn.LayerNorm(768), nn.LayerNorm(768)
            self.qkv, self.out = nn.Linear(768, 2304), nn.Linear(768, 768)
            self.up, self.down = nn.Linear(768, 3072), nn.Linear(3072, 768)

        def forward(self, x):
            q, k, v = (y.unflatten(-1, (12, 64)).transpose(1, 2) for y in self.qkv(self.n1(x)).chunk(3, -1))
            x = x + self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
            return x + self.down(F.gelu(self.up(self.n2(x))))

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(*[Encoder.Layer() for _ in range(12)])

    def forward(self, x):
        return self.layers(x)


class Recurrent(nn.Module):
    """One layer in both directions over 50 steps, and a classifier on its last output."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.head = layer(32, 64, batch_first=True, bidirectional=True), nn.Linear(128, 5)

    def forward(self, x):
        return self.head(self.layer(x)[0][:, -1])


def series(batch):
    return torch.randn(batch, 50, 32)


NETWORKS = {
    "resnet18": (resnet18, lambda b: torch.randn(b, 3, 224, 224), (1, 8)),
    "resnet18-core": (resnet18, lambda b: torch.randn(b, 3, 224, 224), (1, 8)),
    "mlp": (lambda: nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)),
            lambda b: torch.randn(b, 784), (1, 64)),
    "encoder": (Encoder, lambda b: torch.randn(b, 128, 768), (1,)),
    "encoder-core": (Encoder, lambda b: torch.randn(b, 128, 768), (1,)),
    "lstm": (lambda: Recurrent(nn.LSTM), series, (1, 8)),
    "lstm-core": (lambda: Recurrent(nn.LSTM), series, (1, 8)),
    "gru": (lambda: Recurrent(nn.GRU), series, (1, 8)),
    "gru-core": (lambda: Recurrent(nn.GRU), series, (1, 8)),
    "gpt": (Gpt, lambda b: torch.randint(0, 65, (b, 128)), (1,)),
}


def median_ms(call):
    for _ in range(3):
        call()
    times, end = [], time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def maas_ms(path, batch):
    done = subprocess.run([MAAS, "bench", path, "--batch", str(batch), "--threads", "1", "--seconds",
                           str(SECONDS), "--json"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["latency_ms"][str(batch)]["p50"]


def onnx_session(network, example, path):
    import onnxruntime
    dynamic = ({0: torch.export.Dim.DYNAMIC},)
    torch.onnx.export(network, (example,), path, dynamo=True, input_names=["x"], verbose=False,
                      dynamic_shapes=dynamic, external_data=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def bench(name, folder):
    make, inputs, batches = NETWORKS[name]
    torch.manual_seed(0)
    network = make().eval()
    path = f"{folder}/{name}.pt2"
    dynamic = ({0: torch.export.Dim.DYNAMIC},)
    program = torch.export.export(network, (inputs(2),), dynamic_shapes=dynamic)
    torch.export.save(program.run_decompositions() if name.endswith("-core") else program, path)
    session = onnx_session(network, inputs(2), f"{folder}/{name}.onnx")
    for batch in batches:
        x = inputs(batch)
        ours, eager, onnx = [], [], []
        for _ in range(ROUNDS):
            ours.append(maas_ms(path, batch))
            with torch.no_grad():
                eager.append(median_ms(lambda: network(x)))
            onnx.append(median_ms(lambda n=x.numpy(): session.run(None, {"x": n})))
        a, b, c = (min(times) for times in (ours, eager, onnx))
        rounds = [mine / theirs for mine, theirs in zip(ours, onnx)]
        print(f"infer: {name:<13} batch {batch:<3}  maas {a:9.4f} ms   eager {b:9.4f} ms "
              f"({b / a:4.2f} times ours)   onnxruntime {c:9.4f} ms (ours is {a / c:4.2f} of it, "
              f"{min(rounds):4.2f} to {max(rounds):4.2f} by round)", flush=True)


def main(folder, names):
    import os
    import warnings
    warnings.simplefilter("ignore")
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[-1]})  # children inherit it
    torch.set_num_threads(1)
    pathlib.Path(folder).mkdir(exist_ok=True)
    for name in names or NETWORKS:
        bench(name, folder)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

"""Training a convolutional network: milliseconds a step of maas and of eager PyTorch in both layouts.

Called by scripts/bench convnet. The network of configs/mnist_cnn.yaml (six 3x3 convolutions with batch
norm, 24 to 96 channels, AdamW) on 128 digits a step, without augmentation and averaged weights. The three take turns in
short rounds; shown is the best round of each and the ratio of these, and its range by round.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import torch
from torch import nn

from bench_record import note

MAAS = "build/maas"
QUICK = os.environ.get("MAAS_BENCH_QUICK") == "1"
ROUNDS, EVERY, STEPS = 2 if QUICK else 4, 5, 31
LAYOUTS = {"eager channels-last": torch.channels_last, "eager": torch.contiguous_format}


def ms_of_maas(folder, threads):
    """The median of the steps between lines of metrics.jsonl, without those before the second."""
    subprocess.run([MAAS, "train", "configs/mnist_cnn.yaml", "--force", "-o", folder, f"train.steps={STEPS}",
                    f"train.log_every={EVERY}", f"train.threads={threads}", "data.augment=[]", "train.ema=0",
                    "eval.require={}", "data.limit=4096"], capture_output=True, check=True)
    rows = [json.loads(line) for line in pathlib.Path(folder, "metrics.jsonl").read_text().splitlines()]
    times = [row["time"] for row in rows if row["split"] == "train" and row["step"] % EVERY == 0]
    return statistics.median(1e3 * (b - a) / EVERY for a, b in zip(times[1:], times[2:]))


def network():
    layers, width = [], 1
    for i, channels in enumerate((24, 48, 96)):
        for inputs in (width, channels):
            layers += [nn.Conv2d(inputs, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()]
        layers.append(nn.MaxPool2d(2) if i < 2 else nn.AdaptiveAvgPool2d(1))
        width = channels
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(width, 10))


def ms_of_torch(layout, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    net = network().to(memory_format=layout).train()
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=0.05, fused=True)
    x = torch.randn(128, 1, 28, 28).contiguous(memory_format=layout)
    y = torch.randint(0, 10, (128,))
    times = []
    for _ in range(STEPS // 2):
        start = time.perf_counter()
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times[3:])


def main():
    for threads in (1, 2):
        if threads > len(os.sched_getaffinity(0)):
            continue
        times = {"maas": [], **{name: [] for name in LAYOUTS}}
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as folder:
                times["maas"].append(ms_of_maas(folder, threads))
            for name, layout in LAYOUTS.items():
                times[name].append(ms_of_torch(layout, threads))
        ours = times.pop("maas")
        for name, theirs in times.items():
            rounds = [b / a for a, b in zip(ours, theirs)]
            ratio = min(theirs) / min(ours)
            print(f"convnet: a step, {threads} threads   maas {min(ours):6.1f} ms   {name} {min(theirs):6.1f} ms   "
                  f"ratio {ratio:4.2f} ({min(rounds):4.2f} to {max(rounds):4.2f} by round)"
                  f"{note(f'convnet {threads} threads {name}', ratio)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

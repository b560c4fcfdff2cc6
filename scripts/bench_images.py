#!/usr/bin/env python3
"""Times reading a folder of JPEGs beside PyTorch's DataLoader with Pillow, in turns, and maas's peak memory.

build/venv/bin/python scripts/bench_images.py [IMAGES] [ROUNDS]     2,000 JPEGs of 640 x 480 to 224 x 224, 3 rounds

Both decode, resize the shorter side, cut the centre and normalise in every epoch: maas with `data.cache: none`, the
loader in as many processes as there are cores. One network is nearly nothing (a mean over squares of 32 pixels and a linear layer:
what is left is loading), one is a small convolution with AdamW. `data.cache: memory` decodes once. Images a second of the epochs
after the first. Needs a python with torch and Pillow (scripts/interop_environment makes build/venv).
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy
import torch
from PIL import Image
from torch import nn

MAAS = pathlib.Path(__file__).parent.parent / "build" / "maas"
SIDE, BATCH, EPOCHS = 224, 50, 3
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
LAYERS = {"nothing": "[avg_pool: 32]", "small": "[{conv: 16, kernel: 7, stride: 4, padding: 3}, relu, global_avg_pool]"}
CONFIG = """name: images
data: {{type: images, train: {{path: {folder}}}, height: {side}, width: {side}, normalize: imagenet, cache: {cache}}}
model: {{type: layers, layers: {layers}}}
train: {{epochs: {epochs}, batch_size: {batch}, optimizer: adamw, log_every: 1, checkpoint: {{every: 100 epochs}}}}
"""


def write_images(folder, count):
    """Smooth colours with some noise, as large as photographs of that size are: about 60 KB."""
    drawn = numpy.random.default_rng(0)
    for i in range(count):
        path = folder / "ab"[i % 2] / f"{i:05}.jpg"
        path.parent.mkdir(exist_ok=True)
        colours = Image.fromarray(drawn.integers(0, 256, (6, 8, 3), dtype=numpy.uint8)).resize((640, 480), Image.BICUBIC)
        noisy = numpy.asarray(colours) + drawn.normal(0, 6, (480, 640, 3))
        Image.fromarray(noisy.clip(0, 255).astype(numpy.uint8)).save(path, quality=88)


class Folder(torch.utils.data.Dataset):
    def __init__(self, root):
        self.files = sorted(root.glob("*/*.jpg"))
        self.classes = sorted({file.parent.name for file in self.files})
        self.mean, self.deviation = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, DEVIATION))

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        with Image.open(self.files[i]) as file:
            image = file.convert("RGB")
        scale = SIDE / min(image.size)
        image = image.resize([max(SIDE, round(side * scale)) for side in image.size], Image.BILINEAR)
        left, top = (image.width - SIDE) // 2, (image.height - SIDE) // 2
        pixels = numpy.array(image.crop((left, top, left + SIDE, top + SIDE)))
        pixels = torch.from_numpy(pixels).permute(2, 0, 1).contiguous().float().div_(255)
        return pixels.sub_(self.mean).div_(self.deviation), self.classes.index(self.files[i].parent.name)


def network_of(kind):
    if kind == "nothing":
        return nn.Sequential(nn.AvgPool2d(32), nn.Flatten(), nn.Linear(3 * (SIDE // 32) ** 2, 2))
    return nn.Sequential(nn.Conv2d(3, 16, 7, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 2))


def rate_of_loader(folder, kind):
    """Images a second, in this process and its workers."""
    loader = torch.utils.data.DataLoader(Folder(folder), BATCH, shuffle=True, num_workers=os.cpu_count(),
                                         persistent_workers=True, drop_last=True)
    network = network_of(kind)
    optimizer = torch.optim.AdamW(network.parameters(), fused=True)
    for epoch in range(EPOCHS):
        if epoch == 1:
            start = time.monotonic()
        for images, labels in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(images), labels).backward()
            optimizer.step()
    return (EPOCHS - 1) * len(loader) * BATCH / (time.monotonic() - start)


def rate_of_maas(folder, kind, cache):
    """Images a second, and MB at the most (the pixels of all images are part of it where they are kept)."""
    run = folder.parent / "run"
    config = folder.parent / "images.yaml"
    config.write_text(CONFIG.format(folder=folder, side=SIDE, cache=cache, layers=LAYERS[kind], epochs=EPOCHS, batch=BATCH))
    done = subprocess.run(["/usr/bin/time", "-f", "%M", str(MAAS), "train", str(config), "-o", str(run), "--force", "--quiet"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    times = {line["step"]: line["time"] for line in lines if line["split"] == "train"}
    last, first = max(times), max(times) // EPOCHS
    return (last - first) * BATCH / (times[last] - times[first]), int(done.stderr.splitlines()[-1]) / 1000


def main(count, rounds):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name) / "jpegs"
        folder.mkdir()
        write_images(folder, count)
        pixels = count * 3 * SIDE * SIDE / 1e6
        size = sum(file.stat().st_size for file in folder.glob("*/*")) / count / 1000
        print(f"{count} JPEGs of 640 x 480, {size:.0f} KB each, at {SIDE} x {SIDE}: {pixels:.0f} MB of pixels; {os.cpu_count()} cores")
        print("| network | from files | from memory | DataLoader | files beside it | peak, files | peak, memory |")
        print("|---|--:|--:|--:|--:|--:|--:|")
        for kind in LAYERS:
            files, memory, loader, peak = 0, 0, 0, {"none": 0, "memory": 0}
            for _ in range(rounds):
                rate, used = rate_of_maas(folder, kind, "none")
                files, peak["none"] = max(files, rate), max(peak["none"], used)
                loader = max(loader, rate_of_loader(folder, kind))
                rate, used = rate_of_maas(folder, kind, "memory")
                memory, peak["memory"] = max(memory, rate), max(peak["memory"], used)
            print(f"| {kind} | {files:.0f}/s | {memory:.0f}/s | {loader:.0f}/s | {files / loader:.2f} | "
                  f"{peak['none']:.0f} MB | {peak['memory']:.0f} MB |", flush=True)
        print(f"wanted: from files at least 1.5 times the loader; in memory at most {1.5 * pixels + 200:.0f} MB")


if __name__ == "__main__":
    if len(sys.argv) > 3 or "-h" in sys.argv or "--help" in sys.argv:
        sys.exit(__doc__)
    given = [int(word) for word in sys.argv[1:]]
    main(*(given + [2000, 3][len(given):]))

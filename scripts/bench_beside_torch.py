"""maas and PyTorch on the same work, one after the other; called by scripts/bench.

train  the tutorial network (784-128-10, SGD 0.01, batch 64): seconds an epoch, maas against two
       loops written as PyTorch users write them: `tutorial` (a Dataset that gives PIL-like arrays,
       ToTensor and Normalize for each item, DataLoader) and `eager` (one tensor in memory, randperm);
       and whole processes of ten epochs, eager's beside maas train's: seconds and peak memory.
infer  scripts/bench_inference.py
start  seconds until `maas --help` and a config error end and until `maas serve` answers; resident
       memory of the server.
"""
import gzip
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

from bench_record import note

MAAS = "build/maas"
QUICK = os.environ.get("MAAS_BENCH_QUICK") == "1"
ROOT = pathlib.Path(__file__).resolve().parents[1]


def say(what, ours, peer, theirs, unit):
    print(f"{what:<34} maas {ours:8.4f} {unit}   {peer} {theirs:8.4f} {unit}   "
          f"ratio {theirs / ours:5.2f}{note(f'{what} {peer}', theirs / ours)}", flush=True)


def seconds(command):
    start = time.perf_counter()
    subprocess.run(command, capture_output=True)
    return time.perf_counter() - start


def bench_start(folder):
    say("start: maas --help", statistics.median(seconds([MAAS, "--help"]) for _ in range(5)),
        "allowed", 0.25, "s")
    bad = [MAAS, "config", "check", "configs/bench_mlp.yaml", "train.epoch=1"]
    say("start: a config error", statistics.median(seconds(bad) for _ in range(5)), "allowed", 0.25, "s")
    model = trained(folder)
    start = time.perf_counter()
    server = subprocess.Popen([MAAS, "serve", model, "--port", "0", "--json"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    url = json.loads(server.stdout.readline())["url"]
    urllib.request.urlopen(url + "/v2/health/ready").read()
    say("start: maas serve answers", time.perf_counter() - start, "allowed", 1.0, "s")
    status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
    resident = int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024
    say("start: resident", resident, "allowed", 200, "MiB")
    server.terminate()
    server.wait()


def trained(folder):
    done = subprocess.run([MAAS, "train", "configs/bench_mlp.yaml", "train.steps=20",
                           "eval.require={}", "-o", f"{folder}/model", "--json", "--force"],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["model"]


def epoch_of_maas(folder, threads):
    """Median seconds of the epochs after the first, from what maas says."""
    done = subprocess.run([MAAS, "train", "configs/bench_mlp.yaml", "train.epochs=6", "--force",
                           f"train.threads={threads}", "eval.require={}", "-o", f"{folder}/run"],
                          capture_output=True, text=True, check=True)
    times = [float(x) for x in re.findall(r"epoch \d+: .*, ([\d.]+) s", done.stderr)]
    return statistics.median(times[1:])


def mnist():
    import numpy
    import torch
    with gzip.open(ROOT / "data/mnist/train-images-idx3-ubyte.gz") as file:
        images = numpy.frombuffer(file.read(), numpy.uint8, offset=16).reshape(-1, 28, 28).copy()
    with gzip.open(ROOT / "data/mnist/train-labels-idx1-ubyte.gz") as file:
        labels = numpy.frombuffer(file.read(), numpy.uint8, offset=8).astype(numpy.int64)
    return torch.from_numpy(images), torch.from_numpy(labels)


def epoch_of_torch(kind, threads, epochs):
    import torch
    from torch import nn
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = torch.optim.SGD(net.parameters(), 0.01)
    images, labels = mnist()

    class Digits(torch.utils.data.Dataset):
        """One item at a time, through a PIL image where PIL is there, as tutorials do."""
        def __len__(self):
            return len(images)

        def __getitem__(self, i):
            pixels = images[i].numpy()
            try:
                import numpy
                from PIL import Image
                pixels = numpy.array(Image.fromarray(pixels), numpy.uint8, copy=True)
            except ImportError:
                pass
            item = torch.from_numpy(pixels[None]).contiguous().float().div(255)
            return item.sub(0.1307).div(0.3081), int(labels[i])

    data = ((images.float() / 255 - 0.1307) / 0.3081).view(-1, 784)

    def batches():
        if kind == "tutorial":
            for x, y in torch.utils.data.DataLoader(Digits(), batch_size=64, shuffle=True):
                yield x.view(-1, 784), y
        else:
            order = torch.randperm(len(data))
            for i in range(0, len(data), 64):
                yield data[order[i:i + 64]], labels[order[i:i + 64]]

    times = []
    for _ in range(epochs):
        start = time.perf_counter()
        for x, y in batches():
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            optimizer.step()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def bench_train(folder):
    for threads in (1, 2):
        if threads > len(os.sched_getaffinity(0)):
            continue
        ours = epoch_of_maas(folder, threads)
        say(f"train: an epoch, {threads} threads", ours, "eager", epoch_of_torch("eager", threads, 4), "s")
        if not QUICK:
            say(f"train: an epoch, {threads} threads", ours, "tutorial",
                epoch_of_torch("tutorial", threads, 3), "s")


# A process starts with the peak of the one that forks it, so that a small one does.
LAUNCHER = """import json, resource, subprocess, sys, time
start = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
print(json.dumps([code, time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024]))
"""


def process(command, folder):
    """Seconds and peak MiB of a whole process."""
    done = subprocess.run([sys.executable, "-S", "-c", LAUNCHER, *command], capture_output=True, text=True, cwd=folder)
    code, seconds_taken, peak = json.loads(done.stdout)
    if code != 0:
        sys.exit(f"scripts/bench: {' '.join(command)} ended with exit code {code}")
    return seconds_taken, peak


def bench_process(folder):
    """The better of two runs each, in turns."""
    ours = [str(ROOT / MAAS), "train", str(ROOT / "configs/bench_mlp.yaml"), "train.epochs=10", "train.threads=1",
            "eval.require={}", "--force", "-o", f"{folder}/process"]
    eager = [sys.executable, "-c", "import bench_beside_torch as b; b.epoch_of_torch('eager', 1, 10)"]
    runs = [(process(ours, folder), process(eager, ROOT / "scripts")) for _ in range(2)]
    for i, (what, unit) in enumerate((("seconds", "s"), ("peak memory", "MiB"))):
        say(f"train: ten epochs, {what}", min(a[i] for a, _ in runs), "eager", min(b[i] for _, b in runs), unit)


def main(part, networks):
    with tempfile.TemporaryDirectory() as folder:
        if part in ("all", "start"):
            bench_start(folder)
        if part in ("all", "train"):
            bench_train(folder)
            bench_process(folder)
        if part in ("all", "infer"):
            done = subprocess.run([sys.executable, "-B", "scripts/bench_inference.py", folder, *networks])
            sys.exit(done.returncode)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

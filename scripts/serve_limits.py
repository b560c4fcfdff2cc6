"""How a server behaves at and beyond its limits, and what it costs: parts `overload`, `crowd`, `batching`,
`share` and `start` of scripts/bench serve. Server on core 0, `maas bench serve` on core 1.

`overload`  Poisson arrivals at 100 % and 200 % of the peak that 64 waiting clients reach: a network of
            about a millisecond, and the MLP 784-128-10 in binary.
`crowd`     64, 1,000 and 4,000 clients who each wait for their answer, one JSON row.
`batching`  8 to 64 connections against the same server with serve.batch_rows=1, in turns.
`share`     an identity model at one connection: p50, CPU time of the server a request, the forward in process.
`start`     seconds to ready and resident memory of the MLP; the same with ten more small models.
"""
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

import torch
from torch import nn

from serve_runs import MAAS, Server, bench, export, free_port, mlp

WAIT_MS = 500  # serve.max_queue_wait's default: the deadline of what was accepted
STARTS = 5


def slow_net():
    """About a millisecond a row, and not much less in a batch."""
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()), torch.zeros(2, 3, 32, 32)


def started(model, *settings):
    port = free_port()
    return Server([MAAS, "serve", model, "--port", str(port), *settings], port)


def url(server):
    return f"http://127.0.0.1:{server.port}"


def told(one):
    text = (f"good {one['throughput_per_s']:8.0f}/s p50 {one['latency_ms']['p50']:7.2f} p95 "
            f"{one['latency_ms']['p95']:7.2f} p99 {one['latency_ms']['p99']:7.2f} ms")
    if one["errors"]:
        refused = one["refusal_ms"]
        text += f"  not good {one['errors']}"
        if refused:
            text += f", refused after p50 {refused['p50']:.2f} p99 {refused['p99']:.2f} ms"
    return text


def overload(folder):
    for name, net, words in (("1 ms a row", slow_net(), ("--protocol", "binary")),
                             ("784-128-10", mlp(), ("--protocol", "binary"))):
        export(*net, folder / "over")
        server = started(f"net={folder / 'over.pt2'}")
        (closed,) = bench(url(server), *words, "--connections", 64, "--seconds", 5)
        peak = closed["throughput_per_s"]
        print(f"overload, {name}: peak of 64 waiting clients {told(closed)}", flush=True)
        for share in (1, 2):
            (one,) = bench(url(server), *words, "--rate", round(share * peak), "--seconds", 8)
            print(f"    {100 * share} % of it arriving: {told(one)}; goodput {one['throughput_per_s'] / peak:.2f} "
                  f"of the peak, accepted p99 {one['latency_ms']['p99']:.0f} ms of {WAIT_MS}", flush=True)
        server.stop()


def crowd(folder):
    export(*mlp(), folder / "crowd")
    server = started(f"net={folder / 'crowd.pt2'}")
    peak = None
    for count in (64, 1000, 4000):
        (one,) = bench(url(server), "--connections", count, "--seconds", 6, "--warmup", 2)
        peak = peak or one["throughput_per_s"]
        print(f"crowd, {count:>4} clients: {told(one)}; goodput {one['throughput_per_s'] / peak:.2f} of 64 clients'",
              flush=True)
    server.stop()


def batching(folder):
    for name, net in (("784-128-10", mlp()), ("784-512-256-10", (nn.Sequential(
            nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10)),
            torch.zeros(2, 784)))):
        export(*net, folder / "batch")
        servers = [started(f"net={folder / 'batch.pt2'}"), started(f"net={folder / 'batch.pt2'}", "serve.batch_rows=1")]
        results = bench(*map(url, servers), "--protocol", "binary", "--connections", "8,16,32,64", "--seconds", 3,
                        "--rounds", 4)
        for batched, alone in zip(results[::2], results[1::2]):
            print(f"batching, {name}, {batched['connections']:>2} connections: {told(batched)}; alone {told(alone)}; "
                  f"{batched['throughput_per_s'] / alone['throughput_per_s']:.2f}x, p95 "
                  f"{batched['latency_ms']['p95'] / alone['latency_ms']['p95']:.2f}x", flush=True)
        for server in servers:
            server.stop()


def share(folder):
    export(nn.Identity(), torch.zeros(2, 784), folder / "same")
    done = subprocess.run(["taskset", "-c", "0", MAAS, "bench", folder / "same.pt2", "--batch", "1", "--threads", "1",
                           "--seconds", "1", "--json"], capture_output=True, text=True, check=True)
    forward = 1e3 * json.loads(done.stdout)["results"][0]["p50"]
    server = started(f"net={folder / 'same.pt2'}")
    for words in (("--protocol", "binary"), ("--protocol", "json")):
        before = server.cpu_seconds()
        (one,) = bench(url(server), *words, "--connections", 1, "--seconds", 5, "--warmup", 0)
        cost = 1e6 * (server.cpu_seconds() - before) / one["good"]
        whole = 1e3 * one["latency_ms"]["p50"]
        print(f"share, {words[1]}: p50 {whole:.1f} us at one connection with client and kernel; {cost:.1f} us of it the "
              f"server computes; the forward in process takes {forward:.1f} us", flush=True)
    server.stop()


def start(folder):
    export(*mlp(), folder / "first")
    few = [f"net={folder / 'first.pt2'}"]
    for i in range(10):
        shutil.copy(folder / "first.pt2", folder / f"more{i}.pt2")
    many = few + [str(folder / f"more{i}.pt2") for i in range(10)]
    resident = {}
    for names in (few, many):
        took, sizes = [], []
        for _ in range(STARTS):
            begun = time.monotonic()
            process = subprocess.Popen(["taskset", "-c", "0", MAAS, "serve", *names, "--port", "0", "--json"],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            if not process.stdout.readline():
                sys.exit(f"maas serve of {len(names)} models did not start")
            took.append(time.monotonic() - begun)
            time.sleep(0.3)
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            sizes.append(int(status.split("VmRSS:")[1].split()[0]) / 1024)
            process.kill()
            process.wait()
        resident[len(names)] = statistics.median(sizes)
        print(f"start, {len(names)} models: ready after {min(took):.2f} to {max(took):.2f} s, "
              f"{statistics.median(sizes):.0f} MiB resident", flush=True)
    print(f"    {(resident[11] - resident[1]) / 10:.1f} MiB a further small model")

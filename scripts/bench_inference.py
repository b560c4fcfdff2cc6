"""maas beside onnxruntime, OpenVINO where it is installed, and eager PyTorch, on the same exported networks,
one thread, pinned to a core; called by scripts/bench infer [NETWORK...] and scripts/bench --quick.

The networks are those of scripts/bench_networks.py. MAAS_KERNELS in the environment (docs/kernels.md) holds
for maas. All take turns in short rounds; a round's figure is the median of its calls. Shown is the best round
of each, and the ratio of these: a neighbour on the same host slows a core by a third for seconds at a time,
which the best of many short rounds leaves out. The ratios of the single rounds are shown as a range.

`bound`: the multiplications and additions of the network at the best rate that PyTorch reached on large
products of matrices on this core, and the share of it that maas reaches.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
import warnings

import torch
from torch.utils.flop_counter import FlopCounterMode

from bench_networks import NETWORKS
from bench_record import note

MAAS = "build/maas"
QUICK = os.environ.get("MAAS_BENCH_QUICK") == "1"
ROUNDS, SECONDS = (3, 0.3) if QUICK else (8, 0.7)
QUICK_NETWORKS = ("resnet18", "mobilenet-v2", "mlp", "encoder", "lstm", "gru", "gpt")


def median_ms(call):
    for _ in range(3):
        call()
    times, end = [], time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def best_gflops():
    """Of products of 512 to 1024 rows and columns, through both libraries that PyTorch has."""
    linear = torch.ops.mkldnn._linear_pointwise
    best = 0
    for size in (512, 768, 1024):
        a, b = torch.randn(size, size), torch.randn(size, size)
        with torch.no_grad():
            fastest = min(median_ms(lambda x=a, y=b: torch.mm(x, y)),
                          median_ms(lambda x=a, y=b: linear(x, y, None, "none", [], "")))
        best = max(best, 2e-6 * size**3 / fastest)
    return best


def gflop(network, x):
    # An LSTM is one operator to oneDNN, of which nothing is counted.
    with FlopCounterMode(display=False) as counter, torch.no_grad(), torch.backends.mkldnn.flags(enabled=False):
        network(x)
    return 1e-9 * counter.get_total_flops()


def maas_ms(path, batch):
    done = subprocess.run([MAAS, "bench", path, "--batch", str(batch), "--threads", "1", "--seconds",
                           str(SECONDS), "--json"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["latency_ms"][str(batch)]["p50"]


def onnx_file(network, example, path):
    dynamic = ({0: torch.export.Dim.DYNAMIC},)
    torch.onnx.export(network, (example,), path, dynamo=True, input_names=["x"], verbose=False,
                      dynamic_shapes=dynamic, external_data=False)
    return path


def onnxruntime_call(path):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda x: session.run(None, {"x": x})


def openvino_call(path, batch):
    """None where it is not installed."""
    try:
        import openvino
    except ImportError:
        return None
    model = openvino.Core().read_model(path)
    shape = model.input(0).partial_shape
    shape[0] = batch
    model.reshape({model.input(0): shape})
    settings = {"INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    request = openvino.compile_model(model, "CPU", settings).create_infer_request()
    return lambda x: request.infer([x], share_inputs=True)


def bench(name, folder, gflops):
    make, inputs, batches = NETWORKS[name]
    torch.manual_seed(0)
    network = make().eval()
    path = f"{folder}/{name}.pt2"
    dynamic = ({0: torch.export.Dim.DYNAMIC},)
    program = torch.export.export(network, (inputs(2),), dynamic_shapes=dynamic)
    torch.export.save(program.run_decompositions() if name.endswith("-core") else program, path)
    onnx = onnx_file(network, inputs(2), f"{folder}/{name}.onnx")
    for batch in batches:
        x = inputs(batch)
        calls = {"onnxruntime": onnxruntime_call(onnx), "openvino": openvino_call(onnx, batch)}
        calls = {peer: (lambda n=x.numpy(), f=call: f(n)) for peer, call in calls.items() if call}
        calls["eager"] = lambda x=x: network(x)
        times = {peer: [] for peer in ("maas", *calls)}
        for _ in range(ROUNDS):
            times["maas"].append(maas_ms(path, batch))
            with torch.no_grad():
                for peer, call in calls.items():
                    times[peer].append(median_ms(call))
        tell(name, batch, times, gflop(network, x) / gflops * 1e3)


def tell(name, batch, times, bound):
    ours = times.pop("maas")
    best = min(ours)
    print(f"infer: {name:<13} batch {batch:<3}  maas {best:9.4f} ms   bound {bound:9.4f} ms ({bound / best:4.2f})")
    for peer, theirs in times.items():
        rounds = [b / a for a, b in zip(ours, theirs)]
        ratio = min(theirs) / best
        print(f"    {peer:<12} {min(theirs):9.4f} ms   {ratio:5.2f} times ours ({min(rounds):4.2f} to "
              f"{max(rounds):4.2f} by round){note(f'infer {name} {batch} {peer}', ratio)}", flush=True)


def main(folder, names):
    warnings.simplefilter("ignore")
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[-1]})  # children inherit it
    torch.set_num_threads(1)
    if unknown := [name for name in names if name not in NETWORKS]:
        sys.exit(f"scripts/bench infer: unknown network '{unknown[0]}'; expected some of {', '.join(NETWORKS)}")
    pathlib.Path(folder).mkdir(exist_ok=True)
    gflops = best_gflops()
    print(f"infer: products of large matrices reach {gflops:.0f} GFLOP/s on this core")
    for name in names or (QUICK_NETWORKS if QUICK else NETWORKS):
        bench(name, folder, gflops)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

"""Exports a list of networks with Python, runs them through maas, compares with Python's numbers.

  run_list.py [--only TEXT] [--family TEXT] [--jobs N] [--seconds N] [--out FOLDER]

Every network has random weights and is exported in three forms: as torch.export writes it, decomposed
by run_decompositions(), and with a dynamic batch where Python can. A form that Python cannot export,
load again or run, or for which it gives NaN, is not counted. Prints a table by family, and what maas
refused or got wrong with its reason; FOLDER keeps the same as results.md and results.json. Exit 1 when
less than 98 % of what Python exports opens and agrees.
"""
import argparse
import collections
import json
import multiprocessing
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "interop")]
MAAS = os.environ.get("MAAS", str(HERE.parents[1] / "build/maas"))
TOLERANCE = 1e-4  # of the largest value of an output
LEAST = 0.98
LISTS = ("layers", "torchvision_networks", "timm_networks", "transformers_networks")


def all_networks():
    import importlib
    return [net for name in LISTS for net in importlib.import_module(name).networks()]


def disturb(module):
    """Constant weights and fresh statistics hide mistakes."""
    import torch
    with torch.no_grad():
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            constant = tensor.is_floating_point() and tensor.numel() > 1 and bool((tensor == tensor.flatten()[0]).all())
            if not constant:
                continue
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 1.5)
            elif name.endswith("running_mean") or isinstance(tensor, torch.nn.Parameter):
                tensor.add_(0.1 * torch.randn_like(tensor))


def batches(inputs, rows):
    """The example with another number of rows, where all inputs have as many."""
    import torch
    return tuple(torch.cat([tensor] * rows)[:rows] for tensor in inputs)


def export_forms(module, inputs):
    """(form, program or None, input sets)"""
    import torch
    plain = None
    try:
        plain = torch.export.export(module, tuple(inputs))
    except Exception as error:  # noqa: BLE001, whatever Python says
        yield "exported", error, []
        return
    yield "exported", plain, [inputs]
    try:
        yield "decomposed", torch.export.export(module, tuple(inputs)).run_decompositions(), [inputs]
    except Exception as error:  # noqa: BLE001
        yield "decomposed", error, []
    flat = all(isinstance(tensor, torch.Tensor) and tensor.dim() > 0 for tensor in inputs)
    if not flat or len({tensor.shape[0] for tensor in inputs}) != 1:
        return
    two = batches(inputs, 2)
    try:
        shapes = {"dynamic_shapes": tuple({0: torch.export.Dim.DYNAMIC} for _ in two)}
        try:
            dynamic = torch.export.export(module, two, **shapes)
        except Exception:  # noqa: BLE001, forward(*inputs)
            dynamic = torch.export.export(module, two, dynamic_shapes=(shapes["dynamic_shapes"],))
        yield "dynamic batch", dynamic, [two, batches(inputs, 3)]
    except Exception as error:  # noqa: BLE001
        yield "dynamic batch", error, []


def short(text):
    lines = [line for line in str(text).splitlines() if line.strip()]
    return re.sub(r"/\S*/", "", lines[0])[:300] if lines else ""


def differs(output, want):
    """What is wrong with an output of the protocol, or ''."""
    import torch
    if output["shape"] != list(want.shape):
        return f"shape {output['shape']}, Python has {list(want.shape)}"
    got = torch.tensor([float("nan") if x is None else float(x) for x in output["data"]], dtype=torch.float64)
    want = want.detach().flatten().double()
    if not want.numel():
        return ""
    scale = max(want[want.isfinite()].abs().max().item() if want.isfinite().any() else 0, 1e-6)
    worst = (got - want).abs().nan_to_num(0 if torch.equal(got.isnan(), want.isnan()) else float("inf")).max().item() / scale
    return f"differs by {worst:.1e} of the largest value" if worst > TOLERANCE else ""


def run_maas(path, lines, seconds):
    """(outputs of each line, or None; what it said)"""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    environment.pop("LD_LIBRARY_PATH", None)
    try:
        done = subprocess.run([MAAS, "predict", str(path), "-"], input="\n".join(lines), capture_output=True, text=True, timeout=seconds, env=environment)
    except subprocess.TimeoutExpired:
        return None, f"takes longer than {seconds} s"
    if done.returncode != 0:
        return None, f"exit {done.returncode}: {' | '.join(done.stderr.strip().splitlines())[:600]}".replace(str(path), path.name)
    return [json.loads(line)["outputs"] for line in done.stdout.splitlines()], ""


def try_form(program, sets, path, seconds):
    """(outcome, reason)"""
    import torch
    from interop_runs import input_names, request, tensors_in
    try:
        torch.export.save(program, path)
        loaded = torch.export.load(str(path))
        with torch.no_grad():
            wanted = [tensors_in(loaded.module()(*each)) for each in sets]
        lines = [request(input_names(loaded), tensors_in(each)) for each in sets]
    except Exception as error:  # noqa: BLE001
        return "not by Python", short(error)
    if any(not tensor.isfinite().all() for each in wanted for tensor in each if tensor.is_floating_point()):
        return "not by Python", "gives no finite numbers"
    answers, said = run_maas(path, lines, seconds)
    if answers is None:
        return ("refused" if said.startswith(("exit 3", "exit 4", "exit 5", "exit 65", "exit 2:", "exit 1:")) else "failed"), said
    for outputs, want in zip(answers, wanted):
        if len(outputs) != len(want):
            return "wrong", f"{len(outputs)} outputs, Python has {len(want)}"
        for output, tensor in zip(outputs, want):
            if reason := differs(output, tensor):
                return "wrong", reason
    return "agrees", ""


def try_network(work):
    """(index, its rows, seconds); `work` = index, seconds for a form, folder to keep files in or None"""
    import warnings
    import torch
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    index, seconds, keep = work
    net = all_networks()[index]
    rows = []
    start = time.time()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(keep) if keep else pathlib.Path(folder)
        try:
            torch.manual_seed(0)
            module, inputs = net.make()
            module = module.eval()
            disturb(module)
            for form, program, sets in export_forms(module, inputs):
                path = folder / f"{net.family}-{net.name}-{form}.pt2".replace(" ", "_")
                outcome = ("not by Python", short(program)) if isinstance(program, Exception) else try_form(program, sets, path, seconds)
                rows.append((net.family, net.name, form, *outcome))
        except Exception as error:  # noqa: BLE001
            rows.append((net.family, net.name, "made", "not by Python", short(traceback.format_exception_only(error)[-1])))
    return index, rows, time.time() - start


def table(rows):
    counts = collections.defaultdict(collections.Counter)
    networks = collections.defaultdict(set)
    for family, name, form, outcome, _ in rows:
        if outcome == "not by Python":
            continue
        networks[family].add(name)
        for key in (family, "all"):
            counts[key][form] += 1
            counts[key][form, outcome] += 1
    forms = ("exported", "decomposed", "dynamic batch")
    text = "| family | networks | " + " | ".join(forms) + " |\n|---|--:|" + "--:|" * len(forms) + "\n"
    networks["all"] = {(row[0], row[1]) for row in rows if row[3] != "not by Python"}
    for family in [*dict.fromkeys(row[0] for row in rows), "all"]:
        cells = [f"{counts[family][form, 'agrees']} of {counts[family][form]}" for form in forms]
        text += f"| {family} | {len(networks[family])} | " + " | ".join(cells) + " |\n"
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="networks whose name contains this")
    parser.add_argument("--family", default="", help="families whose name contains this")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=120, help="that maas may take for a form")
    parser.add_argument("--out", default=str(HERE.parents[1] / "build/foreign"))
    parser.add_argument("--keep", help="a folder to keep the exported files in")
    given = parser.parse_args()
    if given.keep:
        pathlib.Path(given.keep).mkdir(parents=True, exist_ok=True)
    chosen = [i for i, net in enumerate(all_networks()) if given.only in net.name and given.family in net.family]
    results = {}
    work = [(i, given.seconds, given.keep) for i in chosen]
    # Processes are made anew: what a library keeps of one network must not add up.
    with multiprocessing.get_context("spawn").Pool(given.jobs, maxtasksperchild=8) as pool:
        for index, rows, took in pool.imap_unordered(try_network, work):
            results[index] = rows
            for family, name, form, outcome, reason in rows:
                print(f"{family:28} {name:28} {form:14} {outcome:14} {reason}", flush=True)
            print(f"{len(results)} of {len(chosen)}, {took:.0f} s", file=sys.stderr, flush=True)
    rows = [row for i in chosen for row in results[i]]
    counted = [row for row in rows if row[3] != "not by Python"]
    agrees = sum(row[3] == "agrees" for row in counted)
    text = table(rows) + f"\n{agrees} of {len(counted)} forms open and agree ({100 * agrees / max(len(counted), 1):.1f} %).\n\n"
    text += "".join(f"- {family}, {name}, {form}: {outcome}: {reason}\n" for family, name, form, outcome, reason in counted if outcome != "agrees")
    out = pathlib.Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.md").write_text(text)
    (out / "results.json").write_text(json.dumps(rows, indent=0))
    print("\n" + text)
    return 0 if agrees >= LEAST * len(counted) else 1


if __name__ == "__main__":
    sys.exit(main())

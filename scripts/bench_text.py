#!/usr/bin/env python3
"""What `maas init` and `maas train` make of short texts, beside scikit-learn's linear models (docs/text.md).

  scripts/bench_text.py                      data/reviews with build/maas; a minute or two
  scripts/bench_text.py texts.csv            another file: the columns text and a label
  scripts/bench_text.py -s data.hide_text=0  with settings over those of `maas init`

A fifth of the rows tests, of each class its share, drawn anew for each of three seeds; all models see the same rows.
Words, and words with pairs of words, are weighed by TF-IDF; pieces are 3 to 5 letters within words. Run it with a
Python that has scikit-learn, such as build/venv/bin/python.
"""
import argparse
import csv
import gzip
import json
import pathlib
import subprocess
import tempfile
import time

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline, make_union

ROOT = pathlib.Path(__file__).resolve().parents[1]
SEEDS = (0, 1, 2)


def words():
    return TfidfVectorizer()


def pairs():
    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)


def pieces():
    return make_union(pairs(), TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True))


PEERS = {"TF-IDF of words, logistic regression": words, "and of pairs": pairs, "and of 3 to 5 letters": pieces}


def rows_of(path):
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return rows[0], rows[1:]


def of_peer(make, train, test):
    model = make_pipeline(make(), LogisticRegression(max_iter=2000))
    model.fit([row[0] for row in train], [row[-1] for row in train])
    p = model.predict_proba([row[0] for row in test])
    truth = [row[-1] for row in test]
    return accuracy_score(truth, model.classes_[p.argmax(1)]), log_loss(truth, p, labels=model.classes_)


def of_maas(maas, header, train, test, settings):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, rows in (("train", train), ("test", test)):
            with open(folder / f"{name}.csv", "w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([header, *rows])
        run = [maas, "init", folder / "train.csv", "--label", header[-1], "-o", folder / "config.yaml", "--quiet"]
        subprocess.run(run, check=True)
        run = [maas, "train", folder / "config.yaml", "-o", folder / "run", "--json", "--quiet",
               f"data.test.path={folder}/test.csv", "data.test_fraction=0", *settings]
        found = json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout)["metrics"]
        return found["accuracy"], found["nll"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=pathlib.Path, default=ROOT / "data/reviews/reviews.csv.gz")
    parser.add_argument("-s", "--setting", action="append", default=[], help="key=value for maas train")
    parser.add_argument("--maas", default=ROOT / "build/maas", help="the program (default: %(default)s)")
    options = parser.parse_args()
    header, rows = rows_of(options.file)
    models = {name: lambda train, test, make=make: of_peer(make, train, test) for name, make in PEERS.items()}
    models["maas"] = lambda train, test: of_maas(options.maas, header, train, test, options.setting)
    print(f"{len(rows)} texts of {len({row[-1] for row in rows})} labels\n")
    print(f"{'model':40} {'accuracy':>8}  {'log-loss':>8}  {'seconds':>7}   accuracies")
    for name, run in models.items():
        found, start = [], time.monotonic()
        for seed in SEEDS:
            train, test = train_test_split(rows, test_size=0.2, random_state=seed, stratify=[row[-1] for row in rows])
            found.append(run(train, test))
        accuracies = [accuracy for accuracy, _ in found]
        print(f"{name:40} {sum(accuracies) / len(SEEDS):8.4f}  {sum(loss for _, loss in found) / len(SEEDS):8.4f}  "
              f"{(time.monotonic() - start) / len(SEEDS):7.1f}   {' '.join(f'{a:.4f}' for a in accuracies)}", flush=True)


if __name__ == "__main__":
    main()

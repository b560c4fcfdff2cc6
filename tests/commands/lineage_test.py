"""What a model says of where it comes from, and what it does not: no path, no user, no machine."""
import json
import os
import shutil
import socket
import unittest
import zipfile

from maas_runs import Case, maas

CONFIG = """name: prices
seed: 3
data: {type: csv, train: ../data/prices.csv, label: price, task: regression, test_fraction: 0.25}
model: {type: mlp, hidden: [4]}
train: {epochs: 2, batch_size: 8, threads: 1}
"""


class Lineage(Case):
    def setUp(self):
        self.project = self.folder / self.id().split(".")[-1]
        for name in ("configs", "data"):
            (self.project / name).mkdir(parents=True)
        rows = [f"{area},{area % 7},{3 * area}" for area in range(20, 60)]
        (self.project / "data/prices.csv").write_text("\n".join(["area,age,price", *rows]) + "\n")
        self.config = self.project / "configs/prices.yaml"
        self.config.write_text(CONFIG)

    def train(self, name, *more, **options):
        done = maas("train", self.config, "-o", self.project / "runs" / name, "--json", *more,
                    check=0, **options)
        return self.project / "runs" / name / "model.pt", json.loads(done.stdout)["metrics"]

    @staticmethod
    def inspect(model):
        return json.loads(maas("inspect", model, "--json", check=0).stdout)

    @staticmethod
    def metrics(model, *more, **options):
        return json.loads(maas("eval", model, "--json", *more, check=0, **options).stdout)["metrics"]

    def test_the_same_run_gives_the_same_bytes(self):
        first, _ = self.train("first")
        second, _ = self.train("second")
        self.assertEqual(first.read_bytes(), second.read_bytes())
        self.train("third", "train.epochs=2", cwd=self.project)
        self.assertEqual(first.read_bytes(), (self.project / "runs/third/model.pt").read_bytes())

    def test_nothing_of_the_machine_is_in_the_file(self):
        model, _ = self.train("run", env={"USER": "somebody", "HOME": "/home/somebody"})
        manifest = zipfile.ZipFile(model).read("archive/extra/maas/manifest.json").decode()
        self.assertIn(r'path: \"../../data/prices.csv\"', manifest)
        for word in (str(self.folder), "/home/", "somebody", socket.gethostname(), "output_dir"):
            self.assertNotIn(word.encode(), model.read_bytes())

    def test_the_data_are_found_from_anywhere(self):
        model, metrics = self.train("run")
        self.assertEqual(self.metrics(model, cwd="/"), metrics)
        self.assertEqual(self.metrics("run/model.pt", cwd=self.project / "runs"), metrics)

    def test_rows_to_test_on_take_the_place_of_the_part_that_was_kept_apart(self):
        model, metrics = self.train("run")
        other = self.folder / "other.csv"
        lines = (self.project / "data/prices.csv").read_text().splitlines()
        other.write_text("\n".join(lines[:11]) + "\n")
        for named in (f"data.test={other}", f"data.test.path={other}"):
            found = json.loads(maas("eval", model, named, "--json", check=0).stdout)
            self.assertEqual(found["samples"], 10)
        maas("quantize", model, f"data.test={other}", "--dry-run", check=0)

    def test_a_run_far_from_its_data_finds_them_by_its_folder(self):
        (self.project / "data/prices.csv").rename(self.folder / "prices.csv")
        far = f"data.train={self.folder}/prices.csv"
        model, metrics = self.train("run", far, env={"HOME": str(self.folder / "me")})
        self.assertNotIn(str(self.folder).encode(), model.read_bytes())
        self.assertEqual(self.metrics(model), metrics)

    def test_a_project_that_moved_finds_its_data(self):
        _, metrics = self.train("run")
        moved = self.folder / "moved"
        self.project.rename(moved)
        self.assertEqual(self.metrics(moved / "runs/run/model.pt"), metrics)

    def test_a_model_that_moved_alone_says_how_to_name_its_data(self):
        model, metrics = self.train("run")
        alone = self.folder / "deep/below/alone.pt"
        alone.parent.mkdir(parents=True)
        shutil.copy(model, alone)
        done = maas("eval", alone, check=3)
        self.assertIn("prices.csv: cannot open", done.stderr)
        self.assertIn("the data where the model remembers them", done.stderr)
        self.assertIn("name them: data.train.path=PATH, or give a config", done.stderr)
        where = os.path.relpath(self.project / "data/prices.csv", self.folder)
        self.assertEqual(self.metrics(alone, f"data.train.path={where}", cwd=self.folder), metrics)
        self.assertEqual(self.metrics(alone, self.config), metrics)

    def test_a_fine_tuned_model_names_its_parent_by_digest(self):
        parent, _ = self.train("parent")
        model, _ = self.train("tuned", f"model.from={parent}", "seed=4", "name=tuned")
        said, before = self.inspect(model), self.inspect(parent)
        self.assertEqual(before["lineage"], [said["lineage"][0]])
        self.assertEqual(said["lineage"][0]["parent"], None)
        self.assertEqual(said["lineage"][1], {
            "verb": "train", "version": said["lineage"][0]["version"], "parent": before["sha256"],
            "change": "fine-tuned from model.pt", "seed": 4})
        text = maas("inspect", model, check=0).stdout
        self.assertIn(f"from {before['sha256'][:12]}: fine-tuned from model.pt", text)
        self.assertEqual(said["name"], "tuned")


if __name__ == "__main__":
    unittest.main()

"""Every config of configs/ runs, in a short form, and says what it reaches; data/README.md tells the truth of its files."""
import hashlib
import json
import re
import struct
import sys
import unittest

from maas_runs import ROOT, Case, maas

CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
SHORT = ["train.steps=2", "train.threads=1", "eval.require={}"]  # of each fold; its figures are of no matter
IN_FULL = {"penguins.yaml", "concrete.yaml", "tune.yaml"}  # trained as they are, or nearly so


def bitmap(side, value):
    """One colour as a BMP file of 24 bits a pixel."""
    row = bytes([value, 255 - value, 7]) * side
    row += bytes(-len(row) % 4)
    return struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 54 + len(row) * side, 0, 0, 54, 40, side, side, 1, 24, 0,
                       len(row) * side, 2835, 2835, 0, 0) + row * side


class Examples(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for split, count in (("train", 12), ("test", 3)):
            for k in range(10):
                for i in range(count):
                    image = cls.folder / f"pictures/{split}/class{k}/{i}.bmp"
                    image.parent.mkdir(parents=True, exist_ok=True)
                    image.write_bytes(bitmap(32, 25 * k + i))

    def run_of(self, name, *overrides):
        return json.loads(maas("train", ROOT / "configs" / name, "-o", self.folder / name, "--force", "--json",
                               *overrides, check=0).stdout)

    def test_each_config_says_what_it_reaches(self):
        for path in CONFIGS:
            comment = re.match(r"(#.*\n)+", path.read_text())
            self.assertIsNotNone(comment, path)
            self.assertRegex(comment[0], r"# Recorded: (.*\n#?)*.*\bdocs/\w+\.md\b", path)
            self.assertRegex(comment[0], rf"(?m)^#   maas (train|tune) configs/{path.name}", path)

    def test_each_config_on_data_of_the_repository_runs(self):
        for path in CONFIGS:
            text = path.read_text()
            if path.name in IN_FULL:
                continue
            sources = [path.parent / source for source in re.findall(r"\.\./[\w./-]+", text)]
            missing = [source for source in sources if not source.exists()]
            with self.subTest(path.name):
                if missing:
                    why = f"{path.name}: {missing[0].resolve().relative_to(ROOT)} is not in the repository"
                    print("skipped:", why, file=sys.stderr)
                    self.skipTest(why)
                self.assertGreater(self.run_of(path.name, *SHORT)["steps"], 0)

    def test_the_configs_for_pictures_run_on_others_that_stand_in(self):
        """CIFAR-10, and photos, are not in the repository: pictures of one colour, ten classes."""
        sources = [f"data.train.path={self.folder}/pictures/train", f"data.test.path={self.folder}/pictures/test"]
        teacher = self.run_of("cifar10_resnet20.yaml", *sources, "train.batch_size=16", *SHORT)
        self.assertEqual(teacher["steps"], 2)
        done = maas("train", ROOT / "configs/fine_tune.yaml", f"model.from={teacher['model']}", sources[0],
                    "data.height=32", "data.width=32", "-o", self.folder / "tuned", *SHORT, check=0)
        self.assertIn("the last layer stays: the network was trained for these 10 labels", done.stderr)

    def test_penguins_are_told_apart(self):
        found = self.run_of("penguins.yaml", "train.threads=1", "train.epochs=40")
        self.assertGreater(found["metrics"]["accuracy"], 0.95)
        self.assertEqual(found["baselines"][1]["name"], "logistic regression")

    def test_the_strength_of_concrete_is_predicted_better_than_by_a_line(self):
        found = self.run_of("concrete.yaml", "train.threads=1", "train.epochs=10", "eval.require={}")
        line = found["baselines"][1]
        self.assertEqual(line["name"], "ridge regression")
        self.assertLess(found["metrics"]["rmse"], 0.8 * line["metrics"]["rmse"])

    def test_the_search_ends_with_the_best_config(self):
        plan = maas("tune", ROOT / "configs/tune.yaml", "--dry-run", check=0).stdout
        self.assertIn("round 1: 12 trials of ", plan)
        folder = self.folder / "search"
        maas("tune", ROOT / "configs/tune.yaml", "-o", folder, "train.threads=1", "train.folds=0",
             "data.validation=0.25", "train.epochs=9", "tune.trials=3", "tune.rounds=2", check=0)
        maas("config", "check", folder / "best.yaml", check=0)


class Data(unittest.TestCase):
    def test_its_table_has_every_file_and_the_right_sums(self):
        text = (ROOT / "data/README.md").read_text()
        told = dict(re.findall(r"(?m)^\| `([\w./-]+)` \| `([0-9a-f]{64})` \|$", text))
        files = {str(path.relative_to(ROOT / "data")) for path in (ROOT / "data").rglob("*")
                 if path.is_file() and path.name != "README.md"}
        self.assertLessEqual(set(told), files)
        for name in sorted(told):
            self.assertEqual(hashlib.sha256((ROOT / "data" / name).read_bytes()).hexdigest(), told[name], name)
        for name in sorted(files):
            self.assertIn(f"| `{name.split('/')[0]}/` | ", text)


if __name__ == "__main__":
    unittest.main()

"""maas export and maas import: what they write, say and refuse."""
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import unittest

from maas_runs import MAAS, Case, maas
from stranger_test import CONFIG, without_manifest


class ExportCase(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        config = cls.folder / "table.yaml"
        config.write_text(CONFIG.replace("validation: 0", "validation: 0.2"))
        done = maas("train", config, "-o", cls.folder / "run", "--json", check=0)
        cls.trained = pathlib.Path(json.loads(done.stdout)["model"])
        cls.foreign = without_manifest(cls.trained, cls.folder / "foreign.pt2")

    def setUp(self):
        self.work = self.folder / self.id().rsplit(".", 1)[1]
        self.work.mkdir()
        self.model = pathlib.Path(shutil.copy(self.trained, self.work / "net.pt"))
        self.stranger = pathlib.Path(shutil.copy(self.foreign, self.work / "strange.pt2"))

    def files(self):
        return sorted(path.name for path in self.work.iterdir())

    def says(self, *arguments, check, parts):
        before = self.files()
        done = maas(*arguments, check=check)
        for part in parts:
            self.assertIn(str(part), done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(self.files(), before)


class Export(ExportCase):
    FORMATS = {"onnx": ".onnx", "torchscript": ".torchscript",
               "safetensors": ".safetensors", "pt2": ".pt2"}

    def test_writes_beside_the_model_and_prints_the_path(self):
        for name, ending in self.FORMATS.items():
            with self.subTest(name):
                done = maas("export", self.model, "--format", name, check=0)
                self.assertEqual(done.stdout, f"{self.work / 'net'}{ending}\n")
                self.assertIn(
                    "40 rows of the validation split", done.stderr)
                self.assertIn("without", done.stderr)
        self.assertEqual(self.files(), ["net.onnx", "net.pt", "net.pt2", "net.safetensors",
                                        "net.torchscript", "strange.pt2"])

    def test_takes_the_format_from_the_name(self):
        for name, ending in self.FORMATS.items():
            path = self.work / ("out" + ending)
            said = json.loads(maas("export", self.model, "-o", path, "--json", check=0).stdout)
            self.assertEqual((said["verb"], said["format"], said["files"]),
                             ("export", name, [str(path)]))
            self.assertEqual(said["bytes"], path.stat().st_size)
            verified = said["verified"]
            self.assertEqual((verified["samples"], verified["top1_agreement"]), (40, 1))
            self.assertLessEqual(verified["max_abs"], 1e-6)
            self.assertEqual(verified["on"], "40 rows of the validation split")

    def test_takes_a_network_without_a_manifest(self):
        done = maas("export", self.stranger, "--format", "torchscript", "--json", check=0)
        self.assertEqual(json.loads(done.stdout)["verified"]["on"], "random inputs")
        self.assertIn("remembers no data: random inputs", done.stderr)

    def test_compares_random_inputs_when_the_data_are_gone(self):
        table = self.work / "table.csv"
        table.write_text("a,b,y\n" + "".join(f"{i},{i % 7},{'xy'[i % 2]}\n" for i in range(60)))
        config = self.work / "csv.yaml"
        config.write_text("data: {type: csv, train: {path: table.csv}, label: y, validation: 0.2}\n"
                          "model: {type: mlp, hidden: [4]}\n"
                          "train: {steps: 5, batch_size: 16, threads: 1}\n")
        maas("train", config, "-o", self.work / "run", check=0)
        table.unlink()
        done = maas("export", self.work / "run/model.pt", "-o", self.work / "a.ts", check=0)
        self.assertIn("random inputs are compared, as the model's data are not there", done.stderr)
        self.assertIn("table.csv", done.stderr)

    def test_dry_run_says_what_it_would_do(self):
        done = maas("export", self.model, "--format", "pt2", "--dry-run", "--json", check=0)
        self.assertFalse(json.loads(done.stdout)["written"])
        self.assertIn("would write", done.stderr)
        self.assertIn("40 rows of the validation split", done.stderr)
        self.assertEqual(self.files(), ["net.pt", "strange.pt2"])

    def test_overwrites_only_when_told(self):
        path = self.work / "there.pt2"
        path.write_text("old")
        self.says("export", self.model, "-o", path, check=2, parts=[path, "exists", "--force"])
        self.assertEqual(path.read_text(), "old")
        maas("export", self.model, "-o", path, "--force", check=0)
        self.assertGreater(path.stat().st_size, 100)

    def test_never_writes_over_the_model_itself(self):
        for force in ([], ["--force"]):
            self.says("export", self.stranger, "--format", "pt2", *force, check=2,
                      parts=["is the model itself", "-o"])

    def test_says_what_is_wrong_with_the_format(self):
        self.says("export", self.model, check=2, parts=["neither --format nor -o"])
        self.says("export", self.model, "--format", "torchskript", check=2,
                  parts=["unknown 'torchskript'", "did you mean 'torchscript'?"])
        self.says("export", self.model, "-o", self.work / "x.safetensor", check=2,
                  parts=["unknown ending '.safetensor'", "did you mean '.safetensors'?"])
        self.says("export", self.model, "-o", self.work / "x.pt", check=2,
                  parts=["several formats use the ending '.pt'", "--format"])
        self.says("export", self.model, "-o", self.work / "old.onnx", "--opset", "9", check=2,
                  parts=["opset: 9", "expected 17 to", "give --opset 17 for old runtimes, or leave it out"])

    def test_says_what_is_wrong_with_the_output(self):
        self.says("export", self.model, "-o", self.work, "--format", "pt2", check=2,
                  parts=["is a folder"])
        self.says("export", self.model, "-o", self.work / "no/net.pt2", check=4,
                  parts=["no does not exist", "make the folder"])

    @unittest.skipIf(os.geteuid() == 0, "root writes everywhere")
    def test_says_that_a_folder_may_not_be_written_to(self):
        closed = self.work / "closed"
        closed.mkdir(mode=0o500)
        self.says("export", self.model, "-o", closed / "net.pt2", check=4,
                  parts=["Permission denied", "check the permissions"])

    def test_leaves_nothing_on_a_full_disk(self):
        before = self.files()
        for name, ending in self.FORMATS.items():
            def full():
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
            path = self.work / ("full" + ending)
            done = subprocess.run([MAAS, "export", str(self.model), "-o", str(path)],
                                  capture_output=True, text=True, preexec_fn=full)
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertIn(f"{path}: cannot write", done.stderr)
        self.assertEqual(self.files(), before)

    def test_says_what_is_wrong_with_the_model(self):
        self.says("export", self.work / "nett.pt", "--format", "pt2", check=3,
                  parts=["did you mean", "net.pt"])
        (self.work / "bad.pt").write_bytes(self.model.read_bytes()[:500])
        self.says("export", self.work / "bad.pt", "--format", "pt2", check=3, parts=["bad.pt"])


class Import(ExportCase):
    def test_makes_a_model_that_every_verb_takes(self):
        done = maas("import", self.stranger, "-o", self.work / "made.pt", "--json", check=0)
        said = json.loads(done.stdout)
        self.assertEqual((said["verb"], said["model"]), ("import", str(self.work / "made.pt")))
        shown = maas("inspect", said["model"], check=0).stdout
        self.assertIn("made by maas import", shown)
        rows = "[[0.5, -1, 2, 0]]"
        outputs = [json.loads(maas("predict", path, "-", stdin=rows, check=0).stdout)["outputs"]
                   for path in (self.stranger, said["model"])]
        self.assertEqual(outputs[0], outputs[1])

    def test_takes_back_what_was_exported_to_onnx(self):
        maas("export", self.model, "--format", "onnx", check=0)
        maas("import", self.work / "net.onnx", "-o", self.work / "back.pt", check=0)
        rows = "[[0.5, -1, 2, 0], [3, 1, 0, 1]]"
        first, second = (json.loads(maas("predict", path, "-", stdin=rows, check=0).stdout)["outputs"]
                         for path in (self.stranger, self.work / "back.pt"))
        self.assertEqual(first[0]["shape"], second[0]["shape"])
        for a, b in zip(first[0]["data"], second[0]["data"], strict=True):
            self.assertAlmostEqual(a, b, places=5)

    def test_says_what_is_wrong_with_a_damaged_file(self):
        maas("export", self.model, "--format", "onnx", check=0)
        good = (self.work / "net.onnx").read_bytes()
        for bad in (b"", good[:len(good) // 2], b"\xff" * 100):
            (self.work / "bad.onnx").write_bytes(bad)
            self.says("import", self.work / "bad.onnx", check=3, parts=["bad.onnx"])

    def test_names_the_model_after_the_file_and_overwrites_only_when_told(self):
        self.assertEqual(maas("import", self.stranger, check=0).stdout, f"{self.work}/strange.pt\n")
        self.says("import", self.stranger, check=2, parts=["strange.pt", "exists", "--force"])
        maas("import", self.stranger, "--force", check=0)
        self.says("import", self.stranger, "-o", self.stranger, "--force", check=2,
                  parts=["is the model itself"])

    def test_dry_run_reads_and_writes_nothing(self):
        done = maas("import", self.stranger, "--dry-run", "--json", check=0)
        self.assertFalse(json.loads(done.stdout)["written"])
        self.assertEqual(self.files(), ["net.pt", "strange.pt2"])

    def test_refuses_formats_without_a_reader_by_name(self):
        for ending, parts in ((".torchscript", ["torchscript files are not read", "code"]),
                              (".safetensors", ["safetensors files are not read", "no graph"]),
                              (".onx", ["unknown ending '.onx'"])):
            path = self.work / ("net" + ending)
            path.write_bytes(b"x")
            self.says("import", path, check=2, parts=[path.name, *parts])
        self.says("import", self.work / "strange.p2", check=2, parts=["did you mean '.pt2'?"])
        self.says("import", self.work / "strang.pt2", check=3, parts=["did you mean", "strange.pt2"])


if __name__ == "__main__":
    unittest.main()

"""A network without a manifest, as Python exports one: raw tensors in and out, data from a config."""
import json
import unittest
import zipfile

from maas_runs import Case, maas

CONFIG = """
name: table
data: {type: synthetic, kind: table, features: 4, classes: 3, samples: 200, validation: 0}
model: {type: mlp, hidden: [8]}
train: {steps: 20, batch_size: 16, threads: 1}
eval: {metrics: [accuracy, nll]}
"""


def without_manifest(model, path):
    """What torch.export.save would have written of the same network."""
    with zipfile.ZipFile(model) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            if not name.endswith("maas/manifest.json"):
                new.writestr(name, old.read(name))
    return path


class Stranger(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.config = cls.folder / "table.yaml"
        cls.config.write_text(CONFIG)
        done = maas("train", cls.config, "-o", cls.folder / "run", "--json", check=0)
        cls.trained = json.loads(done.stdout)
        cls.model = without_manifest(cls.trained["model"], cls.folder / "net.pt2")

    def predict(self, stdin, check=0):
        done = maas("predict", self.model, "-", stdin=stdin, check=check)
        return done.stderr if check else [json.loads(line) for line in done.stdout.splitlines()]

    def test_takes_lists_names_and_requests_and_gives_the_same(self):
        rows = [[0.5, -1, 2, 0], [1, 0.25, -3, 1]]
        request = {"inputs": [{"name": "numeric", "shape": [2, 4], "datatype": "FP32",
                               "data": [x for row in rows for x in row]}]}
        said = self.predict("\n".join([json.dumps(rows), "", json.dumps({"numeric": rows}),
                                       json.dumps(request, indent=1)]))
        self.assertEqual([answer["input"] for answer in said], ["stdin:1", "stdin:3", "stdin:4"])
        self.assertEqual(said[0]["outputs"], said[1]["outputs"])
        self.assertEqual(said[0]["outputs"], said[2]["outputs"])
        [output] = said[0]["outputs"]
        self.assertEqual((output["datatype"], output["shape"]), ("FP32", [2, 3]))
        done = maas("predict", self.trained["model"], "-", "--json", stdin=json.dumps(rows), check=0)
        with_manifest = [json.loads(line)["outputs"] for line in done.stdout.splitlines()]
        self.assertEqual(sum(with_manifest, []), output["data"])

    def test_reads_files(self):
        (self.folder / "rows.json").write_text("[[1, 2, 3, 4]]")
        done = maas("predict", self.model, self.folder / "rows.json", check=0)
        self.assertEqual(json.loads(done.stdout)["input"], f"{self.folder}/rows.json:1")

    def test_says_both_shapes(self):
        said = self.predict("[[1, 2, 3]]", check=3)
        for part in ("stdin:1: input 'numeric'", "[1, 3]", "[-1, 4]", "maas inspect"):
            self.assertIn(part, said)
        said = self.predict('{"inputs": [{"name": "numeric", "shape": [2, 5], "datatype": "FP32", '
                            '"data": [1]}]}', check=3)
        for part in ("[2, 5]", "[-1, 4]"):
            self.assertIn(part, said)

    def test_says_which_document_is_wrong_and_how(self):
        for stdin, parts in (("[[1, 2, 3, 4]]\n[[1, 2, 3, true]]", ["stdin:2", "value 3 is true"]),
                             ("[[1, 2, 3, 4]", ["stdin:1", "not JSON at byte 13"]),
                             ("", ["stdin", "is empty"]),
                             ('{"numeric": [[1, 2, 3, 4]], "more": 1}', ["'more'", "numeric"]),
                             ('{"numbers": [[1, 2, 3, 4]]}', ["has no 'inputs'"]),
                             ("[[1, 2, 3, 4], [1]]", ["data has 5 values", "8"])):
            said = self.predict(stdin, check=3)
            for part in parts:
                self.assertIn(part, said)

    def test_eval_wants_a_config_and_takes_it_in_either_place(self):
        done = maas("eval", self.model, check=2)
        self.assertIn("my.yaml", done.stderr)
        for arguments in ([self.config], ["--config", self.config]):
            done = maas("eval", self.model, *arguments, "--split", "train", "--json", check=0)
            said = json.loads(done.stdout)["metrics"]
            self.assertAlmostEqual(said["nll"], self.trained["metrics"]["nll"], places=5)

    def test_eval_says_when_data_and_network_do_not_fit(self):
        done = maas("eval", self.model, self.config, "data.features=5", "--split", "train", check=2)
        for part in ("net.pt2", "takes f32[s0, 4]", "f32[s0, 5] as the data gives"):
            self.assertIn(part, done.stderr)

    def test_numbers_are_scaled_for_a_network_that_does_not_scale_them(self):
        done = maas("train", self.config, "data.normalize=none", "-o", self.folder / "raw", "--json",
                    check=0)
        net = without_manifest(json.loads(done.stdout)["model"], self.folder / "raw.pt2")
        nll = {}
        for normalize in ("none", "standardize"):
            done = maas("eval", net, self.config, f"data.normalize={normalize}", "--split", "train",
                        "--json", check=0)
            nll[normalize] = json.loads(done.stdout)["metrics"]["nll"]
        self.assertAlmostEqual(nll["none"], json.loads(
            maas("eval", self.folder / "raw/model.pt", "--split", "train", "--json", check=0).stdout)
            ["metrics"]["nll"], places=5)
        self.assertNotAlmostEqual(nll["none"], nll["standardize"], places=3)

    def test_prune_and_quantize_work_on_the_data_of_a_config(self):
        for verb, more in (("prune", ["prune.finetune.epochs=1"]), ("quantize", [])):
            with self.subTest(verb):
                made = self.folder / f"{verb}.pt"
                done = maas(verb, self.model, self.config, "gate.max_drop=1", *more, "-o", made,
                            "--json", check=0)
                said = json.loads(done.stdout)
                self.assertEqual(said["metric"]["name"], "accuracy")
                self.assertGreater(said["metric"]["samples"], 100)
                evaluated = json.loads(maas("eval", made, "--split", "train", "--json", check=0).stdout)
                self.assertAlmostEqual(evaluated["metrics"]["accuracy"], said["metric"]["after"])
        done = maas("quantize", self.model, self.config, "data.features=5", check=2)
        for part in ("net.pt2", "takes f32[s0, 4]", "f32[s0, 5] as the data gives"):
            self.assertIn(part, done.stderr)

    def test_a_student_of_it_has_a_run_of_its_own(self):
        words = ["model.type=mlp", "model.hidden=[4]", "train.steps=3", "gate.max_drop=1"]
        maas("distill", self.model, self.config, *words, cwd=self.folder, check=0)
        self.assertTrue((self.folder / "runs/table-student/model.pt").exists())
        self.assertFalse((self.folder / "runs/table").exists())
        said = maas("distill", self.model, "model.type=mlp", check=2).stderr
        for part in ("net.pt2: does not remember its data", "maas init"):
            self.assertIn(part, said)


if __name__ == "__main__":
    unittest.main()

"""maas quantize: what it writes, tells and refuses."""
import json
import unittest

from maas_runs import Case, maas

CONFIG = """name: digits
seed: 1
data: {type: synthetic, samples: 600, classes: 3, height: 12, width: 12, noise: 0.5,
       validation: 0.2, test_fraction: 0.2}
model: {type: mlp, hidden: [256, 128]}
train: {epochs: 2, batch_size: 32, threads: 1}
"""


class QuantizeCase(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.folder / "config.yaml").write_text(CONFIG)
        maas("train", cls.folder / "config.yaml", "-o", cls.folder / "run", check=0)
        cls.model = cls.folder / "run/model.pt"

    def test_the_result_lies_beside_the_input_and_is_a_third_of_its_size(self):
        done = maas("quantize", self.model, "--json", check=0)
        shown = json.loads(done.stdout)
        result = self.folder / "run/model-int8.pt"
        self.assertEqual(shown["model"], str(result))
        self.assertEqual(shown["bytes"]["after"], result.stat().st_size)
        self.assertLess(shown["bytes"]["after"], 0.4 * shown["bytes"]["before"])
        self.assertLess(abs(shown["metric"]["after"] - shown["metric"]["before"]), 0.02)
        self.assertEqual(shown["parameters"]["before"], shown["parameters"]["after"])
        self.assertIn("w8a8", (self.folder / "run/model-int8.report.md").read_text())

    def test_quantizing_twice_is_refused(self):
        twice = self.folder / "twice.pt"
        maas("quantize", self.model, "-o", twice, check=0)
        said = maas("quantize", twice, check=3).stderr
        self.assertIn("is quantized already", said)
        self.assertIn("quantize the model that this one was made from", said)
        self.assertFalse((self.folder / "twice-int8.pt").exists())

    def test_every_scheme_and_observer_makes_a_model(self):
        for words in (["quantize.scheme=w8a8-dynamic"], ["quantize.scheme=w8"],
                      ["quantize.observer=moving"], ["quantize.calibration=random"],
                      ["quantize.ignore=['fc*']", "quantize.ignore=[fc1]"]):
            with self.subTest(words):
                result = self.folder / "scheme.pt"
                maas("quantize", self.model, *words, "gate.max_drop=0.1", "-o", result, "--force",
                     check=0)
                maas("eval", result, check=0)

    def test_an_unknown_layer_is_told_with_those_that_there_are(self):
        said = maas("quantize", self.model, "quantize.ignore=[fc9]", check=2).stderr
        self.assertIn("no layer is named 'fc9'", said)
        self.assertIn("fc1", said)

    def test_an_unknown_scheme_is_told_with_those_that_there_are(self):
        said = maas("quantize", self.model, "quantize.scheme=w8a8", check=2).stderr
        self.assertIn("w8a8-static", said)

    def test_data_of_another_shape_are_refused(self):
        other = CONFIG.replace("height: 12", "height: 10")
        (self.folder / "other.yaml").write_text(other)
        said = maas("quantize", self.model, self.folder / "other.yaml", "-o",
                    self.folder / "other.pt", check=3).stderr
        self.assertIn("12", said)
        self.assertIn("10", said)
        self.assertFalse((self.folder / "other.pt").exists())

    def test_a_dry_run_tells_each_layer(self):
        said = maas("quantize", self.model, "--dry-run", check=0).stdout
        self.assertIn("nothing was written", said)
        self.assertIn("fc1", said)
        self.assertIn("w8a8", said)


if __name__ == "__main__":
    unittest.main()

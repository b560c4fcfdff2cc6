"""`maas inspect --operators`: the rules of a network's operators, and of all."""
import json
import re
import unittest

from maas_runs import Case, maas

# Lines of the table; a change of one says that a rule came or went. Other columns may follow.
GOLDEN = """
aten::add | pointwise | add_ | libtorch | - | Scalar Tensor | recompose fold-affine fuse-pointwise
aten::batch_norm | - | - | libtorch | training | expanded | fold-batch-norm take-norms
aten::conv2d | - | - | libtorch | - | default | quantized-layers fold-batch-norm prepack-convolution fuse-pointwise channels-last bf16-layers
aten::dropout | random | dropout_ | libtorch | train | expanded | -
aten::index_select | - | - | maas | - | - | -
aten::linear | - | - | libtorch | - | default | quantized-layers int8-weights fold-batch-norm prepack-linear fuse-pointwise bf16-layers
aten::lt | pointwise comparison | lt_ | libtorch | - | - | -
aten::nonzero | - | - | - | - | - | -
aten::relu | pointwise | relu_ | maas | - | default | fuse-pointwise
aten::reshape | maybe-view same-elements | - | libtorch | - | default | -
aten::view | view same-elements | - | libtorch | - | default | -
aten::where | pointwise | - | libtorch, maas: self | - | - | -
aten::zeros_like | constant | - | libtorch | - | none flows | -
_operator::floordiv | - | - | arithmetic | - | - | -
"""


class Operators(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lines = maas("inspect", "--operators", check=0).stdout.splitlines()

    def test_every_operator_has_a_line_with_its_rules(self):
        heading = re.split(r"\s{2,}", self.lines[0])
        self.assertEqual(heading[:7], ["operator", "facts", "in place", "shape rule", "mode", "gradient",
                                       "lowering"])
        rows = {line.split()[0]: re.split(r"\s{2,}", line) for line in self.lines if "::" in line}
        self.assertGreater(len(rows), 600)
        for line in GOLDEN.strip().splitlines():
            wanted = line.split(" | ")
            self.assertEqual(rows[wanted[0]][:7], wanted)

    def test_says_what_its_columns_mean(self):
        self.assertTrue(any(line.startswith("gradient ") and "one-graph step" in line
                            for line in self.lines))

    def test_json_has_the_same(self):
        said = json.loads(maas("inspect", "--operators", "--json", check=0).stdout)
        self.assertEqual([concern["name"] for concern in said["concerns"]][:6],
                         ["facts", "in_place", "shape_rule", "mode", "gradient", "lowering"])
        rows = {row["operator"]: row for row in said["operators"]}
        self.assertEqual(rows["aten::relu"]["group"], "activations")
        self.assertEqual(rows["aten::relu"]["in_place"], "relu_")
        self.assertEqual(rows["aten::nonzero"]["shape_rule"], "")

    def test_of_a_model_has_the_operators_of_its_graph(self):
        self.train("run", "train.steps=1")
        model = self.folder / "run/model.pt"
        said = json.loads(maas("inspect", model, "--operators", "--json", check=0).stdout)
        names = [row["operator"] for row in said["operators"]]
        self.assertIn("aten::linear", names)
        self.assertLess(len(names), 20)

    def test_without_the_flag_a_model_is_required(self):
        self.assertIn("model", maas("inspect", check=2).stderr)


if __name__ == "__main__":
    unittest.main()

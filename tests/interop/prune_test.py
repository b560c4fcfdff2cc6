"""Networks that Python exported, pruned: Python opens the result, both run it alike, and it computes
what the whole network computes with the units that went set to 0."""
import json
import unittest

import torch

from architectures import ARCHITECTURES
from interop_runs import Case, maas, other_sizes, tensors_in
from networks import PLAIN, TRANSFORMERS, exported

# Nothing of these can shrink: every dimension reaches an operator without a rule, or an output.
WHOLE = ["codebook", "spatial", "gru", "lstm", "norms", "choices"]
# A layer norm takes mean and variance of the units that are left: not what it took with zeros; and a
# direction of length 0 (tcn's weight norm) is no number.
RENORMED = ["mlp", "gpt", "swin", "convnext", "transformer", "tcn"]
SETTINGS = ["prune.scope=local", "prune.ratio=0.3"]


class Prune(Case):
    def setUp(self):
        torch.manual_seed(0)

    def pruned(self, path, *settings):
        result = path.with_name(path.stem + "-small.pt2")
        maas("prune", path, *settings, "-o", result, "--force")
        return result

    @staticmethod
    def with_zeros(net, example, dynamic, decompose, plan):
        """The program with the weights of the units that would go set to 0."""
        program = exported(net, example, dynamic, decompose)
        with torch.no_grad():
            for group in plan["groups"]:
                for tensor in group["tensors"]:
                    weight = program.state_dict.get(tensor["name"])
                    if weight is not None and tensor["go"]:
                        weight.index_fill_(tensor["dimension"], torch.tensor(tensor["go"]), 0)
        return program.module()

    def check(self, name, made, decompose):
        net, example, dynamic = made
        path = self.save(f"{name}-{decompose}", net, example, dynamic, decompose)
        plan = json.loads(maas("prune", path, *SETTINGS, "--dry-run", "--json").stdout)
        result = self.pruned(path, *SETTINGS)
        self.assertLess(plan["parameters"]["after"], plan["parameters"]["before"])
        sets = [example, other_sizes(example, dynamic, 5, 11)]
        self.assert_predicts(result, sets)
        program = torch.export.load(str(result))
        self.assertEqual(sum(t.numel() for t in program.state_dict.values() if t.requires_grad),
                         plan["parameters"]["after"])
        if name in RENORMED:
            return
        zeroed = self.with_zeros(net, example, dynamic, decompose, plan)
        for given in sets:
            with torch.no_grad():
                wanted, got = tensors_in(zeroed(*given)), tensors_in(program.module()(*given))
            for want, have in zip(wanted, got, strict=True):
                torch.testing.assert_close(have, want, rtol=0,
                                           atol=1e-5 * max(want.abs().max().item(), 1e-3))

    def test_pruned_networks_compute_what_is_left(self):
        for name, make in {**PLAIN, **ARCHITECTURES}.items():
            for decompose in (False, True):
                with self.subTest(name, decompose=decompose):
                    if name in WHOLE:
                        net, example, dynamic = make()
                        path = self.save(f"{name}-{decompose}", net, example, dynamic, decompose)
                        said = maas("prune", path, *SETTINGS, "--dry-run", check=2).stderr
                        self.assertIn("no layer of this network can shrink", said)
                    else:
                        self.check(name, make(), decompose)

    def test_half_of_a_resnet18_is_half_of_its_multiply_adds(self):
        net, example, dynamic = PLAIN["resnet18"]()
        path = self.save("half", net, example, dynamic)
        result = self.pruned(path)
        said = [json.loads(maas("inspect", file, "--json").stdout)["macs"] for file in (path, result)]
        self.assertAlmostEqual(said[1] / said[0], 0.5, delta=0.01)
        self.assertLessEqual(said[1], said[0] / 2)
        self.assert_predicts(result, [example])


class PruneTransformers(Case):
    @classmethod
    def setUpClass(cls):
        try:
            import transformers
        except ImportError:
            raise unittest.SkipTest("transformers is not installed") from None
        transformers.logging.set_verbosity_error()
        super().setUpClass()

    def test_hidden_units_go(self):
        torch.manual_seed(0)
        for name in TRANSFORMERS:
            with self.subTest(name):
                net, example, dynamic = TRANSFORMERS[name]()
                path = self.save(name, net, example, dynamic)
                result = path.with_name("small.pt2")
                maas("prune", path, *SETTINGS, "-o", result, "--force")
                self.assert_predicts(result, [example, other_sizes(example, dynamic, 5, 11)])


if __name__ == "__main__":
    unittest.main()

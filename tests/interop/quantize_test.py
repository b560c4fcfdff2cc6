"""Networks in int8: Python runs the file that `maas quantize` wrote, and gets our numbers."""
import json
import unittest

import torch

from interop_runs import Case, input_names, maas, other_sizes, request, tensors_in
from networks import PLAIN, mlp, resnet18, with_statistics

RANDOM = "quantize.calibration=random"
FEW = "quantize.samples=16"


def sqnr(wanted, got):
    """Signal to noise in decibels."""
    return 10 * torch.log10(wanted.square().sum() / (wanted - got).square().sum()).item()


class Quantize(Case):
    def setUp(self):
        torch.manual_seed(0)

    def quantized(self, path, *words):
        result = path.with_name(f"{path.stem}-int8.pt")
        maas("quantize", path, RANDOM, FEW, *words, "-o", result, "--force")
        return result

    def answers(self, path, arguments):
        names = input_names(torch.export.load(str(path)))
        said = maas("predict", path, "-", stdin=request(names, tensors_in(arguments))).stdout
        output = json.loads(said)["outputs"][0]
        return torch.tensor(output["data"]).reshape(output["shape"])

    def check(self, name, make, decompose=False, schemes=("w8a8-static",)):
        net, example, dynamic = make()
        path = self.save(f"{name}-{decompose}", net, example, dynamic, decompose)
        for scheme in schemes:
            with self.subTest(name, decompose=decompose, scheme=scheme):
                result = self.quantized(path, f"quantize.scheme={scheme}")
                module = torch.export.load(str(result)).module()
                for arguments in (example, other_sizes(example, dynamic, 5, 7)):
                    with torch.no_grad():
                        there = tensors_in(module(*arguments))[0]
                        exact = tensors_in(net(*arguments))[0]
                    # Where a sum of ours ends on the other side of a half, an integer differs.
                    here = self.answers(result, arguments)
                    self.assertLess((here - there).abs().max(), 0.03 * there.abs().max())
                    self.assertGreater(sqnr(there, here), 30)
                    self.assertGreater(sqnr(exact, there), 12 if scheme == "w8a8-static" else 25)

    def test_python_gets_the_numbers_that_maas_gets(self):
        for name, make in PLAIN.items():
            self.check(name, make)

    def test_python_gets_them_whatever_the_scheme(self):
        for name in ("mlp", "cnn", "gpt"):
            self.check(name, PLAIN[name], schemes=("w8a8-dynamic", "w8"))

    def test_python_gets_them_of_decomposed_networks_too(self):
        for name in ("mlp", "cnn", "gpt"):
            self.check(name, PLAIN[name], decompose=True)

    def test_weights_are_those_of_torchs_fake_quantization(self):
        net, example, dynamic = mlp()
        result = self.quantized(self.save("weights", net, example, dynamic))
        stored = torch.export.load(str(result)).state_dict
        layers = [name for name, tensor in net.state_dict().items() if tensor.dim() == 2]
        self.assertTrue(layers)
        for name in layers:
            weight, values, scale = (net.state_dict()[name], stored[f"{name}_int8"],
                                     stored[f"{name}_scale"])
            self.assertEqual(values.dtype, torch.int8)
            wanted = torch.fake_quantize_per_channel_affine(
                weight, scale.flatten(), torch.zeros(len(weight), dtype=torch.int32), 0, -127, 127)
            torch.testing.assert_close(values * scale, wanted, rtol=0, atol=1e-7)
            self.assertTrue(((values * scale - weight).abs() <= scale * 0.5001).all())

    def test_a_resnet_keeps_its_norms_in_its_convolutions(self):
        net, example, dynamic = resnet18()
        with_statistics(net, example)
        for decompose in (False, True):
            path = self.save(f"resnet-{decompose}", net, example, dynamic, decompose)
            result = self.quantized(path)
            program = torch.export.load(str(result))
            targets = [str(node.target) for node in program.graph.nodes]
            self.assertFalse([t for t in targets if "batch_norm" in t])
            layers = [t for t in program.state_dict if t.endswith(".weight_int8")]
            self.assertEqual(len(layers), 21)
            self.assertLess(result.stat().st_size, 0.3 * path.stat().st_size)

    def test_quantizing_twice_is_refused(self):
        net, example, dynamic = mlp()
        result = self.quantized(self.save("twice", net, example, dynamic))
        said = maas("quantize", result, RANDOM, check=3).stderr
        self.assertIn("is quantized already", said)

    def test_weights_that_are_not_numbers_are_named(self):
        net, example, dynamic = mlp()
        name = [key for key, tensor in net.state_dict().items() if tensor.dim() == 2][-1]
        with torch.no_grad():
            net.state_dict()[name][0, 0] = float("nan")
        said = maas("quantize", self.save("nan", net, example, dynamic), check=3).stderr
        self.assertIn(name, said)
        self.assertIn("NaN", said)

    def test_a_network_without_weights_has_nothing_to_quantize(self):
        path = self.save("empty", torch.nn.Softmax(1), [torch.rand(2, 4)])
        self.assertIn("nothing to quantize", maas("quantize", path, check=3).stderr)

    def test_without_data_the_user_is_told_what_was_done(self):
        net, example, dynamic = mlp()
        path = self.save("told", net, example, dynamic)
        said = maas("quantize", path, "-o", self.folder / "told-int8.pt").stderr
        self.assertIn("w8a8-dynamic", said)
        self.assertIn("quantize.calibration=random", said)


if __name__ == "__main__":
    unittest.main()

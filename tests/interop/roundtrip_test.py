"""What maas writes, Python reads: every network of the zoo, and Python's own after a pass through."""
import json
import unittest

import torch

from interop_runs import Case, maas, mnist, tensors_in
from networks import Cnn, Gpt, ResNet18, vit, with_statistics

ZOO = ["{type: mlp, batch_norm: true, dropout: 0.1, activation: gelu}", "lenet5", "lenet300",
       "{type: convnet, channels: [4, 8], dropout: 0.1}", "{type: resnet, depth: 20}",
       "{type: resnet, depth: 18}",
       "{type: layers, layers: [{type: conv, size: 4}, {type: batch_norm}, {type: relu}, "
       "{type: max_pool, kernel: 2}, {type: flatten}, {type: linear, size: 10}]}"]
CONFIG = """
name: pictures
data: {type: synthetic, kind: image, height: 28, width: 28, channels: 1, classes: 10, samples: 96,
       validation: 0}
train: {steps: 1, batch_size: 32, threads: 1}
"""
KEEP = "train.learning_rate=1e-30"  # too small to change a weight that is not 0


class RoundTrip(Case):
    def setUp(self):
        torch.manual_seed(0)

    def train(self, name, *settings):
        config = self.folder / "pictures.yaml"
        config.write_text(CONFIG)
        done = maas("train", config, "-o", self.folder / name, "--json", *settings)
        return json.loads(done.stdout)["model"]

    def outputs_of_maas(self, model, images):
        done = maas("predict", model, "-", "--json", stdin=json.dumps(images.tolist()))
        return torch.tensor([json.loads(line)["outputs"] for line in done.stdout.splitlines()])

    def assert_equal_in_python(self, model, images, wanted=None):
        program = torch.export.load(str(model))
        outputs = []
        with torch.no_grad():
            for part in (images, images[:1]):
                outputs.append(tensors_in(program.module()(part))[0])
        ours = self.outputs_of_maas(model, images)
        scale = outputs[0].abs().max().item()
        for want in [outputs[0]] + ([] if wanted is None else [wanted]):
            torch.testing.assert_close(ours, want, rtol=0, atol=1e-5 * scale)
        torch.testing.assert_close(ours[:1], outputs[1], rtol=0, atol=1e-5 * scale)
        return program

    def test_networks_of_the_zoo(self):
        images = mnist("t10k-images-idx3")[:3]
        for number, network in enumerate(ZOO):
            with self.subTest(network):
                model = self.train(f"zoo-{number}", f"model={network}")
                self.assert_equal_in_python(model, images)

    def test_predicted_numbers_are_in_their_units(self):
        """Of two targets with their own units; what Python computes is what maas predicts."""
        rows = [(i * 0.37 % 1, i * 0.61 % 3, "abc"[i % 3]) for i in range(300)]
        lines = [f"{x},{z},{k},{400 + 100 * x},{1e-3 * z}" for x, z, k in rows]
        (self.folder / "units.csv").write_text("x,z,k,price,rate\n" + "\n".join(lines) + "\n")
        (self.folder / "units.yaml").write_text(
            "data: {type: csv, train: units.csv, labels: [price, rate], task: regression, "
            "validation: 0.1}\ntrain: {epochs: 30, batch_size: 16, learning_rate: 0.01}\n")
        run = self.folder / "units"
        said = json.loads(maas("train", self.folder / "units.yaml", "-o", run, "--json").stdout)
        self.assertGreater(said["metrics"]["r2"], 0.9)
        with torch.no_grad():
            wanted = torch.export.load(said["model"]).module()(
                torch.tensor([row[:2] for row in rows]), torch.tensor([["abc".index(row[2]) + 1] for row in rows]))
        done = maas("predict", said["model"], self.folder / "units.csv", "--json")
        ours = torch.tensor([json.loads(line)["outputs"] for line in done.stdout.splitlines()])
        torch.testing.assert_close(ours, tensors_in(wanted)[0], rtol=1e-5, atol=1e-8)
        self.assertLess((ours[:, 1] - torch.tensor([1e-3 * row[1] for row in rows])).abs().mean(), 3e-4)

    def test_networks_of_python_come_back_as_they_were(self):
        images = mnist("t10k-images-idx3")[:3]
        example = [torch.rand(3, 1, 28, 28)]
        nets = {"cnn": with_statistics(Cnn(1, 10, 28), example),
                "resnet18": with_statistics(ResNet18(10, 8, 1), example)}
        try:
            nets["vit"] = vit()[0]
        except ImportError:
            pass
        for name, net in nets.items():
            for decompose in (False, True):
                with self.subTest(name, decomposed=decompose):
                    path = self.save(f"{name}-{decompose}", net, example, [{0}], decompose)
                    model = self.train(f"kept-{name}-{decompose}", f"model.from={path}", KEEP,
                                       "data.normalize=unit")
                    program = self.assert_equal_in_python(model, images)
                    for key, tensor in net.named_parameters():
                        torch.testing.assert_close(program.state_dict[key], tensor, rtol=0,
                                                   atol=1e-25)

    def test_python_decomposes_and_exports_again_what_maas_wrote(self):
        model = self.train("again", "model={type: convnet, channels: [4, 8]}")
        images = mnist("t10k-images-idx3")[:3]
        program = torch.export.load(model)
        wanted = self.outputs_of_maas(model, images)
        again = torch.export.export(program.module(), (images,),
                                    dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))
        for number, form in enumerate((program.run_decompositions(), again)):
            path = self.folder / f"again-{number}.pt2"
            torch.export.save(form, path)
            self.assert_predicts(path, [(images,)])
            with torch.no_grad():
                torch.testing.assert_close(form.module()(images), wanted, rtol=1e-5, atol=1e-5)

    def test_a_table_of_numbers_and_categories(self):
        rows = "\n".join(f"{i % 7 / 7},{'red' if i % 2 else 'blue'},{'abc'[i % 3]}" for i in range(90))
        (self.folder / "table.csv").write_text("width,colour,species\n" + rows + "\n")
        (self.folder / "table.yaml").write_text(
            "name: table\ndata: {type: csv, train: table.csv, label: species, categorical: embedding}\n"
            "model: {type: mlp, hidden: [8]}\ntrain: {steps: 3, threads: 1}\n")
        done = maas("train", self.folder / "table.yaml", "-o", self.folder / "table", "--json")
        model = json.loads(done.stdout)["model"]
        program = torch.export.load(model)
        said = json.loads(maas("predict", model, "-", "--json",
                               stdin='{"width": 0.5, "colour": "red"}').stdout)
        shown = json.loads(maas("inspect", model, "--json").stdout)["inputs"]
        names = [item["name"] for item in shown]
        self.assertEqual(names, ["numeric", "categorical"])
        code = 1 + sorted(["red", "blue"]).index("red")
        with torch.no_grad():
            want = program.module()(torch.tensor([[0.5]]), torch.tensor([[code]]))[0]
        torch.testing.assert_close(torch.tensor(said["outputs"]), want, rtol=1e-5, atol=1e-6)

    def test_tied_weights_stay_tied(self):
        net = Gpt()
        path = self.save("tied", net, [torch.randint(0, 64, (3, 7))], [{0, 1}])
        said = json.loads(maas("inspect", path, "--json").stdout)
        self.assertEqual(said["parameters"], sum(p.numel() for p in net.parameters()))
        self.assertIn("positions", [layer["name"] for layer in said["layers"]])


if __name__ == "__main__":
    unittest.main()

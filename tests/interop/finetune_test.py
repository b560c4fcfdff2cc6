"""`maas train` on networks that Python exported: `model: {from: net.pt2}`."""
import copy
import json
import struct
import unittest

import torch
import torch.nn.functional as F
from torch import nn

from interop_runs import ROOT, Case, maas, mnist, tensors_in
from networks import Cnn, ResNet18, vit, with_statistics
from rows_of_maas import order_of_rows


BATCH = 32


def bitmap(width, height, value):
    """One colour as a BMP file of 24 bits a pixel."""
    rows = bytes([value, 255 - value, 7]) * width
    rows += bytes(-len(rows) % 4)
    head = struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 54 + len(rows) * height, 0, 0, 54, 40, width, height, 1, 24,
                       0, len(rows) * height, 2835, 2835, 0, 0)
    return head + rows * height


class Logits(nn.Module):
    """Of a network of the transformers package, whose output is an object."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x).logits


def loud_vit():
    """Fresh weights are so small that attention hardly matters, nor would a mistake in it."""
    net = vit()[0]
    with torch.no_grad():
        for weight in net.parameters():
            if weight.dim() == 2:
                weight *= 12
    return Logits(net)


class FineTune(Case):
    def setUp(self):
        torch.manual_seed(0)
        self.example = [torch.rand(3, 1, 28, 28)]

    def train(self, path, *settings, check=0):
        folder = self.folder / f"run-{path.stem}"
        done = maas("train", ROOT / "configs/bench_mlp.yaml", f"model.from={path}",
                    f"train.batch_size={BATCH}", "train.log_every=1", "train.threads=1",
                    "data.normalize=unit", "eval.require={}", "eval.metrics=[accuracy, nll]", "-o",
                    folder, "--json", *settings, check=check)
        if check:
            return done.stderr + done.stdout
        rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        return json.loads(done.stdout), [row["loss"] for row in rows if row["split"] == "train"]

    def assert_same_model(self, said):
        """Python loads what was written and gives the outputs that maas gives."""
        images, labels = mnist("t10k-images-idx3"), mnist("t10k-labels-idx1")
        module = torch.export.load(said["model"]).module()
        with torch.no_grad():
            logits = torch.cat([tensors_in(module(part))[0] for part in images.split(1000)])
        nll = F.cross_entropy(logits, labels).item()
        self.assertLess(abs(said["metrics"]["nll"] - nll), 1e-5 * nll)
        done = maas("predict", said["model"], "-", "--json", stdin=json.dumps(images[:4].tolist()))
        outputs = torch.tensor([json.loads(line)["outputs"] for line in done.stdout.splitlines()])
        torch.testing.assert_close(outputs, logits[:4], rtol=1e-5, atol=1e-5)

    def torch_losses(self, net, make_optimizer, steps):
        """Of PyTorch, which trains `net` on the batches that maas takes."""
        images, labels = mnist("train-images-idx3"), mnist("train-labels-idx1")
        order = order_of_rows(60000, 1, 0)
        optimizer, losses = make_optimizer(net.train().parameters()), []
        for i in range(steps):
            batch = order[BATCH * i:][:BATCH]
            loss = F.cross_entropy(net(images[batch].float() / 255), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    def assert_same_losses(self, losses, wanted):
        """Relative to 1e-4. Rounding gives 1e-6 at the most. A parameter that is not trained gives
        2e-4 or more in the networks here, but for those that cannot matter: biases in front of a
        batch norm, scales between two, biases of attention's keys."""
        self.assertEqual(len(losses), len(wanted))
        for i, (loss, want) in enumerate(zip(losses, wanted)):
            self.assertLess(abs(loss - want), 1e-4 * want, f"step {i}")

    def test_losses_are_those_of_pytorch_and_it_opens_the_result(self):
        digits = {"cnn": with_statistics(Cnn(1, 10, 28), self.example),
                  "resnet18": with_statistics(ResNet18(10, 8, 1), self.example)}
        try:
            digits["vit"] = loud_vit()
        except ImportError:
            pass
        steps, rate = 8, 0.003
        for name, net in digits.items():
            wanted = self.torch_losses(
                copy.deepcopy(net), lambda p: torch.optim.AdamW(p, rate, weight_decay=0), steps)
            for decompose in (False, True):
                with self.subTest(name, decomposed=decompose):
                    path = self.save(f"{name}-{decompose}", net, self.example, [{0}], decompose)
                    said, losses = self.train(path, f"train.steps={steps}",
                                              f"train.learning_rate={rate}",
                                              "train.optimizer={type: adamw, weight_decay: 0}")
                    self.assert_same_losses(losses, wanted)
                    self.assert_same_model(said)

    def test_batch_norms_train_as_they_do_in_pytorch(self):
        """Losses of 12 steps, decomposed or not; and the statistics that they leave."""
        net = with_statistics(Cnn(1, 10, 28), self.example)
        paths = [self.save(f"parity-{form}", net, self.example, [{0}], form)
                 for form in (False, True)]
        runs = [self.train(path, "train.steps=12", "train.learning_rate=0.05") for path in paths]
        wanted = self.torch_losses(net, lambda p: torch.optim.SGD(p, 0.05), 12)
        for said, losses in runs:
            self.assert_same_losses(losses, wanted)
            state = torch.export.load(said["model"]).state_dict
            for name, tensor in net.state_dict().items():
                if name.endswith(("running_mean", "running_var")):
                    torch.testing.assert_close(state[name], tensor, rtol=1e-3, atol=1e-4)

    def test_a_network_for_other_data_is_a_config_error_with_both_shapes(self):
        path = self.save("thousand", ResNet18(1000, 8, 1), self.example, [{0}])
        said = self.train(path, "train.steps=1", check=2)
        for part in ("thousand.pt2", "[s77, 1000]", "[batch, 10]"):
            self.assertIn(part, said)
        path = self.save("small", Cnn(1, 10, 16), [torch.rand(3, 1, 16, 16)], [{0}])
        said = self.train(path, "train.steps=1", check=2)
        for part in ("f32[s77, 1, 16, 16]", "1, 28, 28]"):
            self.assertIn(part, said)


class NewHead(FineTune):
    """model.head: auto on a network of 1,000 classes."""

    test_losses_are_those_of_pytorch_and_it_opens_the_result = None
    test_batch_norms_train_as_they_do_in_pytorch = None
    test_a_network_for_other_data_is_a_config_error_with_both_shapes = None

    def train_new(self, net, *settings, decompose=False, steps=1):
        path = self.save("thousand", net, self.example, [{0}], decompose)
        return self.train(path, "model.head=auto", f"train.steps={steps}", "--force", *settings)

    def start_of(self, net, said, moved):
        """The network with the last layer that a step has moved by `moved` (of weight and bias)."""
        state = torch.export.load(said["model"]).state_dict
        start = copy.deepcopy(net)
        start.fc = nn.Linear(net.fc.in_features, 10)
        with torch.no_grad():
            start.fc.weight.copy_(state["fc.weight"] - moved[0])
            start.fc.bias.copy_(state["fc.bias"] - moved[1])
        return start

    def test_a_frozen_backbone_stays_bit_for_bit(self):
        net = with_statistics(ResNet18(1000, 8, 1), self.example)
        for decompose in (False, True):
            with self.subTest(decomposed=decompose):
                said, _ = self.train_new(net, "train.freeze=backbone", "train.learning_rate=0.1",
                                         decompose=decompose, steps=3)
                state = torch.export.load(said["model"]).state_dict
                self.assertEqual(state["fc.weight"].shape, (10, 64))
                for name, tensor in net.named_parameters():
                    if not name.startswith("fc."):
                        self.assertTrue(torch.equal(state[name], tensor), name)
                self.assert_same_model(said)

    def test_a_step_moves_body_and_head_at_their_rates(self):
        """Beside torch.optim.SGD with two parameter groups. The weights that the head starts with are
        those of a run at rates too small to move them."""
        rates = {"head": 0.05, "body": 0.002}
        net = with_statistics(ResNet18(1000, 8, 1), self.example)
        optimizer = "train.optimizer={type: sgd, momentum: 0, weight_decay: 0}"
        still, _ = self.train_new(net, optimizer, "train.learning_rate=1e-30")
        start = self.start_of(net, still, (0, 0)).train()
        said, losses = self.train_new(net, optimizer, f"train.learning_rate={rates['head']}",
                                      f"train.body_learning_rate={rates['body']}")
        body = [p for name, p in start.named_parameters() if not name.startswith("fc.")]
        groups = [{"params": start.fc.parameters(), "lr": rates["head"]},
                  {"params": body, "lr": rates["body"]}]
        wanted = self.torch_losses(start, lambda _: torch.optim.SGD(groups), 1)
        self.assert_same_losses(losses, wanted)
        state = torch.export.load(said["model"]).state_dict
        for name, tensor in start.named_parameters():
            before = dict(net.named_parameters())[name] if not name.startswith("fc.") else None
            scale = 1 if before is None else (tensor - before).abs().max().item()
            torch.testing.assert_close(state[name], tensor, rtol=1e-4, atol=1e-3 * scale, msg=name)

    def test_a_network_of_a_thousand_classes_learns_a_folder_of_four(self):
        """`maas init FOLDER --from`, and the config of the repository, in their short form."""
        net = with_statistics(ResNet18(1000, 8, 3), [torch.rand(3, 3, 32, 32)])
        path = self.save("photos", net, [torch.rand(3, 3, 32, 32)], [{0}])
        for kind in "abcd":
            for i in range(6):
                image = self.folder / f"four/{kind}/{i}.bmp"
                image.parent.mkdir(parents=True, exist_ok=True)
                image.write_bytes(bitmap(40, 36, 30 * "abcd".index(kind) + i))
        said = maas("init", self.folder / "four", "--from", path, "-o", self.folder / "four.yaml")
        for part in ("takes images of 32 x 32 in colour", "fc.weight with 1000 outputs"):
            self.assertIn(part, said.stderr)
        text = (self.folder / "four.yaml").read_text()
        for part in ('model: {from: "photos.pt2", head: auto}', "normalize: imagenet", "height: 32",
                     "body_learning_rate: 1e-4"):
            self.assertIn(part, text)
        short = ("train.steps=2", "train.threads=1", "data.height=32", "data.width=32", "train.batch_size=4")
        for config in (self.folder / "four.yaml", ROOT / "configs/fine_tune.yaml"):
            done = maas("train", config, f"model.from={path}", f"data.train.path={self.folder / 'four'}",
                        "data.validation=0", "train.early_stop.patience=0", "-o", self.folder / "four-run",
                        "--force", *short)
            for part in ("a new last layer, fc.weight [1000, 64] -> [4, 64]", "images of 32 x 32 in colour",
                         "data.normalize: imagenet stands in front of it",
                         "train.body_learning_rate: fc.weight, fc.bias at 0.001, all before it at 1e-04"):
                self.assertIn(part, done.stderr)
        # Preprocessing and labels are in it: it answers for files, and learns on without a new layer.
        done = maas("predict", self.folder / "four-run", self.folder / "four/b/1.bmp", "--json")
        self.assertIn(json.loads(done.stdout)["label"], "abcd")
        done = maas("train", ROOT / "configs/fine_tune.yaml", f"model.from={self.folder / 'four-run'}",
                    f"data.train.path={self.folder / 'four'}", "data.validation=0", "-o",
                    self.folder / "again", "train.freeze=backbone", "train.body_learning_rate=null", *short)
        for part in ("the last layer stays: the network was trained for these 4 labels",
                     "takes images of 32 x 32 in colour as they are", "train.freeze: 2 of 62 tensors learn"):
            self.assertIn(part, done.stderr)

    def test_what_has_no_last_layer_is_refused_with_what_was_found(self):
        class TwoHeads(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Linear(784, 1000), nn.Linear(784, 1000)

            def forward(self, x):
                return self.a(x.flatten(1)) + self.b(x.flatten(1))

        path = self.save("two", TwoHeads(), self.example, [{0}])
        said = self.train(path, "model.head=auto", "train.steps=1", check=2)
        for part in ("two.pt2", "aten::add.Tensor of two layers", "a linear layer"):
            self.assertIn(part, said)


if __name__ == "__main__":
    unittest.main()

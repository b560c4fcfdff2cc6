"""`maas train` on networks that Python exported: `model: {from: net.pt2}`."""
import copy
import json
import unittest

import torch
import torch.nn.functional as F
from torch import nn

from interop_runs import ROOT, Case, maas, mnist, tensors_in
from networks import Cnn, ResNet18, vit, with_statistics
from rows_of_maas import order_of_rows


BATCH = 32


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


if __name__ == "__main__":
    unittest.main()

"""maas beside PyTorch: the same losses step by step, the same outputs in both directions."""
import json
import unittest

import torch
import torch.nn.functional as F
from torch import nn

from interop_runs import ROOT, Case, maas, mnist
from rows_of_maas import order_of_rows


class Interop(Case):
    def test_losses_of_200_steps_equal_those_of_pytorch(self):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
        self.save("seed", net, [torch.rand(4, 1, 28, 28)], [{0}])
        maas("train", ROOT / "configs/bench_mlp.yaml", f"model.from={self.folder}/seed.pt2",
             "data.normalize=unit", "train.steps=200", "train.log_every=1", "train.threads=1",
             "eval.require={}", "-o", self.folder / "parity")
        rows = [json.loads(line) for line in open(self.folder / "parity/metrics.jsonl")]
        ours = [row["loss"] for row in rows if row["split"] == "train"]
        self.assertEqual(len(ours), 200)
        images, labels = mnist("train-images-idx3"), mnist("train-labels-idx1")
        order = order_of_rows(60000, 1, 0)
        step = torch.optim.SGD(net.train().parameters(), 0.01)
        for i in range(200):
            batch = order[64 * i:64 * i + 64]
            loss = F.cross_entropy(net(images[batch].float() / 255), labels[batch])
            step.zero_grad()
            loss.backward()
            step.step()
            self.assertLess(abs(ours[i] - loss.item()) / loss.item(), 1e-5, f"step {i}")

    def test_python_opens_what_maas_trained(self):
        images = mnist("t10k-images-idx3")[:256]
        labels = mnist("t10k-labels-idx1")
        for model in ("{type: mlp, batch_norm: true, dropout: 0.1}", "lenet5",
                      "{type: convnet, channels: [4, 8]}", "{type: resnet, depth: 20}"):
            folder = self.folder / str(abs(hash(model)))
            done = maas("train", ROOT / "configs/bench_mlp.yaml", f"model={model}", "train.steps=8",
                        "data.limit=1024", "eval.require={}", "eval.metrics=[accuracy, nll]", "-o",
                        folder, "--json")
            program = torch.export.load(str(folder / "model.pt")).module()
            with torch.no_grad():
                logits = torch.cat([program(part) for part in mnist("t10k-images-idx3").split(500)])
            said = json.loads(done.stdout)["metrics"]
            self.assertAlmostEqual(said["nll"], F.cross_entropy(logits, labels).item(), places=4)
            self.assertEqual(images.dtype, torch.uint8)

    def test_maas_gives_the_outputs_of_python(self):
        torch.manual_seed(1)
        net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(),
                            nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 14 * 14, 10))
        with torch.no_grad():
            net(torch.rand(64, 1, 28, 28))
        self.save("conv", net, [torch.rand(4, 1, 28, 28)], [{0}])
        # A learning rate so small that float weights stay: the metrics are those of the network.
        done = maas("train", ROOT / "configs/bench_mlp.yaml", f"model.from={self.folder}/conv.pt2",
                    "data.normalize=unit", "train.steps=1", "train.learning_rate=1e-30",
                    "data.limit=64", "eval.require={}", "eval.metrics=[nll]", "-o",
                    self.folder / "kept", "--json")
        program = torch.export.load(str(self.folder / "kept/model.pt")).module()
        with torch.no_grad():
            logits = torch.cat([program(part) for part in mnist("t10k-images-idx3").split(500)])
        nll = F.cross_entropy(logits, mnist("t10k-labels-idx1")).item()
        self.assertAlmostEqual(json.loads(done.stdout)["metrics"]["nll"], nll, places=4)

    def test_strangers_files_are_opened_or_refused_with_a_reason(self):
        # An operator of the exporter's own library: no list can ever come to hold it.
        @torch.library.custom_op("strangers::twice", mutates_args=())
        def twice(x: torch.Tensor) -> torch.Tensor:
            return x * 2

        @twice.register_fake
        def _(x):
            return torch.empty_like(x)

        class Own(nn.Module):
            def forward(self, x):
                return twice(x)
        net = nn.Linear(4, 2)
        self.save("net", net, [torch.rand(4, 4)], [{0}])
        maas("inspect", self.folder / "net.pt2")
        torch.save(net.state_dict(), self.folder / "weights.pt")
        torch.jit.save(torch.jit.script(net), self.folder / "script.pt")
        self.save("own", Own(), [torch.rand(4, 4)], [{0}])
        whole = (self.folder / "net.pt2").read_bytes()
        (self.folder / "short.pt2").write_bytes(whole[:len(whole) // 2])
        for name, reason in (("weights.pt", "pickle"), ("script.pt", "TorchScript"),
                             ("own.pt2", "strangers::twice"), ("short.pt2", "short.pt2")):
            done = maas("inspect", self.folder / name, check=3)
            self.assertIn(reason, done.stderr)
            self.assertIn(name, done.stderr)


if __name__ == "__main__":
    unittest.main()

"""Training beside PyTorch, step by step: optimizers, schedules, losses, clipping, averages, metrics.

A network of torch is exported, trained by maas on a CSV that this file writes, and trained here on
the same rows in the same order; losses, rates and final weights must agree.
"""
import copy
import json
import unittest

import numpy
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import lr_scheduler

from interop_runs import Case, maas
from rows_of_maas import order_of_rows

ROWS, BATCH, STEPS, SEED = 96, 16, 42, 5
PER_EPOCH = ROWS // BATCH


class Reference(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        draw = numpy.random.default_rng(3)
        cls.x = torch.from_numpy(draw.normal(size=(ROWS, 4)).astype(numpy.float32))
        score = cls.x @ torch.from_numpy(draw.normal(size=(4, 3)).astype(numpy.float32))
        score += torch.from_numpy(draw.normal(size=(ROWS, 3)).astype(numpy.float32)) * 0.5
        cls.targets = {"classification": score.argmax(1), "regression": score,
                       "multi_label": (score > 0).float()}
        for task, target in cls.targets.items():
            columns = target.reshape(ROWS, -1).tolist()
            lines = [",".join(map(repr, [*row, *labels]))
                     for row, labels in zip(cls.x.tolist(), columns)]
            if task != "regression":
                lines = [line.replace(".0,", ",") for line in lines]
                lines = [line[:-2] if line.endswith(".0") else line for line in lines]
            names = [f"y{i}" for i in range(len(columns[0]))]
            (cls.folder / f"{task}.csv").write_text(
                ",".join(["a", "b", "c", "d", *names]) + "\n" + "\n".join(lines) + "\n")
            (cls.folder / f"{task}.yaml").write_text(
                f"name: x\nseed: {SEED}\ndata:\n  type: csv\n  train: {{path: {task}.csv}}\n"
                f"  labels: [{', '.join(names)}]\n  task: {task}\n  normalize: none\n"
                f"train: {{batch_size: {BATCH}, steps: {STEPS}, log_every: 1, threads: 1}}\n")

    def network(self, outputs=3):
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, outputs))

    def maas_run(self, name, net, task, *settings):
        """Losses and rates of every step, the rows of validation, and the trained network."""
        path = self.save(name, copy.deepcopy(net), [self.x[:4]], [{0}])
        run = self.folder / name
        done = maas("train", self.folder / f"{task}.yaml", f"model={{from: {path}}}", "-o", run,
                    "--json", *settings)
        rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        with open(run / "model.pt", "rb") as file:
            trained = torch.export.load(file)
        steps = [row for row in rows if row["split"] == "train"]
        return ([row["loss"] for row in steps], [row["learning_rate"] for row in steps],
                [row for row in rows if row["split"] == "validation"], trained, json.loads(done.stdout))

    def torch_run(self, net, task, make_optimizer, loss, schedule=None, after_backward=None,
                  after_step=None, steps=STEPS):
        optimizer = make_optimizer(net.parameters())
        rates = schedule(optimizer) if schedule else None
        losses, used = [], []
        net.train()
        for step in range(steps):
            order = order_of_rows(ROWS, SEED, step // PER_EPOCH)
            rows = order[BATCH * (step % PER_EPOCH):][:BATCH]
            optimizer.zero_grad()
            value = loss(net(self.x[rows]), self.targets[task][rows])
            value.backward()
            if after_backward:
                after_backward(net)
            used.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if after_step:
                after_step(net)
            if rates:
                rates.step()
            losses.append(value.item())
        return losses, used

    def assertClose(self, ours, theirs, tolerance, what):
        self.assertEqual(len(ours), len(theirs), what)
        for i, (a, b) in enumerate(zip(ours, theirs)):
            self.assertLessEqual(abs(a - b), tolerance * max(abs(b), 1e-3), f"{what}, step {i}")

    def assertSameWeights(self, trained, net, what, tolerance=1e-4):
        ours = trained.state_dict
        for name, wanted in net.state_dict().items():
            if not wanted.is_floating_point():
                continue
            found = next(tensor for key, tensor in ours.items() if key.endswith(name))
            self.assertTrue(torch.allclose(found, wanted, rtol=tolerance, atol=tolerance),
                            f"{what}: {name}: {(found - wanted).abs().max()}")

    def check(self, name, settings, make_optimizer, loss=F.cross_entropy, task="classification",
              net=None, tolerance=1e-5, **more):
        with self.subTest(name):
            net = net or self.network()
            losses, rates, _, trained, _ = self.maas_run(name, net, task, *settings)
            wanted, used = self.torch_run(net, task, make_optimizer, loss, **more)
            self.assertClose(losses, wanted, tolerance, f"{name}: loss")
            self.assertClose(rates, used, 1e-12, f"{name}: rate")
            self.assertSameWeights(trained, net, name, max(tolerance, 1e-4))

    def test_optimizers(self):
        rate = 0.02
        for name, given, make in (
            ("sgd", "type: sgd, momentum: 0, weight_decay: 0",
             lambda p: torch.optim.SGD(p, rate)),
            ("momentum", "type: sgd, momentum: 0.9, weight_decay: 0.01",
             lambda p: torch.optim.SGD(p, rate, momentum=0.9, weight_decay=0.01)),
            ("nesterov", "type: sgd, momentum: 0.8, nesterov: true, weight_decay: 0.05",
             lambda p: torch.optim.SGD(p, rate, momentum=0.8, nesterov=True, weight_decay=0.05)),
            ("adam", "type: adam, beta1: 0.8, beta2: 0.95, weight_decay: 0.1, epsilon: 1e-6",
             lambda p: torch.optim.Adam(p, rate, (0.8, 0.95), 1e-6, 0.1)),
            ("adamw", "type: adamw, weight_decay: 0.3",
             lambda p: torch.optim.AdamW(p, rate, weight_decay=0.3)),
            ("rmsprop", "type: rmsprop, momentum: 0, weight_decay: 0, alpha: 0.9",
             lambda p: torch.optim.RMSprop(p, rate, alpha=0.9)),
            ("rmsprop_momentum", "type: rmsprop, momentum: 0.5, weight_decay: 0.01, epsilon: 1e-4",
             lambda p: torch.optim.RMSprop(p, rate, momentum=0.5, weight_decay=0.01, eps=1e-4)),
        ):
            self.check(name, [f"train.optimizer={{{given}}}", f"train.learning_rate={rate}"], make)

    SGD = ["train.optimizer={type: sgd, momentum: 0, weight_decay: 0}", "train.learning_rate=0.1"]

    @staticmethod
    def sgd(parameters):
        return torch.optim.SGD(parameters, 0.1)

    def test_schedules(self):
        def warm(main, steps):
            return lambda o: lr_scheduler.SequentialLR(
                o, [lr_scheduler.LinearLR(o, 1 / steps, 1, steps - 1), main(o)], [steps])

        def one_cycle(o):  # its last rate is 0.1 / div_factor / final_div_factor
            return lr_scheduler.OneCycleLR(o, 0.1, total_steps=STEPS, pct_start=0.3,
                                           div_factor=25, final_div_factor=40,
                                           cycle_momentum=False)

        for name, given, schedule in (
            ("constant", "type: constant", lambda o: lr_scheduler.ConstantLR(o, 1)),
            ("step", "type: step, every: 2 epochs, factor: 0.5",
             lambda o: lr_scheduler.StepLR(o, 2 * PER_EPOCH, 0.5)),
            ("cosine", "type: cosine, final_fraction: 0.1",
             lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS, 0.01)),
            ("linear", "type: linear, final_fraction: 0.2",
             lambda o: lr_scheduler.LinearLR(o, 1, 0.2, STEPS)),
            ("warm_cosine", "type: cosine, warmup: 1 epoch",
             warm(lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS - PER_EPOCH), PER_EPOCH)),
            ("warm_linear", "type: linear, warmup: 10 steps, final_fraction: 0",
             warm(lambda o: lr_scheduler.LinearLR(o, 1, 0, STEPS - 10), 10)),
            ("warm_step", "type: step, warmup: 4 steps, every: 9 steps, factor: 0.3",
             warm(lambda o: lr_scheduler.StepLR(o, 9, 0.3), 4)),
            ("one_cycle", "type: one_cycle, final_fraction: 0.001", one_cycle),
        ):
            self.check(name, [*self.SGD, f"train.schedule={{{given}}}"], self.sgd,
                       schedule=schedule)

    def test_plateau(self):
        # The rates that torch's plateau gives for the validation losses that maas measured.
        _, rates, seen, _, _ = self.maas_run(
            "plateau", self.network(), "classification", "data.validation=0.25", "train.epochs=30",
            "train.steps=30 epochs", "train.learning_rate=0.3",
            "train.schedule={type: plateau, patience: 1, factor: 0.5}", "eval.metrics=[nll]")
        optimizer = self.sgd([torch.zeros(1, requires_grad=True)])
        optimizer.param_groups[0]["lr"] = 0.3
        schedule = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, threshold=0)
        per_epoch = len(rates) // 30
        for epoch, row in enumerate(seen):
            for rate in rates[epoch * per_epoch:(epoch + 1) * per_epoch]:
                self.assertAlmostEqual(rate, optimizer.param_groups[0]["lr"], places=12)
            schedule.step(row["nll"])
        self.assertLess(rates[-1], 0.3 / 4)

    def test_losses(self):
        weight = torch.tensor([0.5, 2.0, 1.0])
        for name, task, given, loss in (
            ("smoothing", "classification", "label_smoothing: 0.1",
             lambda x, y: F.cross_entropy(x, y, label_smoothing=0.1)),
            ("weights", "classification", "class_weights: [0.5, 2, 1]",
             lambda x, y: F.cross_entropy(x, y, weight)),
            ("both", "classification", "class_weights: [0.5, 2, 1], label_smoothing: 0.3",
             lambda x, y: F.cross_entropy(x, y, weight, label_smoothing=0.3)),
            ("binary", "multi_label", "type: binary_cross_entropy",
             F.binary_cross_entropy_with_logits),
            ("binary_weights", "multi_label", "class_weights: [0.5, 2, 1]",
             lambda x, y: F.binary_cross_entropy_with_logits(x, y, weight)),
            ("mse", "regression", "type: mse", F.mse_loss),
            ("mae", "regression", "type: mae", F.l1_loss),
            ("huber", "regression", "type: huber, delta: 0.4",
             lambda x, y: F.huber_loss(x, y, delta=0.4)),
        ):
            self.check(name, [*self.SGD, f"train.loss={{{given}}}"], self.sgd, loss, task)

    def test_a_network_that_gives_a_vector_learns_its_single_target(self):
        class Vector(nn.Module):
            def __init__(self, net):
                super().__init__()
                self.net = net

            def forward(self, x):
                return self.net(x).squeeze(1)
        text = (self.folder / "regression.csv").read_text().splitlines()
        (self.folder / "vector.csv").write_text(
            "\n".join(line.rsplit(",", 2)[0] for line in text) + "\n")
        yaml = (self.folder / "regression.yaml").read_text()
        (self.folder / "vector.yaml").write_text(
            yaml.replace("regression.csv", "vector.csv").replace("[y0, y1, y2]", "[y0]"))
        self.targets["vector"] = self.targets["regression"][:, 0]
        for kind, loss in (("mse", F.mse_loss), ("mae", F.l1_loss), ("huber", F.huber_loss)):
            self.check(f"vector_{kind}", [*self.SGD, f"train.loss={kind}"], self.sgd, loss, "vector",
                       Vector(self.network(1)))

    def test_clipping(self):
        norms = []
        self.check("clip", [*self.SGD, "train.clip_norm=0.2"], self.sgd,
                   after_backward=lambda net: norms.append(
                       nn.utils.clip_grad_norm_(net.parameters(), 0.2).item()))
        self.assertLess(min(norms), max(norms))
        self.assertGreater(max(norms), 0.2)

    def test_accumulation_is_the_whole_batch(self):
        weight = torch.tensor([0.5, 2.0, 1.0])
        for parts in (3, 16, 50):
            self.check(f"accumulate_{parts}",
                       [*self.SGD, f"train.accumulate={parts}",
                        "train.loss={class_weights: [0.5, 2, 1]}"], self.sgd,
                       lambda x, y: F.cross_entropy(x, y, weight))

    def test_moving_average(self):
        net = self.network()
        average = copy.deepcopy(net)

        steps = 0

        def update(net):  # the decay rises to 0.9, as in TensorFlow's ExponentialMovingAverage
            nonlocal steps
            decay = min(0.9, (1 + steps) / (10 + steps))
            steps += 1
            with torch.no_grad():
                for kept, now in zip(average.parameters(), net.parameters()):
                    kept.mul_(decay).add_(now, alpha=1 - decay)
        losses, _, _, trained, _ = self.maas_run("ema", net, "classification", *self.SGD,
                                                 "train.ema=0.9")
        wanted, _ = self.torch_run(net, "classification", self.sgd, F.cross_entropy,
                                   after_step=update)
        self.assertClose(losses, wanted, 1e-5, "ema: loss")
        self.assertSameWeights(trained, average, "ema")

    def test_batch_norm_statistics(self):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))
        self.check("batch_norm", self.SGD, self.sgd, net=net, tolerance=1e-4)

    def test_bfloat16(self):
        # Autocast rounds the same products; sums may be taken in another order.
        net = self.network()
        losses, _, _, trained, _ = self.maas_run("bf16", net, "classification", *self.SGD,
                                                 "train.precision=bf16")

        def loss(outputs, targets):
            return F.cross_entropy(outputs.float(), targets)
        plain = net.forward
        net.forward = lambda x: torch.autocast("cpu", torch.bfloat16)(plain)(x)
        wanted, _ = self.torch_run(net, "classification", self.sgd, loss)
        self.assertClose(losses, wanted, 5e-3, "bf16: loss")
        self.assertSameWeights(trained, net, "bf16", 1e-2)
        exact, _ = self.torch_run(self.network(), "classification", self.sgd, F.cross_entropy)
        self.assertNotEqual(losses, exact)

    def outputs(self, name, task, metrics):
        """What maas says of a model on all rows, and its outputs for them by torch."""
        _, _, _, trained, _ = self.maas_run(name, self.network(), task, *self.SGD, "train.steps=6")
        said = json.loads(maas("eval", self.folder / name / "model.pt", "--split", "train",
                               f"eval.metrics=[{', '.join(metrics)}]", "--json").stdout)
        self.assertEqual(said["samples"], ROWS)
        with torch.no_grad():
            return said["metrics"], trained.module()(self.x).double().numpy()

    def assertMetrics(self, ours, wanted):
        self.assertEqual(set(ours), set(wanted))
        for name, value in wanted.items():
            self.assertAlmostEqual(ours[name], value, places=6, msg=name)

    @staticmethod
    def area(scores, positive):
        """The share of pairs that are in the right order; ties count half."""
        high, low = scores[positive][:, None], scores[~positive][None, :]
        return ((high > low).mean() + (high == low).mean() / 2).item()

    @staticmethod
    def scores_of(truth, found):
        """Precision, recall and F1 of one class."""
        hits = (truth & found).sum()
        return (hits / max(found.sum(), 1), hits / max(truth.sum(), 1),
                2 * hits / max(truth.sum() + found.sum(), 1))

    def test_metrics_of_classes(self):
        names = ["accuracy", "top_2", "macro_f1", "micro_f1", "precision", "recall", "nll", "ece",
                 "brier", "roc_auc"]
        ours, logits = self.outputs("metrics", "classification", names)
        y = self.targets["classification"].numpy()
        p = numpy.exp(logits - logits.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        found, confidence = p.argmax(1), p.max(1)
        one_hot = numpy.eye(3)[y]
        each = numpy.array([self.scores_of(y == k, found == k) for k in range(3)])
        edges = numpy.ceil(confidence * 15).astype(int) - 1
        ece = sum(abs((found == y)[edges == b].mean() - confidence[edges == b].mean()) *
                  (edges == b).mean() for b in set(edges.tolist()))
        accuracy = (found == y).mean()
        self.assertMetrics(ours, {
            "accuracy": accuracy, "micro_f1": accuracy,
            "top_2": (numpy.argsort(-p, 1)[:, :2] == y[:, None]).any(1).mean(),
            "precision": each[:, 0].mean(), "recall": each[:, 1].mean(),
            "macro_f1": each[:, 2].mean(), "nll": -numpy.log(p[numpy.arange(ROWS), y]).mean(),
            "ece": ece, "brier": ((p - one_hot) ** 2).sum(1).mean(),
            "roc_auc": numpy.mean([self.area(p[:, k], y == k) for k in range(3)])})

    def test_metrics_of_labels(self):
        names = ["accuracy", "macro_f1", "micro_f1", "precision", "recall", "nll", "brier", "roc_auc"]
        ours, logits = self.outputs("label_metrics", "multi_label", names)
        y = self.targets["multi_label"].numpy() > 0.5
        p = 1 / (1 + numpy.exp(-logits))
        found = p > 0.5
        each = numpy.array([self.scores_of(y[:, k], found[:, k]) for k in range(3)])
        self.assertMetrics(ours, {
            "accuracy": (found == y).all(1).mean(), "precision": each[:, 0].mean(),
            "recall": each[:, 1].mean(), "macro_f1": each[:, 2].mean(),
            "micro_f1": self.scores_of(y.ravel(), found.ravel())[2],
            "nll": -numpy.where(y, numpy.log(p), numpy.log(1 - p)).mean(),
            "brier": ((p - y) ** 2).mean(),
            "roc_auc": numpy.mean([self.area(p[:, k], y[:, k]) for k in range(3)])})

    def test_metrics_of_numbers(self):
        ours, found = self.outputs("number_metrics", "regression", ["mae", "rmse", "r2"])
        y = self.targets["regression"].double().numpy()
        error = found - y
        self.assertMetrics(ours, {
            "mae": abs(error).mean(), "rmse": numpy.sqrt((error ** 2).mean(0)).mean(),
            "r2": (1 - (error ** 2).sum(0) / ((y - y.mean(0)) ** 2).sum(0)).mean()})


if __name__ == "__main__":
    unittest.main()

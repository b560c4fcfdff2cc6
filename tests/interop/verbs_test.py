"""inspect, bench, serve and eval on networks that Python exported."""
import json
import signal
import subprocess
import unittest
import urllib.request

import torch
import torch.nn.functional as F

from interop_runs import MAAS, ROOT, Case, input_names, maas, mnist, request, tensors_in
from networks import PLAIN, Cnn, Gpt, cnn, lstm, resnet18, with_statistics


class Verbs(Case):
    def setUp(self):
        torch.manual_seed(0)

    def save_made(self, name, made, **options):
        net, example, dynamic = made
        return self.save(name, net, example, dynamic, **options)

    def inspected(self, path):
        return json.loads(maas("inspect", path, "--json").stdout)

    def test_inspect_counts_what_python_counts(self):
        for name, make in PLAIN.items():
            with self.subTest(name):
                net, example, dynamic = make()
                said = self.inspected(self.save(name, net, example, dynamic))
                self.assertEqual(said["parameters"], sum(p.numel() for p in net.parameters()))
                self.assertEqual(sum(layer["parameters"] for layer in said["layers"]),
                                 said["parameters"])
                self.assertGreater(said["macs"], 0)
                tensors = {t.data_ptr(): t for t in [*net.parameters(), *net.buffers()]}
                counters = 8 * sum(t.dtype == torch.int64 for t in net.buffers())  # nothing reads them
                self.assertEqual(said["bytes"],
                                 sum(t.nbytes for t in tensors.values()) - counters)

    def test_inspect_says_the_same_of_a_decomposed_network(self):
        made = cnn()
        plain, core = (self.inspected(self.save_made(f"cnn-{form}", made, decompose=form))
                       for form in (False, True))
        self.assertEqual(plain["macs"], core["macs"])
        self.assertEqual(plain["parameters"], core["parameters"])
        self.assertEqual(self.inspected(self.save("one", made[0], made[1]))["macs"], plain["macs"])

    def test_inspect_knows_the_size_of_resnet18(self):
        said = self.inspected(self.save_made("resnet18", resnet18()))
        self.assertEqual(said["parameters"], 11689512)
        # 1.814 billion at 224 x 224, with 1000 classes; 64 x 64 is a little under a twelfth.
        self.assertEqual(said["macs"], 148557824)
        self.assertEqual(said["inputs"][0]["dtype"], "f32")

    def test_inspect_shows_the_graph(self):
        text = maas("inspect", self.save_made("shown", cnn()), "--graph").stdout
        for part in ("input %x: f32[", "aten::conv2d(%x", "aten::hardswish", "output %linear"):
            self.assertIn(part, text)

    def test_bench_makes_inputs_that_the_network_takes(self):
        net, example, dynamic = Gpt(vocabulary=2, longest=8), [torch.randint(0, 2, (3, 8))], [{0, 1}]
        tokens = self.save("tokens", net, example, dynamic)
        said = json.loads(maas("bench", tokens, "--batch", "1,3", "--seconds", "0.05", "--json").stdout)
        self.assertEqual(sorted(said["latency_ms"]), ["1", "3"])
        fixed = self.save("fixed", net, example)
        said = json.loads(maas("bench", fixed, "--seconds", "0.05", "--json").stdout)
        self.assertEqual(sorted(said["latency_ms"]), ["3"])
        self.assertIn("use --batch 3", maas("bench", fixed, "--batch", "2", check=2).stderr)

    def infer(self, path, arguments):
        """What `maas serve` answers to one request."""
        server = subprocess.Popen([MAAS, "serve", path, "--port", "0", "--name", "net", "--workers",
                                   "1", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True)
        try:
            url = json.loads(server.stdout.readline())["url"] + "/v2/models/net/infer"
            body = request(input_names(torch.export.load(str(path))), arguments).encode()
            ask = urllib.request.Request(url, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(ask, timeout=60) as answer:
                return json.load(answer)["outputs"]
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=60)

    def test_serve_gives_the_numbers_of_python(self):
        for name, (net, example, dynamic) in {"lstm": lstm(), "cnn": cnn()}.items():
            with self.subTest(name):
                path = self.save(f"served-{name}", net, example, dynamic)
                with torch.no_grad():
                    wanted = tensors_in(net(*example))
                self.assert_equal_outputs(self.infer(path, example), wanted)

    def test_eval_gives_the_metrics_of_python(self):
        example = [torch.rand(3, 1, 28, 28)]
        net = with_statistics(Cnn(1, 10, 28), example)
        path = self.save("digits", net, example, [{0}])
        done = maas("eval", path, ROOT / "configs/bench_mlp.yaml", "data.normalize=unit",
                    "eval.require={}", "eval.metrics=[accuracy, nll]", "--json")
        said = json.loads(done.stdout)["metrics"]
        images, labels = mnist("t10k-images-idx3"), mnist("t10k-labels-idx1")
        with torch.no_grad():
            logits = torch.cat([net(part.float() / 255) for part in images.split(1000)])
        self.assertAlmostEqual(said["nll"], F.cross_entropy(logits, labels).item(), places=4)
        right = (logits.argmax(1) == labels).float().mean().item()
        self.assertAlmostEqual(said["accuracy"], right, places=3)

    def test_eval_says_both_shapes_when_the_data_do_not_fit(self):
        config = ROOT / "configs/bench_mlp.yaml"
        colours = maas("eval", self.save_made("colours", cnn()), config, check=2).stderr
        for part in ("colours.pt2", "f32[s77, 3, 16, 16]", "1, 28, 28]"):
            self.assertIn(part, colours)
        classes = self.save("classes", Cnn(1, 7, 28).eval(), [torch.rand(3, 1, 28, 28)], [{0}])
        said = maas("eval", classes, config, check=2).stderr
        for part in ("classes.pt2", "[s77, 7]", "[batch, 10]", "10 classes"):
            self.assertIn(part, said)
        fixed = self.save("batch", Cnn(1, 10, 28).eval(), [torch.rand(3, 1, 28, 28)])
        said = maas("eval", fixed, config, check=2).stderr
        for part in ("[3, 1, 28, 28]", "dynamic first dimension", "dynamic_shapes"):
            self.assertIn(part, said)


if __name__ == "__main__":
    unittest.main()

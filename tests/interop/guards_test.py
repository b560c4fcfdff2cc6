"""What a file says of its sizes is kept: sizes that Python refuses are refused, the others agree, and
the models that maas writes say the same to Python. Inputs that `maas bench` makes run."""
import json
import unittest

import torch
from torch import nn

from interop_runs import Case, maas, request

AUTO = torch.export.Dim.AUTO


class UNet(nn.Module):
    """Halves and doubles: both sizes must be even."""

    def __init__(self):
        super().__init__()
        self.down, self.mid = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.up = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        a = torch.relu(self.down(x))
        b = torch.relu(self.mid(nn.functional.max_pool2d(a, 2)))
        b = nn.functional.interpolate(b, scale_factor=2.0, mode="nearest")
        return self.up(torch.cat([a, b], 1))


class Bags(nn.Module):
    def __init__(self):
        super().__init__()
        self.bag, self.fc = nn.EmbeddingBag(100, 8, mode="mean"), nn.Linear(8, 3)

    def forward(self, ids, offsets):
        return self.fc(self.bag(ids, offsets))


class Boxes(nn.Module):
    """LayoutLM's: the width of a box is an index that the graph computes."""

    def __init__(self):
        super().__init__()
        self.widths = nn.Embedding(8, 4)

    def forward(self, boxes):
        return self.widths(boxes[..., 2] - boxes[..., 0])


class Guards(Case):
    def unet(self, decompose):
        torch.manual_seed(0)
        program = torch.export.export(UNet().eval(), (torch.rand(2, 1, 16, 32),),
                                      dynamic_shapes=({0: AUTO, 2: AUTO, 3: AUTO},))
        path = self.folder / f"unet-{decompose}.pt2"
        torch.export.save(program.run_decompositions() if decompose else program, path)
        return path

    def test_other_sizes_agree_or_are_refused_with_input_dimension_and_rule(self):
        for decompose in (False, True):
            with self.subTest(decompose=decompose):
                path = self.unet(decompose)
                self.assert_predicts(path, [(torch.rand(b, 1, h, w),) for b, h, w in ((1, 16, 32), (3, 18, 40))])
                said = maas("predict", path, "-", stdin=request(["x"], [torch.rand(1, 1, 17, 40)]), check=3).stderr
                for part in ("input 'x', size of dimension 2", "is 17", "x.size(2)", "nearest: x.size(2) = 18"):
                    self.assertIn(part, said)
                self.assertIn("rule    2*(x.size(2)//2) == x.size(2)", maas("inspect", path).stdout)

    def test_what_maas_writes_keeps_them_for_maas_and_for_python(self):
        again = self.folder / "again.pt2"
        maas("import", self.unet(False), "-o", again, "--force")
        maas("predict", again, "-", stdin=request(["x"], [torch.rand(1, 1, 17, 40)]), check=3)
        module = torch.export.load(str(again)).module()
        self.assertEqual(module(torch.rand(1, 1, 18, 40)).shape, (1, 2, 18, 40))
        with self.assertRaises(AssertionError):
            module(torch.rand(1, 1, 17, 40))

    def bench(self, net, example, dynamic=None, **more):
        path = self.folder / f"{type(net).__name__}.pt2"
        torch.export.save(torch.export.export(net.eval(), example, dynamic_shapes=dynamic), path)
        return json.loads(maas("bench", path, "--seconds", "0.01", "--json", **more).stdout)

    def test_bench_makes_inputs_that_run(self):
        self.bench(Bags(), (torch.randint(0, 100, (12,)), torch.tensor([0, 4, 9])))
        self.bench(Boxes(), (torch.tensor([[[1, 1, 5, 5]]]),))
        least = torch.export.Dim("b", min=3, max=50)
        said = self.bench(nn.Linear(4, 4), (torch.rand(4, 4),), ({0: least},))
        self.assertEqual([row["batch"] for row in said["results"]], [3, 50])

    def test_bench_takes_an_input_from_a_file(self):
        path, given = self.unet(False), self.folder / "given.json"
        given.write_text(request(["x"], [torch.rand(5, 1, 18, 20)]))
        said = json.loads(maas("bench", path, "--input", given, "--seconds", "0.01", "--json").stdout)
        self.assertEqual([row["batch"] for row in said["results"]], [5])
        given.write_text(request(["x"], [torch.rand(5, 1, 18, 21)]))
        self.assertIn("is 21", maas("bench", path, "--input", given, "--seconds", "0.01", check=3).stderr)


if __name__ == "__main__":
    unittest.main()

"""What exports hold beside plain layers: each works, or is refused with what and what to do."""
import collections
import json
import unittest

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils import _pytree

from interop_runs import Case, maas, request

DYNAMIC = torch.export.Dim.DYNAMIC
ROWS = ({0: DYNAMIC},)
Pair = collections.namedtuple("Pair", "sum product")
_pytree._register_namedtuple(Pair, serialized_type_name="interop.Pair")


class Of(nn.Module):
    """A module of a function of itself and the inputs, with parts."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            if isinstance(part, torch.Tensor):
                self.register_buffer(name, part)
            else:
                setattr(self, name, part)

    def forward(self, *arguments):
        return self.function(self, *arguments)


class Options(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, x, y, scale=2.0, mask=None, *, bias=None):
        out = self.linear(x) * scale + y
        out = out if mask is None else out * mask
        return out if bias is None else {"out": out, "rest": (out + bias, [out * 2])}


class Constants(nn.Module):
    """A persistent buffer, one that is not, an attribute, a literal, a tied weight."""

    def __init__(self):
        super().__init__()
        self.register_buffer("kept", torch.arange(4.0))
        self.register_buffer("scratch", torch.full((4,), 0.5), persistent=False)
        self.attribute = torch.full((4,), 3.0)
        self.first, self.second = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
        self.second.weight = self.first.weight

    def forward(self, x):
        x = self.second(torch.relu(self.first(x))) * self.kept + self.scratch
        return x + self.attribute + torch.tensor([1.0, 2.0, 3.0, 4.0])


def changed_parts(_, x):
    y = x.clone()
    y[:, 0] = 0
    y[:, 1:3] += 1
    mask = x > 0.2
    mask &= x < 0.7
    z = F.relu((x - 0.5).view(-1, 2, 2), inplace=True)
    z.pow_(2)
    first, second = y.chunk(2, dim=1)
    return y, mask, z.flatten(1), first * second, y.transpose(0, 1).contiguous().mul_(2)


def mixed_precision(self, x):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = F.softmax(self.linear(x), -1)
        with torch.autocast("cpu", enabled=False):
            z = self.linear(x)
    with torch.no_grad():
        return y, z, self.linear(z)


def selections(_, x, index):
    return (x[index], *x.topk(2, -1), *x.sort(-1), *x.max(-1), torch.where(x > 0.5, x, -x),
            x[x > 0.5], x.gather(1, index.view(1, -1).expand(len(x), -1)), x.argmax(-1))


def images(self, x):
    x = self.norm(self.conv(F.pad(x, (1, 1, 1, 1), mode="reflect")))
    x = self.up(self.instance(self.prelu(self.transposed(x))))
    x = F.interpolate(F.pixel_shuffle(torch.cat([x, x], 1), 2), size=(8, 8))
    x = F.adaptive_max_pool2d(x, 4).repeat(1, 2, 1, 1)
    # Over rows: over two equal channels all would be +-0.7, and the batch norm of rounding errors.
    x = self.batch(F.normalize(x, dim=3))
    return torch.einsum("bchw,bdhw->bhw", x, x) + x.cumsum(1).amax(1), x.std(2)


torch.manual_seed(0)  # one set of weights in every run
LAYERS = dict(conv=nn.Conv2d(2, 4, 3, padding="same"), norm=nn.GroupNorm(2, 4),
              transposed=nn.ConvTranspose2d(4, 2, 2, 2), prelu=nn.PReLU(),
              instance=nn.InstanceNorm2d(2, affine=True),
              up=nn.Upsample(scale_factor=2, mode="bilinear"),
              batch=nn.BatchNorm2d(2, track_running_stats=False))


class Oddities(Case):
    def setUp(self):
        torch.manual_seed(0)

    def check(self, net, arguments, keywords=None, dynamic=ROWS):
        keywords = keywords or {}
        dynamic = (dynamic,) if isinstance(net, Of) and dynamic else dynamic  # *arguments is one
        copies = [_pytree.tree_map_only(torch.Tensor, torch.clone, given)
                  for given in (arguments, keywords)]
        program = torch.export.export(net.eval(), *copies, dynamic_shapes=dynamic)
        for number, form in enumerate((program, program.run_decompositions())):
            path = self.folder / f"{self.id()}-{number}.pt2"
            torch.export.save(form, path)
            with self.subTest(decomposed=bool(number)):
                self.assert_predicts(path, [arguments], [keywords])

    def refusal(self, net, arguments, dynamic=ROWS):
        path = self.folder / f"{self.id()}.pt2"
        torch.export.save(torch.export.export(net, arguments, dynamic_shapes=(dynamic,)), path)
        return maas("predict", path, "-", stdin="{}", check=3).stderr

    def test_defaults_scalars_and_none_among_the_inputs(self):
        x, y = torch.rand(3, 4), torch.rand(3, 3)
        self.check(Options(), (x, y), dynamic=({0: DYNAMIC}, {0: DYNAMIC}))
        self.check(Options(), (x, y, 1.5, None), dynamic=None)
        self.check(Options(), (x, y, 3), dynamic=None)

    def test_inputs_by_keyword_and_nested_outputs(self):
        self.check(Options(), (torch.rand(3, 4), torch.rand(3, 3)),
                   {"mask": torch.rand(3, 3), "bias": torch.rand(3)}, dynamic=None)

    def test_inputs_in_dictionaries_and_lists(self):
        self.check(Of(lambda _, given: given["a"] + given["b"][0]),
                   ({"a": torch.rand(3, 4), "b": [torch.rand(3, 4)]},),
                   dynamic=(({"a": {0: DYNAMIC}, "b": [{0: DYNAMIC}]}),))

    def test_named_tuples_and_nothing_among_the_outputs(self):
        self.check(Of(lambda _, x: (Pair(x + 1, x * 2), None, x)), (torch.rand(3, 4),))

    def test_buffers_constants_and_tied_weights(self):
        self.check(Constants(), (torch.rand(3, 4),))

    def test_operators_in_place(self):
        self.check(Of(changed_parts), (torch.rand(3, 4),))

    def test_a_changed_input(self):
        self.check(Of(lambda _, x: x.add_(1) * 2), (torch.rand(3, 4),))

    def test_mixed_precision_and_gradient_modes(self):
        self.check(Of(mixed_precision, linear=nn.Linear(4, 4)), (torch.rand(3, 4),))

    def test_other_types(self):
        self.check(Of(lambda _, m, t: (m.logical_not().float() + t, m | (t > 0), t.half())),
                   (torch.rand(3, 4) > 0.5, torch.rand(3, 4).double()), dynamic=None)
        numbers = torch.randint(0, 100, (3, 4), dtype=torch.int32)
        self.check(Of(lambda _, n: (n // 2, n % 3, n / 2, n << 1, n.float().round().int())),
                   (numbers,))
        self.check(nn.Linear(4, 4).bfloat16(), (torch.rand(3, 4).bfloat16(),))

    def test_results_whose_size_depends_on_the_data(self):
        self.check(Of(selections), (torch.rand(3, 4), torch.tensor([0, 2])), dynamic=None)

    def test_layers_for_images(self):
        self.check(Of(images, **LAYERS), (torch.rand(3, 2, 6, 6),))

    def test_attention_and_recurrent_cells(self):
        encoder = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.check(nn.TransformerEncoder(encoder, 2, enable_nested_tensor=False),
                   (torch.rand(3, 5, 8),), dynamic=({0: DYNAMIC, 1: DYNAMIC},))
        self.check(Of(lambda net, x, h: net.cell(net.rnn(x, h)[0][-1]), rnn=nn.RNN(4, 5),
                      cell=nn.LSTMCell(5, 3)), (torch.rand(5, 3, 4), torch.rand(1, 3, 5)),
                   dynamic=({1: DYNAMIC}, {1: DYNAMIC}))

    def test_an_export_in_training_mode_runs_in_evaluation_mode(self):
        net = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5)).train()
        net(torch.rand(64, 4) * 3)
        x = torch.rand(3, 4)
        program = torch.export.export(net, (x.clone(),), dynamic_shapes=ROWS)
        for number, form in enumerate((program, program.run_decompositions())):
            path = self.folder / f"training-{number}.pt2"
            torch.export.save(form, path)
            if number == 1:  # the dropout has become a draw of random numbers like any other
                maas("inspect", path)
                continue
            said = maas("predict", path, "-", stdin=request(["input"], [x])).stdout
            with torch.no_grad():
                self.assert_equal_outputs(json.loads(said)["outputs"], [net.eval()(x)])

    def test_state_is_refused(self):
        def count(self, x):
            self.seen += 1
            return x * self.seen
        said = self.refusal(Of(count, seen=torch.zeros(())), (torch.rand(3, 4),))
        for part in ("buffer 'seen'", "changes as it runs", "return as an output"):
            self.assertIn(part, said)

    def test_outputs_that_are_no_tensors_are_refused(self):
        said = self.refusal(Of(lambda _, x: (x, 3)), (torch.rand(3, 4),))
        self.assertIn("output 1: is a constant; expected a tensor", said)
        said = self.refusal(Of(lambda _, x: (x, x.shape[0])), (torch.rand(3, 4),))
        self.assertIn("output 1: is the number", said)
        self.assertIn("returns its tensors only", said)

    def test_a_size_as_an_input_is_refused(self):
        said = self.refusal(Of(lambda _, x, n: x[:n]), (torch.rand(6, 4), 3), ({}, DYNAMIC))
        self.assertIn("an input that is a symbolic number", said)
        self.assertIn("make it a tensor", said)

    def test_branches_on_values_and_on_sizes(self):
        branches = (lambda y: (y + 1, y * y.shape[0]), lambda y: (y - 1, y * 2), )
        net = Of(lambda self, x: torch.cond(x.sum() > 6, *branches, (x,)))
        for x in (torch.rand(3, 4), torch.rand(3, 4) + 1):
            self.check(net, (x,))
        for rows in (2, 5):
            self.check(Of(lambda _, x: torch.cond(x.shape[0] > 3, *branches, (x,))), (torch.rand(rows, 4),))

    def test_loops_are_refused(self):
        from torch._higher_order_ops.while_loop import while_loop
        said = self.refusal(Of(lambda _, x: while_loop(lambda n, y: n < 3, lambda n, y: (n + 1, y + 1),
                                                       (torch.tensor(0), x))), (torch.rand(3, 4),), ({},))
        for part in ("'while_loop', a loop whose length the data decides", "a fixed number of steps"):
            self.assertIn(part, said)

    def test_complex_numbers_between_real_ends(self):
        self.check(Of(lambda _, x: (torch.fft.rfft2(x).abs(), torch.view_as_real(torch.fft.fft(x)))),
                   (torch.rand(3, 4, 6),))
        self.check(Of(lambda net, x: torch.fft.irfft(torch.fft.rfft(x) * net.weight, n=6),
                      weight=nn.Parameter(torch.randn(4, dtype=torch.cfloat))), (torch.rand(3, 6),))
        said = self.refusal(Of(lambda _, x: torch.fft.fft(x)), (torch.rand(3, 4),))
        for part in ("output 0: is complex, c64", "torch.view_as_real(y)"):
            self.assertIn(part, said)

    def test_checks_in_their_order(self):
        self.check(Of(lambda _, x: torch.linalg.inv(x @ x.mT + 4 * torch.eye(4))), (torch.rand(3, 4, 4),))

    def test_dropout_in_place(self):
        self.check(nn.Sequential(nn.Conv2d(3, 8, 3), nn.Dropout2d(0.2, True), nn.AlphaDropout(0.1, True),
                                 nn.FeatureAlphaDropout(0.1, True), nn.Dropout(0.2, True)), (torch.rand(3, 3, 6, 6),))


if __name__ == "__main__":
    unittest.main()

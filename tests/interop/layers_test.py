"""Layers of `layers:` in a config beside torch.nn: the same weights, the same numbers."""
import json
import random
import unittest

import torch
from torch import nn

from interop_runs import Case, maas

IMAGES = "{type: synthetic, kind: image, samples: 12, classes: 3, channels: 3, height: 12, width: 12, normalize: unit}"
ROWS = "{type: synthetic, kind: table, samples: 12, classes: 3, features: 10, normalize: none}"


class Net(nn.Module):
    """Layers by the names that maas gives them, and what is done with them."""

    def __init__(self, forward, **layers):
        super().__init__()
        self.steps = forward
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, x):
        x = self.steps(self, x)
        return self.output(x.flatten(1))


class ChannelNorm(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Attention(nn.MultiheadAttention):
    """Of a sequence with itself."""

    def __init__(self, width, heads, causal=False):
        super().__init__(width, heads, batch_first=True)
        self.causal = causal

    def forward(self, x):
        length = x.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(length) if self.causal else None
        return super().forward(x, x, x, attn_mask=mask, need_weights=False)[0]


class Positions(nn.Module):
    def __init__(self, steps, width):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(steps, width))

    def forward(self, x):
        return x + self.weight


def sines(steps, width):
    """Vaswani et al. 2017, 3.5."""
    step, i = torch.arange(steps).double()[:, None], torch.arange(width).double()
    angle = step / 10000 ** ((i - i % 2) / width)
    return torch.where(i % 2 == 0, angle.sin(), angle.cos()).float()


def sequential(**layers):
    return Net(lambda net, x: nn.Sequential(*(getattr(net, name) for name in layers if name != "output"))(x), **layers)


IMAGE_NETS = {
    "[conv: 8, relu, max_pool: 2, flatten, linear: 16]": lambda: sequential(
        conv1=nn.Conv2d(3, 8, 3), relu2=nn.ReLU(), max_pool3=nn.MaxPool2d(2), flatten4=nn.Flatten(),
        linear5=nn.Linear(200, 16), output=nn.Linear(16, 3)),
    "[{conv: 4, kernel: 1}, {conv: 8, kernel: 5, stride: 2, padding: 4, dilation: 2, groups: 2, bias: false}, "
    "batch_norm, silu]":
        lambda: sequential(conv1=nn.Conv2d(3, 4, 1), conv2=nn.Conv2d(4, 8, 5, 2, 4, 2, 2, bias=False),
                           batch_norm3=nn.BatchNorm2d(8), silu4=nn.SiLU(), output=nn.Linear(288, 3)),
    "[{depthwise: 3, padding: 1}, hardswish, {conv_transpose: {size: 6, kernel: 4, stride: 2, padding: 1, groups: 3}}]":
        lambda: sequential(depthwise1=nn.Conv2d(3, 3, 3, 1, 1, groups=3), hardswish2=nn.Hardswish(),
                           conv_transpose3=nn.ConvTranspose2d(3, 6, 4, 2, 1, groups=3),
                           output=nn.Linear(6 * 24 * 24, 3)),
    "[conv: 8, group_norm: 2, relu6, instance_norm, elu, layer_norm, mish, {avg_pool: 2, padding: 1}, softplus]":
        lambda: sequential(conv1=nn.Conv2d(3, 8, 3), group_norm2=nn.GroupNorm(2, 8), relu63=nn.ReLU6(),
                           instance_norm4=nn.InstanceNorm2d(8), elu5=nn.ELU(), layer_norm6=ChannelNorm(8),
                           mish7=nn.Mish(), avg_pool8=nn.AvgPool2d(2, padding=1), softplus9=nn.Softplus(),
                           output=nn.Linear(8 * 36, 3)),
    "[{conv: 8, padding: 1, name: stem}, relu, {conv: 8, padding: 1}, {add: stem, name: sum}, hardsigmoid, "
    "{multiply: stem, name: gated}, {conv: 4, kernel: 1, from: sum}, {concat: [gated, input]}, global_avg_pool]":
        lambda: Net(joined, conv1=nn.Conv2d(3, 8, 3, padding=1), conv3=nn.Conv2d(8, 8, 3, padding=1),
                    conv7=nn.Conv2d(8, 4, 1), output=nn.Linear(15, 3)),
    "[{conv: 8, kernel: 4, stride: 4}, reshape: [8, -1], transpose, position: learnt, {name: a, type: layer_norm}, "
    "attention: 2, add: a, {linear: 6, bias: false}, gelu, mean]":
        lambda: Net(transformed, conv1=nn.Conv2d(3, 8, 4, 4), position4=Positions(9, 8), layer_norm5=nn.LayerNorm(8),
                    attention6=Attention(8, 2), linear8=nn.Linear(8, 6, bias=False), output=nn.Linear(6, 3)),
}


def joined(net, x):
    stem = net.conv1(x)
    total = net.conv3(stem.relu()) + stem
    gated = nn.functional.hardsigmoid(total) * stem
    return torch.cat([net.conv7(total), gated, x], 1).mean((2, 3))


def transformed(net, x):
    a = net.layer_norm5(net.position4(net.conv1(x).reshape(-1, 8, 9).transpose(1, 2)))
    return nn.functional.gelu(net.linear8(net.attention6(a) + a)).mean(1)


ROW_NETS = {
    "[{conv1d: 6, padding: 1}, batch_norm, leaky_relu, max_pool: 2, instance_norm, {conv1d: 4, groups: 2}]":
        lambda: Net(lambda net, x: net.conv1d6(nn.functional.instance_norm(nn.functional.max_pool1d(
            nn.functional.leaky_relu(net.batch_norm2(net.conv1d1(x[:, None]))), 2))),
            conv1d1=nn.Conv1d(1, 6, 3, padding=1), batch_norm2=nn.BatchNorm1d(6),
            conv1d6=nn.Conv1d(6, 4, 3, groups=2), output=nn.Linear(12, 3)),
    "[reshape: [5, 2], lstm: 7]": lambda: Net(
        lambda net, x: net.lstm2(x.reshape(-1, 5, 2))[0][:, -1], lstm2=nn.LSTM(2, 7, batch_first=True),
        output=nn.Linear(7, 3)),
    "[reshape: [5, -1], {lstm: 4, layers: 2, bidirectional: true, output: all}, {gru: 5, bidirectional: true}]":
        lambda: Net(lambda net, x: net.gru3(net.lstm2(x.reshape(-1, 5, 2))[0])[1].transpose(0, 1).flatten(1),
                    lstm2=nn.LSTM(2, 4, 2, batch_first=True, bidirectional=True),
                    gru3=nn.GRU(8, 5, batch_first=True, bidirectional=True), output=nn.Linear(10, 3)),
    "[reshape: [10, 1], linear: 8, position: sine, {attention: 4, causal: true}, gru: 5]": lambda: Net(
        lambda net, x: net.gru5(net.attention4(net.linear2(x[:, :, None]) + sines(10, 8)))[0][:, -1],
        linear2=nn.Linear(1, 8), attention4=Attention(8, 4, True), gru5=nn.GRU(8, 5, batch_first=True),
        output=nn.Linear(5, 3)),
}


class Layers(Case):
    def program_of(self, data, layers):
        """What maas builds, and where it wrote it; the step is too small to change a weight."""
        config = self.folder / "net.yaml"
        config.write_text(f"name: net\nseed: 3\ndata: {data}\nmodel: {{type: layers, layers: {layers}}}\n"
                          "train: {steps: 1, batch_size: 6, learning_rate: 1e-30, threads: 1}\n")
        path = json.loads(maas("train", config, "-o", self.folder / "run", "--force", "--json").stdout)["model"]
        return path, torch.export.load(path)

    def assert_same(self, data, layers, net, raw, given):
        """`raw` is what maas takes, `given` what the layers get of it."""
        path, program = self.program_of(data, layers)
        state = {name: tensor for name, tensor in program.state_dict.items() if name in net.state_dict()}
        net.load_state_dict(state)  # every weight of torch.nn's layers is there, under its name
        learnt = {name for name, _ in program.named_parameters()}
        self.assertEqual(learnt, {name for name, _ in net.named_parameters()})
        samples = raw.tolist()
        if raw.dim() == 2:
            names = list("abcdef") if raw.shape[1] == 6 else [f"x{i}" for i in range(raw.shape[1])]
            samples = [dict(zip(names, row)) for row in samples]
        lines = maas("predict", path, "-", "--json", stdin=json.dumps(samples)).stdout.splitlines()
        outputs = torch.tensor([json.loads(line)["outputs"] for line in lines])
        with torch.no_grad():
            torch.testing.assert_close(outputs, net.eval()(given), rtol=1e-5, atol=2e-6)

    def test_layers_of_images_give_the_numbers_of_torch(self):
        torch.manual_seed(0)
        for layers, make in IMAGE_NETS.items():
            with self.subTest(layers):
                raw = torch.randint(0, 256, (5, 3, 12, 12), dtype=torch.uint8)
                self.assert_same(IMAGES, layers, make(), raw, raw.float() / 255)

    def test_layers_of_rows_give_the_numbers_of_torch(self):
        torch.manual_seed(0)
        for layers, make in ROW_NETS.items():
            with self.subTest(layers):
                raw = torch.randn(5, 10)
                self.assert_same(ROWS, layers, make(), raw, raw)

    def test_an_embedding_takes_whole_numbers(self):
        drawn = random.Random(4)
        rows = [[drawn.randrange(9) for _ in range(6)] + [drawn.choice("abc")] for _ in range(40)]
        (self.folder / "t.csv").write_text("a,b,c,d,e,f,y\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
        data = f"{{type: csv, train: {self.folder / 't.csv'}, label: y, normalize: none}}"
        net = Net(lambda net, x: net.gru2(net.embedding1(x.long()))[0][:, -1], embedding1=nn.Embedding(9, 5),
                  gru2=nn.GRU(5, 4, batch_first=True), output=nn.Linear(4, 3))
        raw = torch.tensor([row[:6] for row in rows[:5]], dtype=torch.float32)
        self.assert_same(data, "[{embedding: 9, size: 5}, gru: 4]", net, raw, raw)

    def test_published_networks_take_a_step_and_survive_export_to_onnx(self):
        """What is exported is read back, run and compared before it is kept."""
        for kind in ("mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "efficientnet_b0", "convnext_t",
                     "vit_s"):
            with self.subTest(kind):
                config = self.folder / "zoo.yaml"
                config.write_text(f"name: zoo\ndata: {IMAGES.replace('12, width: 12', '32, width: 32')}\n"
                                  f"model: {{type: {kind}}}\ntrain: {{steps: 1, batch_size: 4, threads: 1}}\n")
                run, onnx = self.folder / "zoo", self.folder / "zoo.onnx"
                self.assertEqual(json.loads(maas("train", config, "-o", run, "--force", "--json").stdout)["steps"], 1)
                said = json.loads(maas("export", run, "-o", onnx, "--force", "--json").stdout)
                self.assertEqual(said["verified"]["top1_agreement"], 1)


if __name__ == "__main__":
    unittest.main()

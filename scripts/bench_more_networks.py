"""Further networks of scripts/bench infer (bench_networks.py), as their papers describe them."""
import torch
import torch.nn.functional as F
from torch import nn


def conv(inputs, outputs, kernel, stride=1, groups=1, relu=True):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
              nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([nn.ReLU()] if relu else []))


class Shuffle(nn.Module):
    """A unit of ShuffleNetV2 (Ma et al. 2018)."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        half, self.splits = outputs // 2, stride == 1
        start = inputs // 2 if self.splits else inputs
        self.side = nn.Sequential() if self.splits else nn.Sequential(
            conv(inputs, inputs, 3, stride, inputs, relu=False), conv(inputs, half, 1))
        self.body = nn.Sequential(conv(start, half, 1), conv(half, half, 3, stride, half, relu=False),
                                  conv(half, half, 1))

    def forward(self, x):
        a, b = x.chunk(2, 1) if self.splits else (x, x)
        return torch.cat((self.side(a), self.body(b)), 1).unflatten(1, (2, -1)).transpose(1, 2).flatten(1, 2)


def shufflenet_v2():
    layers, width = [conv(3, 24, 3, 2), nn.MaxPool2d(3, 2, 1)], 24
    for outputs, count in ((116, 4), (232, 8), (464, 4)):
        for i in range(count):
            layers.append(Shuffle(width, outputs, 2 if i == 0 else 1))
            width = outputs
    return nn.Sequential(*layers, conv(464, 1024, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1024, 1000))


class Ghost(nn.Module):
    """Half of the channels from a convolution, the others made of them (Han et al. 2020)."""

    def __init__(self, inputs, outputs, relu):
        super().__init__()
        self.whole = conv(inputs, outputs // 2, 1, relu=relu)
        self.cheap = conv(outputs // 2, outputs // 2, 3, groups=outputs // 2, relu=relu)

    def forward(self, x):
        y = self.whole(x)
        return torch.cat((y, self.cheap(y)), 1)


class Excitation(nn.Module):
    def __init__(self, width):
        super().__init__()
        hidden = -(-width // 4 // 4) * 4
        self.down, self.up = nn.Conv2d(width, hidden, 1), nn.Conv2d(hidden, width, 1)

    def forward(self, x):
        return x * F.hardsigmoid(self.up(F.relu(self.down(F.adaptive_avg_pool2d(x, 1)))))


class GhostBottleneck(nn.Module):
    def __init__(self, inputs, hidden, outputs, kernel, stride, excites):
        super().__init__()
        layers = [Ghost(inputs, hidden, True)]
        layers += [conv(hidden, hidden, kernel, stride, hidden, relu=False)] if stride > 1 else []
        layers += [Excitation(hidden)] if excites else []
        self.body = nn.Sequential(*layers, Ghost(hidden, outputs, False))
        self.side = nn.Sequential() if stride == 1 and inputs == outputs else nn.Sequential(
            conv(inputs, inputs, kernel, stride, inputs, relu=False), conv(inputs, outputs, 1, relu=False))

    def forward(self, x):
        return self.body(x) + self.side(x)


def ghostnet():
    layers, width = [conv(3, 16, 3, 2)], 16
    for kernel, hidden, outputs, excites, stride in (
            (3, 16, 16, 0, 1), (3, 48, 24, 0, 2), (3, 72, 24, 0, 1), (5, 72, 40, 1, 2), (5, 120, 40, 1, 1),
            (3, 240, 80, 0, 2), (3, 200, 80, 0, 1), (3, 184, 80, 0, 1), (3, 184, 80, 0, 1), (3, 480, 112, 1, 1),
            (3, 672, 112, 1, 1), (5, 672, 160, 1, 2), (5, 960, 160, 0, 1), (5, 960, 160, 1, 1),
            (5, 960, 160, 0, 1), (5, 960, 160, 1, 1)):
        layers.append(GhostBottleneck(width, hidden, outputs, kernel, stride, excites))
        width = outputs
    return nn.Sequential(*layers, conv(160, 960, 1), nn.AdaptiveAvgPool2d(1), nn.Conv2d(960, 1280, 1), nn.ReLU(),
                         nn.Flatten(), nn.Linear(1280, 1000))


class Dense(nn.Module):
    """A layer of DenseNet (Huang et al. 2017), of 32 channels more."""

    def __init__(self, inputs):
        super().__init__()
        self.body = nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, 128, 1, bias=False),
                                  nn.BatchNorm2d(128), nn.ReLU(), nn.Conv2d(128, 32, 3, 1, 1, bias=False))

    def forward(self, x):
        return torch.cat((x, self.body(x)), 1)


def densenet121():
    layers, width = [conv(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)], 64
    for count in (6, 12, 24, 16):
        layers += [Dense(width + 32 * i) for i in range(count)]
        width += 32 * count
        if count != 16:
            layers += [nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, width // 2, 1, bias=False), nn.AvgPool2d(2)]
            width //= 2
    return nn.Sequential(*layers, nn.BatchNorm2d(width), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(width, 1000))


class Window(nn.Module):
    """A block of Swin (Liu et al. 2021): attention within windows of 7 by 7, shifted in every other one."""

    def __init__(self, width, heads, size, shift):
        super().__init__()
        self.heads, self.size, self.shift = heads, size, shift if size > 7 else 0
        self.n1, self.n2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.places = nn.Parameter(0.02 * torch.randn(169, heads))
        at = torch.stack(torch.meshgrid(torch.arange(7), torch.arange(7), indexing="ij")).flatten(1)
        between = at[:, :, None] - at[:, None, :] + 6
        self.register_buffer("index", (between[0] * 13 + between[1]).flatten())
        self.register_buffer("mask", self.shifted_mask() if self.shift else None)

    def shifted_mask(self):
        regions = torch.zeros(self.size)
        regions[-7:], regions[-self.shift:] = 1, 2
        ids = self.windows((regions[:, None] * 3 + regions[None, :])[None, :, :, None]).squeeze(-1)
        return torch.where(ids[:, None, :] == ids[:, :, None], 0.0, -100.0)[:, None]

    def windows(self, x):
        n = self.size // 7
        return x.unflatten(1, (n, 7)).unflatten(3, (n, 7)).transpose(2, 3).reshape(-1, 49, x.shape[-1])

    def forward(self, x):  # [rows, size, size, width]
        y = self.n1(x)
        y = y.roll((-self.shift, -self.shift), (1, 2)) if self.shift else y
        q, k, v = self.qkv(self.windows(y)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        bias = self.places[self.index].view(49, 49, -1).permute(2, 0, 1)[None]
        bias = bias if self.mask is None else (bias + self.mask).repeat(x.shape[0], 1, 1, 1)
        y = ((q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1) + bias).softmax(-1) @ v
        y = self.out(y.transpose(1, 2).reshape(-1, 49, x.shape[-1]))
        n = self.size // 7
        y = y.reshape(x.shape[0], n, n, 7, 7, -1).transpose(2, 3).reshape(x.shape)
        x = x + (y.roll((self.shift, self.shift), (1, 2)) if self.shift else y)
        return x + self.down(F.gelu(self.up(self.n2(x))))


class Merge(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm, self.reduce = nn.LayerNorm(4 * width), nn.Linear(4 * width, 2 * width, bias=False)

    def forward(self, x):
        return self.reduce(self.norm(torch.cat((x[:, ::2, ::2], x[:, 1::2, ::2], x[:, ::2, 1::2], x[:, 1::2, 1::2]),
                                               -1)))


class SwinT(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches, self.norm = nn.Conv2d(3, 96, 4, 4), nn.LayerNorm(96)
        layers, width, size = [], 96, 56
        for count, heads in ((2, 3), (2, 6), (6, 12), (2, 24)):
            layers += [Window(width, heads, size, 3 * (i % 2)) for i in range(count)]
            if heads < 24:
                layers.append(Merge(width))
                width, size = 2 * width, size // 2
        self.layers, self.last, self.head = nn.Sequential(*layers), nn.LayerNorm(width), nn.Linear(width, 1000)

    def forward(self, x):
        return self.head(self.last(self.layers(self.norm(self.patches(x).permute(0, 2, 3, 1)))).mean((1, 2)))

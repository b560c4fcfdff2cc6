"""Small forms of architectures that people deploy, for their operators: each entry of ARCHITECTURES makes
(module, [example inputs], [dynamic dimensions]) as in networks.py."""
import torch
import torch.nn.functional as F
from torch import nn


class SqueezeExcite(nn.Module):
    """MobileNetV3's inverted residual (Howard et al. 2019): depthwise, hard activations, gates."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.Hardswish(),
                                  nn.Conv2d(16, 32, 1), nn.ReLU6(), nn.Conv2d(32, 32, 5, 2, 2, groups=32))
        self.gate = nn.Sequential(nn.Conv2d(32, 8, 1), nn.ReLU(), nn.Conv2d(8, 32, 1), nn.Hardsigmoid())
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        x = self.stem(x)
        return self.head(F.adaptive_avg_pool2d(x * self.gate(x.mean((2, 3), keepdim=True)), 1).flatten(1))


class UNet(nn.Module):
    """Skips, a transposed convolution, bilinear resizing (Ronneberger et al. 2015)."""

    def __init__(self):
        super().__init__()
        self.outer, self.inner = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
        self.up, self.out = nn.ConvTranspose2d(16, 8, 2, 2), nn.Conv2d(24, 2, 1)

    def forward(self, x):
        outer = F.relu(self.outer(x))
        inner = F.relu(self.inner(F.max_pool2d(outer, 2)))
        resized = F.interpolate(inner[:, :8], size=outer.shape[-2:], mode="bilinear", align_corners=False)
        return self.out(torch.cat([outer, self.up(inner), resized], 1))


class ShiftedWindows(nn.Module):
    """Swin's attention in rolled windows with a learnt bias (Liu et al. 2021)."""

    def __init__(self):
        super().__init__()
        self.patches, self.norm = nn.Conv2d(3, 16, 4, 4), nn.LayerNorm(16)
        self.qkv, self.mix = nn.Linear(16, 48), nn.Linear(16, 16)
        self.bias = nn.Parameter(torch.randn(2, 16, 16))

    def forward(self, x):
        x = self.patches(x).permute(0, 2, 3, 1)
        b, h, w, c = x.shape
        y = torch.roll(self.norm(x), (-2, -2), (1, 2)).view(b, h // 4, 4, w // 4, 4, c)
        y = y.permute(0, 1, 3, 2, 4, 5).reshape(-1, 16, c)
        q, k, v = self.qkv(y).reshape(-1, 16, 3, 2, 8).permute(2, 0, 3, 1, 4).unbind(0)
        y = (q @ k.transpose(-2, -1) * 8 ** -0.5 + self.bias).softmax(-1) @ v
        y = self.mix(y.transpose(1, 2).reshape(-1, 16, c)).view(b, h // 4, w // 4, 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(b, h, w, c)
        return x + torch.roll(y, (2, 2), (1, 2))


class ConvNext(nn.Module):
    """Depthwise 7x7, norms over channels last, scaled residual (Liu et al. 2022)."""

    def __init__(self):
        super().__init__()
        self.stem, self.depthwise = nn.Conv2d(3, 16, 4, 4), nn.Conv2d(16, 16, 7, padding=3, groups=16)
        self.norm, self.up, self.down = nn.LayerNorm(16), nn.Linear(16, 64), nn.Linear(64, 16)
        self.scale = nn.Parameter(torch.full((16,), 0.1))

    def forward(self, x):
        x = self.stem(x)
        y = self.scale * self.down(F.gelu(self.up(self.norm(self.depthwise(x).permute(0, 2, 3, 1)))))
        return (x + y.permute(0, 3, 1, 2)).mean([-2, -1])


class Temporal(nn.Module):
    """Dilated causal convolutions with weight normalisation (Bai et al. 2018)."""

    def __init__(self):
        super().__init__()
        self.a = nn.utils.parametrizations.weight_norm(nn.Conv1d(4, 8, 3, dilation=2))
        self.b, self.head = nn.Conv1d(8, 8, 3, dilation=4), nn.Linear(8, 3)

    def forward(self, x):
        return self.head(F.elu(self.b(F.pad(F.relu(self.a(F.pad(x, (4, 0)))), (8, 0))))[:, :, -1])


class Norms(nn.Module):
    """Group and instance norm, mish, pixel shuffle, learnt leaks."""

    def __init__(self):
        super().__init__()
        self.group, self.instance = nn.GroupNorm(2, 8), nn.InstanceNorm2d(8, affine=True)
        self.conv, self.leak = nn.Conv2d(8, 16, 1), nn.PReLU(4)

    def forward(self, x):
        return self.leak(F.pixel_shuffle(self.conv(self.instance(F.mish(self.group(x)))), 2))


class Transformer(nn.Module):
    """An encoder with a causal mask and positions that are computed."""

    def __init__(self):
        super().__init__()
        self.embed, self.out = nn.Embedding(20, 8), nn.Linear(8, 20)
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, x):
        n = x.shape[1]
        angles = torch.arange(n)[:, None] * torch.exp(torch.arange(0, 8, 2) * -2.0)
        mask = torch.ones(n, n, dtype=torch.bool).tril().logical_not()
        x = self.embed(x) + torch.cat([angles.sin(), angles.cos()], -1)
        return self.out(self.layers(x, mask, is_causal=True))  # else it looks into the mask


class SpatialTransformer(nn.Module):
    """Samples its input at a grid that it computes (Jaderberg et al. 2015)."""

    def __init__(self):
        super().__init__()
        self.place = nn.Linear(3 * 64, 6)

    def forward(self, x):
        grid = F.affine_grid(self.place(x.flatten(1)).view(-1, 2, 3), x.shape, align_corners=False)
        return F.grid_sample(x, grid, align_corners=False)


class Codebook(nn.Module):
    """The nearest of sixteen vectors and how far it is (van den Oord et al. 2017)."""

    def __init__(self):
        super().__init__()
        self.register_buffer("book", torch.randn(16, 4))

    def forward(self, x):
        distances = torch.cdist(x, self.book)
        return self.book[distances.argmin(-1)], distances.min(-1).values


class Choices(nn.Module):
    """where, masked_fill, topk, gather, einsum, log-softmax behind a gated unit."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 8), nn.Linear(8, 8)

    def forward(self, x):
        h = self.a(x)
        h = torch.where(h > 0, h, torch.zeros_like(h)).masked_fill(h > 2, 2.0)
        picked = h.gather(1, h.topk(3, -1).indices).sum(1, keepdim=True)
        return F.log_softmax(F.glu(self.b(h), -1) + picked + torch.einsum("bi,bj->b", h, x)[:, None], -1)


def _of(module, *shape):
    return lambda: (module(), [torch.rand(shape)], [{0}])


ARCHITECTURES = {
    "mobilenet": _of(SqueezeExcite, 2, 3, 32, 32),
    "unet": _of(UNet, 2, 3, 16, 16),
    "swin": _of(ShiftedWindows, 2, 3, 32, 32),
    "convnext": _of(ConvNext, 2, 3, 32, 32),
    "tcn": _of(Temporal, 2, 4, 20),
    "norms": _of(Norms, 2, 8, 6, 6),
    "transformer": lambda: (Transformer(), [torch.randint(0, 20, (2, 6))], [{0, 1}]),
    "spatial": _of(SpatialTransformer, 2, 3, 8, 8),
    "codebook": _of(Codebook, 2, 4),
    "choices": _of(Choices, 2, 4),
}

"""The networks of scripts/bench infer: NETWORKS gives for each name what makes it, what makes an input of
so many rows, and the batches that are timed. A name that ends in -core is decomposed to core ATen first."""
import torch
import torch.nn.functional as F
from torch import nn

from bench_more_networks import SwinT, densenet121, ghostnet, shufflenet_v2


class Block(nn.Module):
    """The basic block of ResNet-18 (He et al. 2015)."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.a = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.na = nn.BatchNorm2d(outputs)
        self.b = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.nb = nn.BatchNorm2d(outputs)
        self.side = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.side = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False),
                                      nn.BatchNorm2d(outputs))

    def forward(self, x):
        return F.relu(self.nb(self.b(F.relu(self.na(self.a(x))))) + self.side(x))


def resnet18():
    layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    width = 64
    for outputs, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        layers += [Block(width, outputs, stride), Block(outputs, outputs, 1)]
        width = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))


class InvertedResidual(nn.Module):
    """Of MobileNetV2 (Sandler et al. 2018)."""

    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        hidden = inputs * expansion
        layers = [] if expansion == 1 else norm_relu6(nn.Conv2d(inputs, hidden, 1, bias=False), hidden)
        layers += norm_relu6(nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False), hidden)
        self.body = nn.Sequential(*layers, nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        self.skips = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.body(x) if self.skips else self.body(x)


def norm_relu6(conv, width):
    return [conv, nn.BatchNorm2d(width), nn.ReLU6()]


def mobilenet_v2():
    layers, width = norm_relu6(nn.Conv2d(3, 32, 3, 2, 1, bias=False), 32), 32
    for expansion, outputs, count, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
                                              (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
        for i in range(count):
            layers.append(InvertedResidual(width, outputs, stride if i == 0 else 1, expansion))
            width = outputs
    layers += norm_relu6(nn.Conv2d(width, 1280, 1, bias=False), 1280)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, 1000))


class Gpt(nn.Module):
    """Pre-norm transformer with causal attention over 128 tokens."""

    class Layer(nn.Module):
        def __init__(self, width, heads):
            super().__init__()
            self.heads = heads
            self.n1, self.n2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, x):
            q, k, v = (y.unflatten(-1, (self.heads, -1)).transpose(1, 2) for y in self.qkv(self.n1(x)).chunk(3, -1))
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).flatten(2))
            return x + self.down(F.gelu(self.up(self.n2(x))))

    def __init__(self, symbols=65, layers=4, width=128, heads=4):
        super().__init__()
        self.token, self.place = nn.Embedding(symbols, width), nn.Embedding(128, width)
        self.layers = nn.Sequential(*[Gpt.Layer(width, heads) for _ in range(layers)])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, symbols, bias=False)

    def forward(self, x):
        places = torch.arange(128)
        return self.head(self.norm(self.layers(self.token(x) + self.place(places))))


class Encoder(nn.Module):
    """BERT-base's shape (Devlin et al. 2018), norms first, on tokens that are embedded already."""

    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.n1, self.n2 = nn.LayerNorm(768), nn.LayerNorm(768)
            self.qkv, self.out = nn.Linear(768, 2304), nn.Linear(768, 768)
            self.up, self.down = nn.Linear(768, 3072), nn.Linear(3072, 768)

        def forward(self, x):
            q, k, v = (y.unflatten(-1, (12, 64)).transpose(1, 2) for y in self.qkv(self.n1(x)).chunk(3, -1))
            x = x + self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
            return x + self.down(F.gelu(self.up(self.n2(x))))

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(*[Encoder.Layer() for _ in range(12)])

    def forward(self, x):
        return self.layers(x)


class Vit(nn.Module):
    """ViT-B/32 (Dosovitskiy et al. 2020), with the mean of its tokens in place of a class token."""

    def __init__(self):
        super().__init__()
        self.patches, self.places = nn.Conv2d(3, 768, 32, 32), nn.Parameter(torch.randn(1, 49, 768))
        self.encoder, self.head = Encoder(), nn.Linear(768, 1000)

    def forward(self, x):
        return self.head(self.encoder(self.patches(x).flatten(2).transpose(1, 2) + self.places).mean(1))


class Recurrent(nn.Module):
    """One layer in both directions over 50 steps, and a classifier on its last output."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.head = layer(32, 64, batch_first=True, bidirectional=True), nn.Linear(128, 5)

    def forward(self, x):
        return self.head(self.layer(x)[0][:, -1])


def images(batch):
    return torch.randn(batch, 3, 224, 224)


def series(batch):
    return torch.randn(batch, 50, 32)


NETWORKS = {
    "resnet18": (resnet18, images, (1, 8)),
    "resnet18-core": (resnet18, images, (1, 8)),
    "mobilenet-v2": (mobilenet_v2, images, (1, 8)),
    "mlp": (lambda: nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)),
            lambda b: torch.randn(b, 784), (1, 64)),
    "encoder": (Encoder, lambda b: torch.randn(b, 128, 768), (1,)),
    "encoder-core": (Encoder, lambda b: torch.randn(b, 128, 768), (1,)),
    "vit-b-32": (Vit, images, (1,)),
    "lstm": (lambda: Recurrent(nn.LSTM), series, (1, 8)),
    "lstm-core": (lambda: Recurrent(nn.LSTM), series, (1, 8)),
    "gru": (lambda: Recurrent(nn.GRU), series, (1, 8)),
    "gru-core": (lambda: Recurrent(nn.GRU), series, (1, 8)),
    "gpt": (Gpt, lambda b: torch.randint(0, 65, (b, 128)), (1,)),
    # GPT-2's smallest but for its 50,257 symbols (Radford et al. 2019).
    "gpt-2": (lambda: Gpt(8192, 12, 768, 12), lambda b: torch.randint(0, 8192, (b, 128)), (1,)),
    "shufflenet-v2": (shufflenet_v2, images, (1,)),
    "ghostnet": (ghostnet, images, (1,)),
    "densenet-121": (densenet121, images, (1,)),
    "swin-t": (SwinT, images, (1,)),
}

"""The networks that people export: plain torch here, small random ones of the transformers package.

Each entry of PLAIN and TRANSFORMERS makes (module, [example inputs], [dynamic dimensions]); the
dimensions are those that torch.export lets vary, by input: {0} = the batch, {0, 1} = and the
sequence.
"""
import torch
from torch import nn


def mlp():
    net = nn.Sequential(nn.Linear(12, 32), nn.GELU(), nn.LayerNorm(32), nn.Dropout(0.1),
                        nn.Linear(32, 5))
    return net, [torch.rand(3, 12)], [{0}]


class Cnn(nn.Module):
    """Batch norms with statistics of their own, in-place activations, pools, a grouped convolution."""

    def __init__(self, channels=3, classes=10, size=16):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(channels, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8),
                                  nn.ReLU(inplace=True), nn.MaxPool2d(2))
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.BatchNorm2d(8),
                                  nn.Hardswish(inplace=True), nn.Conv2d(8, 16, 1), nn.AvgPool2d(2),
                                  nn.LeakyReLU(0.1))
        self.head = nn.Linear(16 * (size // 4) ** 2, classes)

    def forward(self, x):
        return self.head(self.body(self.stem(x)).flatten(1))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False),
                                            nn.BatchNorm2d(outputs))

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.bn2(self.conv2(x))
        x += identity
        return self.relu(x)


class ResNet18(nn.Module):
    """He et al. 2015, https://arxiv.org/abs/1512.03385, with the layers and names that everybody has."""

    def __init__(self, classes=1000, width=64, channels=3):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        sizes = [width, width, 2 * width, 4 * width, 8 * width]
        for i in range(1, 5):
            stride = 1 if i == 1 else 2
            setattr(self, f"layer{i}", nn.Sequential(Block(sizes[i - 1], sizes[i], stride),
                                                     Block(sizes[i], sizes[i], 1)))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(8 * width, classes)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def with_statistics(net, example):
    """Batch norms that have seen data: fresh ones hide mistakes, as their mean is 0."""
    net.train()
    with torch.no_grad():
        for _ in range(3):
            net(torch.randn_like(example[0]).repeat(8, 1, 1, 1))
    return net.eval()


def cnn():
    example = [torch.rand(3, 3, 16, 16)]
    return with_statistics(Cnn(), example), example, [{0}]


def resnet18():
    example = [torch.rand(2, 3, 64, 64)]
    return with_statistics(ResNet18(), example), example, [{0}]


class Gpt(nn.Module):
    """A decoder in plain torch: learnt positions, causal attention, a head tied to the embedding."""

    def __init__(self, vocabulary=64, width=32, heads=4, layers=2, longest=32):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(longest, width)
        self.blocks = nn.ModuleList(GptBlock(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, tokens):
        x = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1], device=tokens.device))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


class GptBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = (part.view(batch, length, self.heads, -1).transpose(1, 2)
                   for part in self.qkv(self.norm1(x)).chunk(3, dim=-1))
        attended = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(attended.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(nn.functional.gelu(self.up(self.norm2(x))))


def gpt():
    return Gpt(), [torch.randint(0, 64, (3, 7))], [{0, 1}]


class Recurrent(nn.Module):
    """All of an LSTM's or GRU's results: a nested tuple of outputs."""

    def __init__(self, kind):
        super().__init__()
        self.net = kind(6, 10, num_layers=2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(20, 4)

    def forward(self, x):
        steps, state = self.net(x)
        return self.head(steps[:, -1]), state


def lstm():
    return Recurrent(nn.LSTM), [torch.rand(3, 5, 6)], [{0}]


def gru():
    return Recurrent(nn.GRU), [torch.rand(3, 5, 6)], [{0}]


PLAIN = {"mlp": mlp, "cnn": cnn, "resnet18": resnet18, "gpt": gpt, "lstm": lstm, "gru": gru}

SMALL = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)


def _tokens():
    return [torch.randint(0, 100, (3, 8))]


def bert():
    import transformers as hf
    config = hf.BertConfig(**SMALL, vocab_size=100, max_position_embeddings=16)
    return hf.BertModel(config), [*_tokens(), torch.ones(3, 8, dtype=torch.int64)], [{0, 1}, {0, 1}]


def distilbert():
    import transformers as hf
    config = hf.DistilBertConfig(vocab_size=100, dim=32, n_layers=2, n_heads=2, hidden_dim=64,
                                 max_position_embeddings=16)
    return hf.DistilBertForSequenceClassification(config), _tokens(), [{0, 1}]


def gpt2():
    import transformers as hf
    config = hf.GPT2Config(n_embd=32, n_layer=2, n_head=2, vocab_size=100, n_positions=16,
                           use_cache=False)
    return hf.GPT2LMHeadModel(config), _tokens(), [{0, 1}]


def llama():
    import transformers as hf
    config = hf.LlamaConfig(**SMALL, vocab_size=100, max_position_embeddings=16,
                            num_key_value_heads=1, use_cache=False)
    return hf.LlamaForCausalLM(config), _tokens(), [{0, 1}]


def qwen2():
    import transformers as hf
    config = hf.Qwen2Config(**SMALL, vocab_size=100, max_position_embeddings=16,
                            num_key_value_heads=1, use_cache=False)
    return hf.Qwen2ForCausalLM(config), _tokens(), [{0, 1}]


def t5():
    import transformers as hf
    config = hf.T5Config(vocab_size=100, d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2)
    return hf.T5EncoderModel(config), _tokens(), [{0, 1}]


def vit():
    import transformers as hf
    config = hf.ViTConfig(**SMALL, image_size=28, patch_size=7, num_channels=1, num_labels=10)
    return hf.ViTForImageClassification(config), [torch.rand(3, 1, 28, 28)], [{0}]


TRANSFORMERS = {"bert": bert, "distilbert": distilbert, "gpt2": gpt2, "llama": llama, "qwen2": qwen2,
                "t5": t5, "vit": vit}


def exported(net, example, dynamic, decompose=False):
    """torch.export's program of a network in eval mode; `dynamic` empty = fixed sizes."""
    shapes = tuple({dim: torch.export.Dim.DYNAMIC for dim in dims} for dims in dynamic) or None
    example = tuple(tensor.clone() for tensor in example)  # export marks them
    program = torch.export.export(net.eval(), example, dynamic_shapes=shapes)
    return program.run_decompositions() if decompose else program

"""Networks of plain torch: a layer or two each, for the operators that exports of them hold."""
import torch
import torch.nn.functional as F
from torch import nn

from net import Net, apply


def _images(*shape):
    return torch.randn(2, *(shape or (3, 16, 16)))


def _layers():
    conv = nn.Conv2d(3, 8, 3, padding=1)
    yield "linear", nn.Sequential(nn.Linear(12, 16), nn.GELU(), nn.Linear(16, 4)), torch.randn(2, 12)
    yield "bilinear", apply(nn.Bilinear(6, 6, 4), lambda net, x: net(x, x.flip(1))), torch.randn(2, 6)
    yield "conv1d", nn.Sequential(nn.Conv1d(4, 8, 3, stride=2, padding=1), nn.BatchNorm1d(8)), torch.randn(2, 4, 20)
    yield "conv2d_groups", nn.Sequential(conv, nn.Conv2d(8, 8, 3, groups=4, dilation=2)), _images()
    yield "conv2d_same", nn.Conv2d(3, 4, 3, padding="same", padding_mode="reflect"), _images()
    yield "conv3d", nn.Sequential(nn.Conv3d(2, 4, 3), nn.BatchNorm3d(4), nn.MaxPool3d(2)), torch.randn(2, 2, 8, 8, 8)
    yield "conv_transpose", nn.Sequential(nn.ConvTranspose2d(3, 4, 4, 2, 1), nn.ConvTranspose2d(4, 2, 3, 2, 1, 1)), _images()
    yield "pools", apply(conv, lambda net, x: torch.cat([F.max_pool2d(net(x), 2), F.avg_pool2d(net(x), 3, 2, 1),
                                                         F.lp_pool2d(net(x), 2, 2)], 1)), _images()
    yield "adaptive_pools", apply(conv, lambda net, x: torch.cat([F.adaptive_avg_pool2d(net(x), 3),
                                                                  F.adaptive_max_pool2d(net(x), 3)], 1)), _images()
    yield "max_unpool", apply(conv, lambda net, x: F.max_unpool2d(*F.max_pool2d(net(x), 2, return_indices=True), 2)), _images()
    yield "norms", nn.Sequential(conv, nn.GroupNorm(2, 8), nn.InstanceNorm2d(8, affine=True), nn.LocalResponseNorm(3)), _images()
    yield "layer_norm", nn.Sequential(nn.LayerNorm(12), nn.Linear(12, 8), nn.RMSNorm(8)), torch.randn(2, 5, 12)
    yield "weight_norm", nn.utils.parametrizations.weight_norm(nn.Linear(8, 4)), torch.randn(2, 8)
    yield "spectral_norm", nn.utils.parametrizations.spectral_norm(nn.Linear(8, 4)).eval(), torch.randn(2, 8)
    yield "activations", apply(nn.PReLU(), lambda net, x: sum(f(net(x)) for f in (
        F.relu6, F.elu, F.selu, F.celu, F.gelu, F.silu, F.mish, F.hardswish, F.hardsigmoid, F.softplus, F.softsign,
        F.tanhshrink, F.hardshrink, F.softshrink, F.logsigmoid, F.leaky_relu, F.rrelu))), torch.randn(2, 9)
    yield "in_place", nn.Sequential(conv, nn.ReLU(True), nn.Dropout2d(0.1, True), nn.Hardswish(True), nn.ELU(1.0, True),
                                    nn.AlphaDropout(0.1, True), nn.FeatureAlphaDropout(0.1, True), nn.Dropout(0.1, True)), _images()
    yield "glu", apply(nn.Linear(8, 16), lambda net, x: F.glu(net(x)) * F.softmax(net(x)[:, :8], -1)), torch.randn(2, 8)
    yield "upsample", apply(conv, lambda net, x: sum(F.interpolate(net(x), scale_factor=2.0, mode=mode) for mode in (
        "nearest", "bilinear", "bicubic", "nearest-exact"))), _images()
    yield "resize", apply(conv, lambda net, x: F.interpolate(net(x), size=(9, 20), mode="bilinear", antialias=True)), _images()
    yield "pads", apply(conv, lambda net, x: F.pad(F.pad(F.pad(net(x), (1, 2, 1, 0), "reflect"), (1, 1, 2, 2), "replicate"),
                                                   (2, 0, 0, 1), "circular")), _images()
    yield "pixel_shuffle", nn.Sequential(conv, nn.PixelShuffle(2), nn.PixelUnshuffle(4), nn.ChannelShuffle(4)), _images()
    yield "unfold", apply(conv, lambda net, x: F.fold(F.unfold(net(x), 3, padding=1), (16, 16), 3, padding=1)), _images()
    yield "grid_sample", apply(conv, lambda net, x: F.grid_sample(net(x), F.affine_grid(
        x.mean((1, 2))[:, :6].view(-1, 2, 3), (x.shape[0], 8, 16, 16), align_corners=False), align_corners=False)), _images()


def _sequences():
    for kind in (nn.RNN, nn.LSTM, nn.GRU):
        yield kind.__name__.lower(), apply(kind(6, 8, 2, batch_first=True, bidirectional=True), lambda net, x: net(x)[0]), torch.randn(2, 5, 6)
    yield "lstm_projection", apply(nn.LSTM(6, 8, proj_size=4), lambda net, x: net(x.transpose(0, 1))[0]), torch.randn(2, 5, 6)
    yield "cells", apply(nn.LSTMCell(6, 8), lambda net, x: net(x, net(x))[0]), torch.randn(2, 6)
    yield "attention", apply(nn.MultiheadAttention(8, 2, batch_first=True), lambda net, x: net(x, x, x)), torch.randn(2, 5, 8)
    yield "attention_mask", apply(nn.Linear(8, 24), lambda net, x: F.scaled_dot_product_attention(
        *net(x).unflatten(-1, (3, 2, 4)).permute(2, 0, 3, 1, 4).unbind(0), is_causal=True)), torch.randn(2, 5, 8)
    yield "encoder", nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 2), torch.randn(2, 5, 16)
    yield "transformer", apply(nn.Transformer(16, 2, 1, 1, 32, batch_first=True), lambda net, x: net(x, x[:, 1:])), torch.randn(2, 5, 16)
    yield "embedding", nn.Sequential(nn.Embedding(20, 8, padding_idx=0), nn.Linear(8, 3)), torch.randint(0, 20, (2, 7))
    yield "embedding_bag", nn.Sequential(nn.EmbeddingBag(20, 8, mode="mean"), nn.Linear(8, 3)), torch.randint(0, 20, (2, 7))
    yield "distances", apply(nn.Linear(6, 4), lambda net, x: (torch.cdist(net(x), net(x)[:3]), F.cosine_similarity(net(x), net(x).flip(0)),
                                                              F.normalize(net(x)))), torch.randn(4, 6)
    yield "sorting", apply(nn.Linear(6, 4), lambda net, x: (*torch.topk(net(x), 2), torch.sort(net(x), -1, True)[0], torch.argsort(net(x)),
                                                            torch.kthvalue(net(x), 2)[0], net(x).median(-1)[0])), torch.randn(2, 6)
    yield "scans", apply(nn.Linear(6, 4), lambda net, x: (net(x).cumsum(-1), net(x).cumprod(-1), net(x).cummax(-1)[0], net(x).logcumsumexp(-1),
                                                          net(x).diff(), torch.trapezoid(net(x)))), torch.randn(2, 6)
    yield "statistics", apply(nn.Linear(6, 8), lambda net, x: (net(x).std(-1), net(x).var(-1), net(x).quantile(0.3, -1), net(x).norm(dim=-1),
                                                               net(x).logsumexp(-1), torch.aminmax(net(x), dim=-1)[1])), torch.randn(2, 6)
    yield "indexing", apply(nn.Linear(6, 8), lambda net, x: (net(x)[:, [0, 3]], net(x)[..., ::2], net(x).roll(1, -1), net(x).gather(1, net(x).argmax(-1, True)),
                                                             net(x).index_select(1, torch.tensor([1, 2])), net(x).masked_fill(net(x) < 0, -1.0))), torch.randn(2, 6)
    yield "scatter", apply(nn.Linear(6, 8), lambda net, x: (torch.zeros(x.shape[0], 8).scatter(1, net(x).argsort(), net(x)), torch.zeros_like(net(x)).scatter_add_(
        1, net(x).argmax(-1, True), net(x)[:, :1]), F.one_hot(net(x).argmax(-1), 8))), torch.randn(2, 6)


def _others():
    yield "slices_assigned", apply(nn.Linear(6, 8), _assigned), torch.randn(2, 6)
    yield "einsum", apply(nn.Linear(6, 8), lambda net, x: (torch.einsum("bi,bj->bij", net(x), x), torch.tensordot(net(x), net.weight, ([1], [0])))), torch.randn(2, 6)
    yield "linear_algebra", apply(nn.Linear(4, 16), _algebra), torch.randn(2, 4)
    yield "factorizations", apply(nn.Linear(4, 16), _factorizations), torch.randn(2, 4)
    yield "matrix_functions", apply(nn.Linear(4, 16), _matrix_functions), torch.randn(2, 4)
    yield "integer_product", apply(nn.Linear(8, 32), lambda net, x: torch._int_mm((net(x).tile(9, 1) * 20).to(torch.int8),
                                                                                 torch.arange(-128, 128).view(32, 8).to(torch.int8))), torch.randn(2, 8)
    yield "unique", apply(nn.Linear(6, 8), lambda net, x: torch.unique((net(x) * 2).round(), return_inverse=True)[1]), torch.randn(2, 6)
    yield "draws_of_one_outcome", apply(nn.Linear(6, 8), lambda net, x: (torch.multinomial(F.one_hot(net(x).argmax(-1), 8).float(), 1),
                                                                        torch.bernoulli((net(x) > 0).float()), torch.poisson(net(x) * 0),
                                                                        torch.empty_like(net(x)).exponential_(1.0) >= 0)), torch.randn(2, 6)
    yield "buckets", apply(nn.Linear(6, 8), lambda net, x: (torch.bucketize(net(x), torch.linspace(-1, 1, 5)), torch.searchsorted(torch.linspace(-2, 2, 9), net(x)),
                                                            torch.histc(net(x), 5, -1, 1))), torch.randn(2, 6)
    yield "fft2", apply(nn.Linear(8, 8), lambda net, x: net(torch.fft.fft2(x).real)), torch.randn(2, 6, 8)
    yield "fourier_layer", Fourier(), torch.randn(2, 3, 16)
    yield "stft_mel", apply(nn.Linear(33, 8), lambda net, x: net(torch.stft(x, 64, 16, window=torch.hann_window(64), return_complex=True)
                                                                .abs().square().transpose(1, 2)).clamp(min=1e-6).log()), torch.randn(2, 400)
    yield "complex_rotary", apply(nn.Linear(8, 8), _rotary), torch.randn(2, 5, 8)
    yield "cond", Cond(), torch.randn(2, 6)
    yield "cond_of_sizes", apply(nn.Linear(6, 6), lambda net, x: net(x) if x.shape[1] > 3 else x), torch.randn(2, 6)
    yield "fake_quantize", apply(nn.Linear(6, 8), lambda net, x: torch.fake_quantize_per_channel_affine(torch.fake_quantize_per_tensor_affine(
        net(x), 0.1, 0, -128, 127), torch.full((8,), 0.2), torch.zeros(8, dtype=torch.int32), 1, -128, 127)), torch.randn(2, 6)
    yield "int8_weight", Int8Weight(), torch.randn(2, 16)
    yield "half", nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4)).to(torch.bfloat16), torch.randn(2, 8).to(torch.bfloat16)
    yield "double", nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 4)).double(), torch.randn(2, 8).double()
    yield "losses", apply(nn.Linear(6, 8), lambda net, x: (F.smooth_l1_loss(net(x), net(x).flip(1)), F.kl_div(net(x).log_softmax(-1), net(x).flip(1).softmax(-1)),
                                                           F.huber_loss(net(x), -net(x)), F.binary_cross_entropy_with_logits(net(x), net(x).sigmoid()))), torch.randn(2, 6)
    yield "special", apply(nn.Linear(6, 8), lambda net, x: sum(f(net(x)) for f in (torch.erf, torch.special.i0, torch.lgamma, torch.sinc, torch.expm1, torch.special.ndtr,
                                                                                   torch.atan, torch.nan_to_num, torch.frac, torch.digamma))), torch.randn(2, 6)


def _assigned(net, x):
    y = net(x).clone()
    y[:, 0] = 0
    y[:, 2:4] += 1
    y[y > 1] = 1
    return y.clamp_(-1)


def _algebra(net, x):
    square = net(x).view(-1, 4, 4)
    spread = square @ square.mT + 4 * torch.eye(4)
    return (torch.linalg.inv(spread), torch.linalg.det(spread), torch.linalg.cholesky(spread), torch.linalg.solve(spread, square),
            torch.linalg.eigvalsh(spread), torch.linalg.svdvals(square), torch.linalg.matrix_norm(square), torch.tril(square).triu(-1))


def _factorizations(net, x):
    """Where signs and orders are free, what is put together again."""
    square = net(x).view(-1, 4, 4)
    spread = square @ square.mT + 4 * torch.eye(4)
    q, r = torch.linalg.qr(square)
    u, s, vh = torch.linalg.svd(square, full_matrices=False)
    values, vectors = torch.linalg.eigh(spread)
    p, low, up = torch.linalg.lu(square)
    factors, pivots = torch.linalg.lu_factor(spread)
    halves, places = torch.linalg.ldl_factor(spread)
    return (q @ r, u * s.unsqueeze(-2) @ vh, vectors * values.unsqueeze(-2) @ vectors.mT, p @ low @ up, torch.linalg.lu_solve(factors, pivots, square),
            torch.linalg.ldl_solve(halves, places, square), torch.cholesky_solve(square, torch.linalg.cholesky(spread)),
            torch.cholesky_inverse(torch.linalg.cholesky(spread)), torch.linalg.eigvals(spread).real.sort(-1)[0])


def _matrix_functions(net, x):
    square = net(x).view(-1, 4, 4)
    spread = square @ square.mT + 4 * torch.eye(4)
    return (torch.linalg.pinv(square), torch.linalg.lstsq(spread, square)[0], torch.linalg.matrix_power(square, 3), torch.linalg.matrix_exp(square),
            torch.linalg.cond(spread), torch.linalg.matrix_rank(spread), torch.linalg.slogdet(spread)[1], torch.linalg.solve_triangular(
                torch.linalg.cholesky(spread), square, upper=False), torch.linalg.vander(x), torch.linalg.cross(square[:, :3, :3], square[:, 1:, :3]),
            torch.linalg.multi_dot([square[0], square[1], spread[0]]), torch.linalg.vecdot(square, spread), torch.linalg.tensorinv(spread[0], 1),
            torch.linalg.norm(square, dim=(-2, -1)), torch.linalg.vector_norm(square, 3, -1))


def _rotary(net, x):
    """Llama's first code: pairs as complex numbers, turned by their positions."""
    pairs = torch.view_as_complex(net(x).reshape(*x.shape[:-1], -1, 2))
    angles = torch.outer(torch.arange(x.shape[1]).float(), 1.0 / 10 ** torch.arange(4).float())
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).flatten(2)


class Fourier(nn.Module):
    """A layer of a Fourier neural operator (Li et al. 2021): complex weights on the low frequencies."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 4, 5, dtype=torch.cfloat) / 4)

    def forward(self, x):
        spectrum = torch.fft.rfft(x)[..., :5]
        return torch.fft.irfft(torch.einsum("bik,iok->bok", spectrum, self.weight), n=x.shape[-1])


class Cond(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.other = nn.Linear(6, 4), nn.Linear(6, 4)

    def forward(self, x):
        return torch.cond(x.sum() > 0, lambda x: self.one(x), lambda x: self.other(x).relu(), (x,))


class Int8Weight(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("weight", torch.randint(-127, 128, (8, 16), dtype=torch.int8))
        self.register_buffer("scale", torch.rand(8, 1) / 100)

    def forward(self, x):
        return F.linear(x, self.weight.to(torch.float32) * self.scale)


def _all():
    yield from _layers()
    yield from _sequences()
    yield from _others()


def networks():
    names = [name for name, _, _ in _all()]
    return [Net("torch", name, lambda name=name: _make(name)) for name in names]


def _make(name):
    for each, module, example in _all():
        if each == name:
            return module, (example,)
    raise KeyError(name)

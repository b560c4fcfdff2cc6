"""The order in which maas takes the rows of an epoch, written down again: lib/tensor/random.h
mix_seed, lib/data/batches.h permutation."""
import torch

MASK = 2 ** 64 - 1
STEP = 0x9e3779b97f4a7c15


def finalise(x):
    """SplitMix64 (Steele, Lea, Flood 2014)."""
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9 & MASK
    x = (x ^ x >> 27) * 0x94d049bb133111eb & MASK
    return x ^ x >> 31


def order_of_rows(size, seed, epoch):
    mixed = finalise(seed + STEP & MASK)
    for part in [*b"order", 0, 0]:
        mixed = finalise((mixed ^ part) + STEP & MASK)
    state = finalise(mixed + STEP & MASK) ^ finalise(~epoch & MASK)
    rows = list(range(size))
    for i in range(size - 1, 0, -1):
        while True:
            state = state + STEP & MASK
            product = finalise(state) * (i + 1)
            if product & MASK >= 2 ** 64 % (i + 1):
                break
        rows[i], rows[product >> 64] = rows[product >> 64], rows[i]
    return torch.tensor(rows)

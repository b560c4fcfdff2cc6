"""What a list of networks holds: family, name, and a function that makes (module, example inputs)."""
from typing import Callable, NamedTuple

from torch import nn


class Net(NamedTuple):
    family: str
    name: str
    make: Callable


class apply(nn.Module):  # noqa: N801, reads as a function where it is used
    """A layer in a function: apply(layer, lambda layer, x: ...)."""

    def __init__(self, net, function):
        super().__init__()
        self.net, self.function = net, function

    def forward(self, *inputs):
        return self.function(self.net, *inputs)

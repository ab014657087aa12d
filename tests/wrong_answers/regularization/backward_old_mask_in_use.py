"""
cell = "dropout"
loses = { test_dropout_backward = 1 }
says = "in use forward changes nothing"
"""


class Dropout:
    def __init__(self, p, rng):
        self.p, self.rng, self.training = p, rng, True

    def forward(self, A):
        if self.training:
            self.mask = (self.rng.random(A.shape) >= self.p) / (1 - self.p)
        else:
            return A
        return A * self.mask

    def backward(self, delta):
        return delta * self.mask

"""
cell = "dropout"
loses = { test_dropout_forward = 2 }
says = "with training = False entries are still dropped"
"""


class Dropout:
    def __init__(self, p, rng):
        self.p, self.rng, self.training = p, rng, True

    def forward(self, A):
        self.mask = (self.rng.random(A.shape) >= self.p) / (1 - self.p)
        return A * self.mask

    def backward(self, delta):
        return delta * self.mask

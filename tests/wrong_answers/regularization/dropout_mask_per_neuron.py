"""
cell = "dropout"
loses = { test_dropout_forward = 2 }
says = "all rows lack the same entries"
"""


class Dropout:
    def __init__(self, p, rng):
        self.p, self.rng, self.training = p, rng, True

    def forward(self, A):
        if self.training:
            self.mask = (self.rng.random(A.shape[-1]) >= self.p) / (1 - self.p)
        else:
            self.mask = np.ones(A.shape)
        return A * self.mask

    def backward(self, delta):
        return delta * self.mask

"""
cell = "dropout"
loses = { test_dropout_forward = 2 }
says = "have to make up for those that don't"
"""


class Dropout:
    def __init__(self, p, rng):
        self.p, self.rng, self.training = p, rng, True

    def forward(self, A):
        if self.training:
            self.mask = (self.rng.random(A.shape) >= self.p).astype(float)
        else:
            self.mask = np.full(A.shape, 1 - self.p)
        return A * self.mask

    def backward(self, delta):
        return delta * self.mask

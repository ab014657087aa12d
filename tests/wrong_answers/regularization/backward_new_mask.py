"""
cell = "dropout"
loses = { test_dropout_backward = 1 }
says = "backward drops other entries"
"""


class Dropout:
    def __init__(self, p, rng):
        self.p, self.rng, self.training = p, rng, True

    def forward(self, A):
        if self.training:
            self.mask = (self.rng.random(A.shape) >= self.p) / (1 - self.p)
        else:
            self.mask = np.ones(A.shape)
        return A * self.mask

    def backward(self, delta):
        if not self.training:
            return delta
        return delta * (self.rng.random(delta.shape) >= self.p) / (1 - self.p)

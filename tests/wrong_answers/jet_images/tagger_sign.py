"""
cell = "tagger"
loses = { test_tagger = 2 }
says = "the sign of D is flipped"
"""


def make_tagger(images, y):
    D = np.sqrt(images)[y == 0].mean(axis=0) - np.sqrt(images)[y == 1].mean(axis=0)
    return lambda new: (np.sqrt(new) * D).sum(axis=(1, 2))


tagger = make_tagger(images_train, y_train)

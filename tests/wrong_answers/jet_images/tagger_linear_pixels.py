"""
cell = "tagger"
loses = { test_tagger = 2 }
says = "try the square root"
"""


def make_tagger(images, y):
    D = images[y == 1].mean(axis=0) - images[y == 0].mean(axis=0)
    return lambda new: (new * D).sum(axis=(1, 2))


tagger = make_tagger(images_train, y_train)

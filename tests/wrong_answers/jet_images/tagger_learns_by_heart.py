"""
cell = "tagger"
loses = { test_tagger = 2 }
says = "has learned them by heart"
"""


def make_tagger(images, y):
    known = {image.tobytes(): label for image, label in zip(images, y, strict=True)}
    return lambda new: np.array([known.get(np.ascontiguousarray(image).tobytes(), 0) for image in new])


tagger = make_tagger(images_train, y_train)

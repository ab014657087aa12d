"""PyTorch and TensorFlow for the tests, without their log lines and their warnings."""

import os
import warnings


def import_torch():
    """PyTorch, on one thread: the arrays of a test are small."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
    torch.set_num_threads(1)
    return torch


def import_tensorflow():
    """TensorFlow, with its C++ log silenced before it can say anything."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow as tf
    return tf

"""Seconds per epoch of MNIST: the course's NumPy, PyTorch and Keras, on the same cores.

    .venv/bin/python benchmarks/mnist_epoch.py

prints a table and writes it to benchmarks/mnist_epoch.md. All three train the same network with the same
arithmetic: float32, ReLU in the hidden layers, softmax cross-entropy, plain SGD, every example once per epoch in a
random order. Each has a process of its own, with its threads capped; the processes take turns, epoch by epoch, so
that what else the machine does hits all three, and a ratio is taken between neighbors.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np

TABLE = Path(__file__).with_suffix(".md")
HIDDEN = [(16, 16), (256, 128)]
BATCHES = [64, 512]
THREADS = [1, 2]
LR = 0.1

REPORT = """# Seconds per epoch of MNIST

Written by `python benchmarks/mnist_epoch.py`.

60,000 examples; float32, ReLU, softmax cross-entropy, SGD with a learning rate of {lr}, a new random order in every
epoch. NumPy is `course_utils.nn.training.fit`, which also counts the right answers; PyTorch is a plain loop over index
batches (faster than its DataLoader), not compiled; Keras is `model.fit` on the TensorFlow backend with its defaults.

| network | batch | threads | NumPy, s | PyTorch, s | Keras, s | NumPy / PyTorch | NumPy / Keras | test accuracy |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
{rows}

Median (min–max) of {rounds} epochs each, taken in turns after one epoch to warm up; the ratios are medians (min–max) of
the ratios in each turn, below 1 where NumPy is faster. The accuracy on the test set is the range of the three after
these {epochs} epochs: they learn alike.

Machine: {machine}; {versions}.
"""

Epoch = Callable[[], None]
Outputs = Callable[[np.ndarray], np.ndarray]


def numpy_epoch(X: np.ndarray, y: np.ndarray, hidden: list[int], batch: int) -> tuple[Epoch, Outputs]:
    """The course's own training loop."""
    from course_utils.nn.layers import Network
    from course_utils.nn.optimizers import SGD
    from course_utils.nn.training import fit

    rng = np.random.default_rng(0)
    network, optimizer = Network([784, *hidden, 10], rng), SGD(LR)
    return lambda: fit(network, X, y, rng=rng, optimizer=optimizer, epochs=1, batch=batch), network.predict


def torch_epoch(X: np.ndarray, y: np.ndarray, hidden: list[int], batch: int) -> tuple[Epoch, Outputs]:
    """The loop that every PyTorch tutorial writes, on data that already are tensors."""
    import torch
    from torch import nn

    threads = int(os.environ["OMP_NUM_THREADS"])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    sizes = [784, *hidden, 10]
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
        nn.init.kaiming_normal_(layers[-2].weight, nonlinearity="relu")
        nn.init.zeros_(layers[-2].bias)
    network = nn.Sequential(*layers[:-1])
    optimizer, loss = torch.optim.SGD(network.parameters(), lr=LR), nn.CrossEntropyLoss()
    X_all, y_all = torch.from_numpy(X), torch.from_numpy(y.astype(np.int64))

    def epoch() -> None:
        total = torch.zeros(())
        for rows in torch.randperm(len(X_all)).split(batch):
            optimizer.zero_grad()
            L = loss(network(X_all[rows]), y_all[rows])
            L.backward()
            optimizer.step()
            total += L.detach() * len(rows)

    def outputs(X: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return network(torch.from_numpy(X)).numpy()

    return epoch, outputs


def keras_epoch(X: np.ndarray, y: np.ndarray, hidden: list[int], batch: int) -> tuple[Epoch, Outputs]:
    """`model.fit` of Keras."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import tensorflow as tf

    threads = int(os.environ["OMP_NUM_THREADS"])
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    import keras

    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(n, activation="relu", kernel_initializer="he_normal") for n in hidden]
    layers.append(keras.layers.Dense(10, kernel_initializer="he_normal"))
    model = keras.Sequential([keras.Input((784,)), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(LR), loss)
    return lambda: model.fit(X, y, batch_size=batch, verbose=0), lambda X: model.predict(X, batch_size=1000, verbose=0)


PEERS = {"numpy": numpy_epoch, "torch": torch_epoch, "keras": keras_epoch}


def work(peer: str) -> None:
    """Train one epoch for each line of standard input, and answer with its seconds and the test accuracy."""
    from course_utils.data import mnist

    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(os.environ["OMP_NUM_THREADS"])])
    images, y, test_images, y_test = mnist()
    X, X_test = (np.divide(a.reshape(len(a), -1), 255, dtype=np.float32) for a in (images, test_images))
    made: dict[str, tuple[Epoch, Outputs]] = {}
    for line in sys.stdin:
        if line not in made:
            made = {line: PEERS[peer](X, y, *json.loads(line))}
        epoch, outputs = made[line]
        started = time.perf_counter()
        epoch()
        seconds = time.perf_counter() - started
        print(json.dumps([seconds, float(np.mean(outputs(X_test).argmax(axis=1) == y_test))]), flush=True)


class Worker:
    """A process that trains with one of the peers, on so many threads."""

    def __init__(self, peer: str, threads: int) -> None:
        caps = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--peer", peer],
            env=os.environ | dict.fromkeys(caps, str(threads)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def epoch(self, hidden: tuple[int, ...], batch: int) -> tuple[float, float]:
        """The seconds of one epoch, and the accuracy on the test set after it."""
        print(json.dumps([hidden, batch]), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the process {self.process.args} has ended; its message is above")
        seconds, accuracy = json.loads(answer)
        return seconds, accuracy

    def close(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait()


def spread(values: list[float], digits: int) -> str:
    """The median in bold, with the range."""
    return f"**{median(values):.{digits}f}** ({min(values):.{digits}f}–{max(values):.{digits}f})"


def machine() -> str:
    """The processor's name, as Linux tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} cores of an {names[0]}" if names else platform.processor()


def main() -> None:
    """Measure all, print the table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="epochs that are timed of each (default: %(default)s)")
    parser.add_argument("--peer", choices=PEERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        work(arguments.peer)
        return
    rows = []
    for threads in [n for n in THREADS if n <= len(os.sched_getaffinity(0))]:
        workers = {peer: Worker(peer, threads) for peer in PEERS}
        for hidden in HIDDEN:
            for batch in BATCHES:
                for worker in workers.values():
                    worker.epoch(hidden, batch)
                turns = [
                    {peer: worker.epoch(hidden, batch) for peer, worker in workers.items()}
                    for _ in range(arguments.rounds)
                ]
                seconds = {peer: [turn[peer][0] for turn in turns] for peer in PEERS}
                accuracies = [accuracy for _, accuracy in turns[-1].values()]
                ratios = [
                    spread([a / b for a, b in zip(seconds["numpy"], seconds[peer], strict=True)], 2)
                    for peer in ("torch", "keras")
                ]
                name = "-".join(map(str, [784, *hidden, 10]))
                cells = [name, batch, threads, *(spread(seconds[peer], 3) for peer in PEERS), *ratios]
                cells.append(f"{min(accuracies):.3f}–{max(accuracies):.3f}")
                rows.append("| " + " | ".join(map(str, cells)) + " |")
                print(rows[-1], flush=True)
        for worker in workers.values():
            worker.close()
    report = REPORT.format(
        rows="\n".join(rows),
        lr=LR,
        rounds=arguments.rounds,
        epochs=arguments.rounds + 1,
        machine=machine(),
        versions=f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in ("numpy", "torch", "tensorflow", "keras")),
    )
    TABLE.write_text(report)
    print(report)


if __name__ == "__main__":
    main()

"""
cell = "node"
loses = { test_backward = 2 }
says = "m sends the same share on more than once"
"""


class Node:
    def __init__(self, value, parents=()):
        self.value = float(value)
        self.grad = 0.0
        self.parents = tuple(parents)

    def __add__(self, other):
        other = as_node(other)
        return Node(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = as_node(other)
        return Node(self.value * other.value, [(self, other.value), (other, self.value)])

    def tanh(self):
        a = np.tanh(self.value)
        return Node(a, [(self, 1 - a**2)])

    def backward(self):
        def clear(node):
            node.grad = 0.0
            for parent, _ in node.parents:
                clear(parent)

        def send(node):
            for parent, slope in node.parents:
                parent.grad += slope * node.grad
                send(parent)

        clear(self)
        self.grad = 1.0
        send(self)

    def __sub__(self, other):
        return self + as_node(other) * -1.0

    __radd__, __rmul__ = __add__, __mul__


def as_node(x):
    return x if isinstance(x, Node) else Node(x)

"""
cell = "node"
loses = { test_backward = 2 }
says = "begin with self.grad = 1.0"
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
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent, _ in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        for node in order:
            node.grad = 0.0
        for node in reversed(order):
            for parent, slope in node.parents:
                parent.grad += slope * node.grad

    def __sub__(self, other):
        return self + as_node(other) * -1.0

    __radd__, __rmul__ = __add__, __mul__


def as_node(x):
    return x if isinstance(x, Node) else Node(x)

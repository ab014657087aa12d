"""
cell = "search"
loses = { test_search = 2 }
says = "no better than a point at random"
"""


def search(f, n, budget, rng):
    return rng.random(n)

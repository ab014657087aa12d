"""
cell = "translate"
loses = { test_translate = 3 }
says = "jumps from π to −π"
"""


def translate(pt, eta, phi):
    return eta - np.average(eta, weights=pt), phi - np.average(phi, weights=pt)

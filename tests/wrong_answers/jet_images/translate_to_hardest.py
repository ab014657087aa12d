"""
cell = "translate"
loses = { test_translate = 3 }
says = "not the hardest constituent"
"""


def translate(pt, eta, phi):
    k = np.argmax(pt)
    return eta - eta[k], np.angle(np.exp(1j * (phi - phi[k])))

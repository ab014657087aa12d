"""
cell = "translate"
loses = { test_translate = 3 }
says = "must count with its pT"
"""


def translate(pt, eta, phi):
    phi = np.angle(np.exp(1j * (phi - phi[np.argmax(pt)])))
    return eta - eta.mean(), phi - phi.mean()

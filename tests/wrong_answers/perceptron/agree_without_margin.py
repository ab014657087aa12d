"""
cell = "agree"
loses = { test_agree = 2 }
says = "keep 0.1 away from the corners"
"""

W_hidden = np.array([[-1.99, 1.0, 1.0], [0.01, -1.0, -1.0]])
w_out = np.array([-0.5, 1.0, 1.0])

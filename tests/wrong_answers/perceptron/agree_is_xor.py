"""
cell = "agree"
loses = { test_agree = 2 }
says = "this is XOR"
"""

W_hidden = np.array([[-0.5, 1.0, 1.0], [-1.5, 1.0, 1.0]])
w_out = np.array([-0.5, 1.0, -1.0])

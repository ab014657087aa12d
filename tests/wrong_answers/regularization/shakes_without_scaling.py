"""
cell = "answer_2"
loses = { test_answer_2 = 1 }
says = "without the scaling"
"""

answer_2 = np.sqrt(64 * 0.5**2 * 0.2 * 0.8)

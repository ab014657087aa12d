"""
cell = "answer_6"
loses = { test_answer_6 = 1 }
says = "add the squares of the weights"
"""

answer_6 = np.sqrt(200)

"""
cell = "answer_11"
loses = { test_answer_11 = 1 }
says = "their mean is 0.900"
"""

answer_11 = (0.9, 0.9)

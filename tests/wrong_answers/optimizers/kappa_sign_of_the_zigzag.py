"""
cell = "answer_2"
loses = { test_answer_2 = 1 }
says = "the sign changes along w1"
"""

answer_2 = (1 - 0.8) / (1 - 0.99)

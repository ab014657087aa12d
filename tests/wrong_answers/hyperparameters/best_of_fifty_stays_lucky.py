"""
cell = "answer_11"
loses = { test_answer_11 = 1 }
says = "its luck does not come again"
"""

answer_11 = (0.855, 0.855)

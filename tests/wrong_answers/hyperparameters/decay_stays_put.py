"""
cell = "answer_1"
loses = { test_answer_1 = 1 }
says = "L contains λ"
"""

answer_1 = "D"

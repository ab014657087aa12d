"""
cell = "answer_4"
loses = { test_answer_4 = 1 }
says = "look at the equation of the bound again"
"""

answer_4 = "A"

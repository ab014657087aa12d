"""
cell = "answer_3"
loses = { test_answer_3 = 1 }
says = "the slope of the square is twice that"
"""

answer_3 = -0.4
answer_3_training = "B"

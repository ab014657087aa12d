"""
cell = "answer_9"
loses = { test_answer_9 = 1 }
says = "that is the signal efficiency"
"""

answer_9 = 0.6

"""
cell = "answer_9"
loses = { test_answer_9 = 1 }
says = "the last few mini-batches"
"""

answer_9 = "A"

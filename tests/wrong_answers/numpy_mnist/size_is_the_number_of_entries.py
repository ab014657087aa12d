"""
cell = "answer_10"
loses = { test_answer_10 = 1 }
says = "that is Y.size itself"
"""

answer_10 = 600_000

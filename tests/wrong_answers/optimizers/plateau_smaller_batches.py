"""
cell = "answer_9"
loses = { test_answer_9 = 1 }
says = "the level depends on η/B"
"""

answer_9 = "D"

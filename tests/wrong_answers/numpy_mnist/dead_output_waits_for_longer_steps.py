"""
cell = "answer_9"
loses = { test_answer_9 = 1 }
says = "which factor of its gradient"
"""

answer_9 = "C"

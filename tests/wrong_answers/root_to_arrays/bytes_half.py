"""
cell = "answer_2"
loses = { test_answer_2 = 1 }
says = "what is compressed on its own"
"""

answer_2 = "B"

"""
cell = "answer_8"
loses = { test_answer_8 = 1 }
says = "E does not leak"
"""

answer_8 = "BE"

"""
cell = "answer_8"
loses = { test_answer_8 = 1 }
says = "not as fast as w2"
"""

answer_8 = 1.3

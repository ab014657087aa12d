"""
cell = "answer_4"
loses = { test_answer_4 = 1 }
says = "a turn keeps distances in this plane"
"""

answer_4 = "D"

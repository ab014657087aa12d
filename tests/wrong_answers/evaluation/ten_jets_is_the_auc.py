"""
cell = "answer_4"
loses = { test_answer_4 = 1 }
says = "as easy to beat nine"
"""

answer_4 = "A"

"""
cell = "answer_7"
loses = { test_answer_7 = 1 }
says = "that is for equal prongs"
"""

answer_7 = 100.0

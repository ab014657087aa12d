"""
cell = "answer_7"
loses = { test_answer_7 = 1 }
says = "that no step makes smaller"
"""

answer_7 = {"A": "right", "B": "right", "C": "right"}

"""
cell = "answer_11"
loses = { test_answer_11 = 1 }
says = "torn apart"
"""

answer_11 = 2 * 0.8 * 0.2

"""
cell = "verdicts"
loses = { test_verdicts = 1 }
says = "is 1 outside of its 95 % interval"
"""

better_at_50, better_at_70, better_at_80 = "A", "A", "B"

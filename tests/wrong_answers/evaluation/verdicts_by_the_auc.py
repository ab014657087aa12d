"""
cell = "verdicts"
loses = { test_verdicts = 1 }
says = "the AUC averages over all cuts"
"""

better_at_50 = better_at_70 = better_at_80 = "B"

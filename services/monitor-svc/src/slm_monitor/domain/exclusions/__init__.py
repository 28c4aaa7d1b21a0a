"""Exclusions: time that a party asks to leave out of the figures, from the request to its approval, rejection or
revocation.

Here are the rules of who decides, and of how much planned maintenance its notice and its cap allow. They must not know
any figure: the evaluation subtracts the excluded time, and these rules do not see what that changes.
"""

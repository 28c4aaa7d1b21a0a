"""Exclusions: time that a party asks to leave out of the figures, from the request to its approval, rejection or
revocation.

The package has the rules for who decides, and for how much planned maintenance notice and cap allow. It must not know
any figure: the evaluation subtracts the excluded time, and these rules never see the result.
"""

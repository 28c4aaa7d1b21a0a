"""Exclusions: time that a party asks to leave out of the figures, from the request to its approval, rejection or
revocation.

The package has the rules for who decides, and the limits of planned maintenance: its notice and its cap. It must not
know any figure: the evaluation subtracts the excluded time, and these rules never see the result.
"""

"""A price table reckoned a second time, with the standard library only: cases as JSON on stdin, tables on stdout.

It moves no limit: a window that meets the candidate costs nothing; one that misses it costs what its figure costs, or,
if its figure would have met what was agreed, what the mildest miss of the agreed objective costs.
"""

import json
import sys
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, localcontext

CENT = Decimal("0.01")


def rate(bands, figure):
    """The band with the highest start that is not above the figure."""
    return [each for each in bands if Decimal(each["from"]) <= figure][-1]


def credit(case, candidate, figure):
    agreed, bands = Decimal(case["agreed"]), case["bands"]
    if figure >= candidate:
        return Decimal(0)
    below = [each for each in bands if Decimal(each["from"]) < agreed]
    band = rate(bands, figure) if figure < agreed else below[-1]
    if "flat" in band:
        exact = Decimal(band["flat"])
    else:
        exact = Decimal(band["percent_of_charge"]) * Decimal(case["charge"]) / 100
    return exact.quantize(CENT, ROUND_HALF_UP)


def table(case):
    rows = []
    for text in case["candidates"]:
        candidate, due, met, by_year = Decimal(text), Decimal(0), 0, {}
        for period in case["periods"]:
            left = (Decimal(case["cap"]) * Decimal(case["charge"]) / 100).quantize(CENT, ROUND_DOWN)
            year_left = Decimal(case["year_cap"]) - by_year.get(period["year"], Decimal(0))
            for figure in map(Decimal, period["figures"]):
                met += figure >= candidate
                paid = max(Decimal(0), min(credit(case, candidate, figure), left, year_left))
                left, year_left, due = left - paid, year_left - paid, due + paid
                by_year[period["year"]] = by_year.get(period["year"], Decimal(0)) + paid
        rows.append([text, met, int(due * 100)])
    return rows


with localcontext() as exactly:
    exactly.prec = 60
    json.dump([table(each) for each in json.load(sys.stdin)], sys.stdout)

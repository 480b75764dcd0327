#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Writes dates.txt: for each recurrence rule all of its days from 2018 to 2040, by python-dateutil.

    python3 dates.py > dates.txt        (python-dateutil 2.9)

A line is `first day|rule|days`. The days are the first of them, then the distances in days from one
to the next; `(7 14)x20` is a group that comes twenty times.

python-dateutil 2.9 gives the first days of some Januaries a wrong week number (it takes the length
of the new year for that of the old: 1 and 2 January 2022 lie in week 52, not 53) and looks for only
one of the last weeks of a year in the next. Rules by week numbers are therefore worked out by
`date.isocalendar`, which is part of Python and not of python-dateutil; where the two differ, only
such days may.
"""
import random
import sys
from datetime import date, datetime, timedelta

from dateutil.rrule import rrulestr

FIRST, LAST = date(2018, 1, 1), date(2040, 12, 31)
ODD = ",".join(str(week) for week in range(1, 54, 2))
EVEN = ",".join(str(week) for week in range(2, 53, 2))
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]

RULES = [
    # What offices have.
    *[("2018-01-01", f"FREQ=YEARLY;WKST=MO;BYWEEKNO={weeks};BYDAY={day}")
      for weeks in (ODD, EVEN) for day in DAYS],
    ("2018-01-01", f"FREQ=YEARLY;WKST=MO;BYWEEKNO={ODD};BYDAY=MO,WE,FR"),
    ("2018-01-01", "FREQ=WEEKLY;BYDAY=TU"),
    ("2018-01-01", "FREQ=WEEKLY;BYDAY=MO,WE,FR"),
    ("2018-01-01", "FREQ=WEEKLY;BYDAY=MO,TU,TH,FR"),
    ("2018-01-03", "FREQ=WEEKLY"),
    ("2018-01-01", "FREQ=DAILY"),
    ("2018-01-01", "FREQ=MONTHLY;BYDAY=-1MO"),
    ("2018-01-01", "FREQ=MONTHLY;BYDAY=1FR"),
    ("2018-01-01", "FREQ=MONTHLY;BYDAY=2TU,4TU"),
    ("2018-01-01", "FREQ=MONTHLY;BYDAY=5WE"),
    ("2018-01-01", "FREQ=MONTHLY;BYDAY=-2TH"),
    ("2018-01-01", "FREQ=MONTHLY;BYMONTHDAY=1,15"),
    ("2018-01-01", "FREQ=MONTHLY;BYMONTHDAY=-1"),
    ("2018-01-31", "FREQ=MONTHLY"),
    ("2018-01-01", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
    ("2018-01-01", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,2,-1"),
    ("2018-01-01", "FREQ=MONTHLY;BYMONTH=3,4,5,6,7,8,9,10;BYDAY=1SA"),
    ("2018-01-01", "FREQ=WEEKLY;BYMONTH=1,2,12;BYDAY=TH"),
    ("2018-01-01", "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR"),
    # Every second week is another rule than odd weeks.
    ("2018-01-02", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"),
    ("2018-01-04", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH"),
    ("2018-01-04", "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,MO"),
    ("2018-01-04", "FREQ=WEEKLY;INTERVAL=3;WKST=TH;BYDAY=WE,TH"),
    ("2018-02-14", "FREQ=MONTHLY;INTERVAL=3;BYDAY=2WE"),
    ("2018-01-31", "FREQ=MONTHLY;INTERVAL=2"),
    ("2018-03-01", "FREQ=DAILY;INTERVAL=10"),
    ("2019-01-01", "FREQ=YEARLY;INTERVAL=2;BYMONTH=9;BYDAY=1MO"),
    # First days long before and after 2018.
    ("2003-05-13", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"),
    ("2011-11-11", "FREQ=MONTHLY;INTERVAL=5;BYDAY=-1FR"),
    ("1999-12-31", "FREQ=DAILY;INTERVAL=7"),
    ("2027-08-09", "FREQ=WEEKLY;BYDAY=MO,FR"),
    ("2032-12-28", f"FREQ=YEARLY;WKST=MO;BYWEEKNO={ODD};BYDAY=TU"),
    # Leap days, and years of 53 weeks.
    ("2016-02-29", "FREQ=YEARLY"),
    ("2016-02-29", "FREQ=MONTHLY;BYMONTHDAY=29"),
    ("2016-02-29", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1"),
    ("2016-02-29", "FREQ=YEARLY;BYYEARDAY=60,366,-366,-1"),
    ("2018-01-01", "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO,TU,WE,TH,FR,SA,SU"),
    ("2018-01-01", "FREQ=YEARLY;BYWEEKNO=-1;BYDAY=MO,SU"),
    ("2018-01-01", "FREQ=YEARLY;BYWEEKNO=1,52;BYDAY=MO,TU,WE,TH,FR,SA,SU"),
    # The last ones: COUNT and UNTIL.
    ("2018-01-02", "FREQ=WEEKLY;COUNT=10;BYDAY=TU,TH"),
    ("2015-01-05", "FREQ=WEEKLY;COUNT=500;BYDAY=MO,WE,FR"),
    ("2018-01-29", "FREQ=MONTHLY;COUNT=30;BYDAY=-1MO"),
    ("2018-01-31", "FREQ=MONTHLY;COUNT=40;BYMONTHDAY=31"),
    ("2018-01-02", "FREQ=WEEKLY;UNTIL=20261229;BYDAY=TU"),
    ("2018-01-02", "FREQ=WEEKLY;UNTIL=20261228;BYDAY=TU"),
    ("2018-01-02", f"FREQ=YEARLY;UNTIL=20270105;WKST=MO;BYWEEKNO={ODD};BYDAY=TU"),
    # Years.
    ("2018-01-01", "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24"),
    ("2018-05-07", "FREQ=YEARLY;BYMONTH=5,9"),
    ("2018-01-01", "FREQ=YEARLY;BYDAY=20MO,-1FR"),
    ("2018-01-01", "FREQ=YEARLY;BYDAY=53MO,-53TU"),
    ("2018-01-01", "FREQ=YEARLY;BYMONTH=6;BYDAY=-1SA"),
    ("2018-01-01", "FREQ=YEARLY;BYMONTHDAY=13;BYDAY=FR"),
    ("2018-01-01", "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=100,-1"),
    ("2018-01-01", "FREQ=YEARLY;BYYEARDAY=1,100,200,-1"),
    ("2018-01-01", "FREQ=YEARLY;BYDAY=TH"),
]


def generated(count):
    """Rules nobody would write, within what RFC 5545 permits and python-dateutil gets right."""
    dice = random.Random(5545)

    def some(values, most):
        return ",".join(str(v) for v in sorted(dice.sample(values, dice.randint(1, most))))

    for _ in range(count):
        frequency = dice.choice(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
        # A whole week from the first day on: python-dateutil chooses by BYSETPOS from the rest of
        # the first week only.
        start = date(2010, 1, 4) + timedelta(weeks=dice.randint(0, 600))
        parts = {"FREQ": frequency, "INTERVAL": dice.choice([1, 1, 1, 2, 3, 7])}
        ordinary = {"MONTHLY": 5, "YEARLY": 53}.get(frequency)
        if dice.random() < 0.3:
            parts["BYMONTH"] = some(range(1, 13), 4)
            ordinary = ordinary and 5
        if frequency != "WEEKLY" and dice.random() < 0.4:
            parts["BYMONTHDAY"] = some([*range(1, 32), *range(-31, 0)], 8)
        if frequency == "YEARLY" and dice.random() < 0.2:
            parts["BYYEARDAY"] = some([*range(1, 367), *range(-366, 0)], 60)
        if ordinary and "BYMONTHDAY" not in parts and dice.random() < 0.4:
            parts["BYDAY"] = ",".join(
                f"{dice.choice([-1, 1]) * dice.randint(1, ordinary)}{day}"
                for day in dice.sample(DAYS, dice.randint(1, 3)))
        elif dice.random() < 0.6:
            parts["BYDAY"] = some(DAYS, 6)
        if frequency == "YEARLY" and parts.get("BYDAY", "1")[0].isalpha() and dice.random() < 0.4:
            parts["BYWEEKNO"] = some([*range(1, 54), -1], 12)
            parts["INTERVAL"] = 1
        parts["WKST"] = "MO" if "BYWEEKNO" in parts else dice.choice(DAYS)
        if parts["WKST"] == "MO" and any(k.startswith("BY") for k in parts) and dice.random() < 0.3:
            if "BYWEEKNO" not in parts:
                parts["BYSETPOS"] = some([1, 2, 3, 4, -1, -2, -3], 3)
        if dice.random() < 0.15:
            parts["COUNT"] = dice.randint(1, 400)
        elif dice.random() < 0.15:
            last = FIRST + timedelta(days=dice.randint(0, 8000))
            parts["UNTIL"] = last.strftime("%Y%m%d")
        yield str(start), ";".join(f"{name}={value}" for name, value in parts.items())


def library(start, rule):
    first = datetime.fromisoformat(start)
    return [d.date() for d in rrulestr(rule, dtstart=first).between(
        datetime.combine(FIRST, datetime.min.time()),
        datetime.combine(LAST, datetime.min.time()), inc=True)]


def week_fits(day, wanted):
    year, week, _ = day.isocalendar()
    weeks = date(year, 12, 28).isocalendar()[1]
    return week in wanted or week - weeks - 1 in wanted


def days(start, rule):
    """All days of the rule between FIRST and LAST."""
    parts = dict(part.split("=") for part in rule.split(";"))
    given = library(start, rule)
    if "BYWEEKNO" not in parts:
        return given
    wanted = {int(week) for week in parts.pop("BYWEEKNO").split(",")}
    assert parts.get("WKST", "MO") == "MO" and parts.get("INTERVAL", "1") == "1"
    count = parts.pop("COUNT", None)
    first = datetime.fromisoformat(start)
    unlimited = ";".join(f"{name}={value}" for name, value in parts.items())
    everything = rrulestr(unlimited, dtstart=first).between(
        first, datetime.combine(LAST, datetime.min.time()), inc=True)
    result = [d.date() for d in everything if week_fits(d.date(), wanted)][:count and int(count)]
    result = [d for d in result if d >= FIRST]
    if not count:
        for day in sorted(set(result) ^ set(given)):
            assert day.month == 1 and day.day <= 3, (rule, day)
            print(f"python-dateutil is wrong about {day}: {rule}", file=sys.stderr)
    return result


def written(found):
    """The first day and the distances, repeated groups in brackets."""
    if not found:
        return ""
    gaps = [(b - a).days for a, b in zip(found, found[1:])]
    words, at = [str(found[0])], 0
    while at < len(gaps):
        best, times = 1, 1
        for size in range(1, 32):
            group, n = gaps[at:at + size], 1
            while gaps[at + n * size:at + (n + 1) * size] == group:
                n += 1
            if n > 1 and (n - 1) * size > (times - 1) * best:
                best, times = size, n
        group = " ".join(str(gap) for gap in gaps[at:at + best])
        words.append(f"({group})x{times}" if times > 1 else group)
        at += best * times
    return " ".join(words)


if __name__ == "__main__":
    for start, rule in [*RULES, *generated(120)]:
        print(f"{start}|{rule}|{written(days(start, rule))}")

"""How often `show` waits for Azure, one request after the other: what a slow connection costs.

The same command runs with no delay and with one second added to each request, in turns. What it takes longer, in
seconds, is the number of its round trips: a second is far above what a busy machine adds to one run of az.
"""

from __future__ import annotations

import statistics

from tests.scenario.apps import naming

DELAY = 1.0
RUNS = 5
MOST = 2.7
"""Two round trips, and what an az process varies by."""


def test_show_waits_for_two_round_trips(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    site.use_32bit_worker = False
    az("webapp python show", *naming(site))
    plain, delayed = [], []
    for _ in range(RUNS):
        plain.append(az("webapp python show", *naming(site)).seconds)
        with azure.delayed(DELAY):
            delayed.append(az("webapp python show", *naming(site)).seconds)
    trips = (statistics.median(delayed) - statistics.median(plain)) / DELAY
    print(
        f"\naz webapp python show: {statistics.median(plain):.2f} s; with {DELAY:.0f} s added to each request "
        f"{statistics.median(delayed):.2f} s: {trips:.1f} round trips (median of {RUNS} runs)"
    )
    assert trips < MOST

"""Matching what sources write differently: firms, roads, places.

In: texts and coordinates. Out: keys, and pairs with a confidence. It stands below the rooms that use it.
"""

"""Matching what sources write differently: firms, roads, places.

In: texts and coordinates. Out: keys, and pairs with a confidence. It stands below the rooms that use it. ``roads``
reads addresses, ``geo`` coordinates and areas, ``firms`` the names on permits; ``pairs`` puts contracts, permits and
reports together with them.
"""

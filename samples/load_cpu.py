#!/usr/bin/env python3
"""The book's first load: a loop that only computes. Load rises by one, all of it CPU."""

while True:
    test = 1

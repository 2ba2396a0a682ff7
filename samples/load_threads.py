#!/usr/bin/env python3
"""The book's second load: ten threads that compute. One interpreter lock: one runs at a time."""

import threading


def spin():
    while True:
        test = 1


for _ in range(10):
    threading.Thread(target=spin).start()

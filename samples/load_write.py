#!/usr/bin/env python3
"""The book's third load: it opens a file, writes and closes it, for ever. The page cache takes the
writes: what it costs is system time, not waiting for a disk."""

import sys

while True:
    with open(sys.argv[1] if len(sys.argv) > 1 else "/var/tmp/linsight-load-write", "w") as file:
        file.write("TEST")

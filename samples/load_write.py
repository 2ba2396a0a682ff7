#!/usr/bin/env python3
"""The book's third load: it opens a file, writes and closes it, for ever. Where the page cache takes
the writes it costs system time, and no waiting; ext4 sends a file that replaces another to the disk
when it is closed (auto_da_alloc), and the load is then partly the disk's."""

import sys

while True:
    with open(sys.argv[1] if len(sys.argv) > 1 else "/var/tmp/linsight-load-write", "w") as file:
        file.write("TEST")

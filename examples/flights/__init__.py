"""The main job: a flight-board service on one host, its workers sharing one cache.

    make demo            or        python -m examples.flights --help

Four worker processes replay the 336,776 flights that left New York in 2013, in
order of departure, as look-ups in a real SQLite database: without a cache, with a
cache in every worker, and with one Pinyon region shared by all of them. Then 128
callers ask for one expired key at once, everybody asks for aircraft that do not
exist, and writers are killed in the middle of their writes.

    data      the package of flights -> a database, once
    queries   what the service asks that database
    boards    the same look-ups with no cache, a cache per worker, a shared cache
    crew      worker processes that can be watched, asked and killed
    replay    the year, flight by flight, timed
    herd      one expired key and 10,000 absent ones
    crash     SIGKILL in mid-write
    measure   latencies and memory
    screen    what is seen while it runs, in a terminal or in a log
    picture   the same figures as a PNG
    run       the order of events, and the command line
"""

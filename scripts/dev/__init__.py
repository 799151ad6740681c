"""The development driver behind the Makefile: sets a machine up, starts the system, runs the tests.

It needs Python 3.11 and nothing outside the standard library. Everything that it makes lies in one
git-ignored folder, `.data/` (`PROSAAS_DATA_DIR` moves it).
"""

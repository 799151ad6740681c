"""Tests of the development driver: python3 -m unittest discover -t . -s scripts/dev/tests."""

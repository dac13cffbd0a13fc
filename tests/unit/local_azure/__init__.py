"""Tests of the local Azure itself, without Wine."""

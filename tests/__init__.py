"""Tests: unit (pure logic), scenario (the real az against the local Azure), bench, and the local Azure itself."""

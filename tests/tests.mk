# Tests: one Check program per tests/test_*.c, one bats file per tests/*.bats.

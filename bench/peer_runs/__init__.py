"""The work of bench.engine_work in the words of headrace's peers, run in the environment of `make peers`."""

"""What a project offers, by names that people use: pulling and locking it, names to ids, and the types of values.

Pure but for the lock file; knows neither HTTP nor live state.
"""

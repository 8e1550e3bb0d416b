"""The only place that talks HTTP: tokens, transport, retries, rate, and the client that ties them together.

Knows the API; knows nothing of manifests, catalogs, plans or where a key is kept.
"""

"""The signing key and the tokens that are signed with it: by threads, or by processes where there are many."""

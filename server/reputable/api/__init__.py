"""The edge: what comes over the wire is decoded, delegated and encoded here."""

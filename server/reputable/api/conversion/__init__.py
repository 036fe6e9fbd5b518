"""Pure conversions between messages and the domain, one module for each service's nouns."""

"""Other ways of serving a scikit-learn model, each in an environment of its own."""

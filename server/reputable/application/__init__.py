"""The verbs: assessing, recording, resolving; and the ports through which they reach the world."""

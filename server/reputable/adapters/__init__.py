"""What stands behind the ports: databases, caches, files, clocks."""

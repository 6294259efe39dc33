"""Exchange of trained networks with other libraries. Each needs an extra, and is imported where it is used."""

"""Read and change what a remote root publishes of a container: a log of entries, a pointer to the newest, and manifests."""

"""What a node tells Prometheus: what there is to know, how it is read, and who may ask."""

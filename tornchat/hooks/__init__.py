"""Between the core and its plugins: the specifications, the loader, and calls with deadline and policy."""

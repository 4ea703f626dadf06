"""HTTP: the API, documents, pages, static files, health and metrics."""

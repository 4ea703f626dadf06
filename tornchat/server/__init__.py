"""Everything that knows Tornado: sockets in, sockets out, pages."""

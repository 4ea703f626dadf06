"""The plugin interface: hook specifications, the plugin loader, and hook calls with deadlines."""

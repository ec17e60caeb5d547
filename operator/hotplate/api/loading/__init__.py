"""Resources from YAML files, and errors that name the field that is wrong."""

"""From YAML files to resources; what is wrong in them becomes errors that name the field."""

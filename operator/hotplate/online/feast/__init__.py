"""The online store as Feast sees it: the plugin, its configuration, deletion, ACL rules."""

"""The two custom resources of the version v1alpha1: their spec, their status, their names."""

"""From the resources' models to files: the CRDs and the reference pages."""

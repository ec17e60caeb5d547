"""The CRDs and the reference pages, rendered from the models of the resources."""

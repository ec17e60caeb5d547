"""What Feast's configuration says of the registry stores of this package. Imports nothing."""

from __future__ import annotations

EMBEDDED = "hotplate.jobs.registry.guarded.EmbeddedRegistryStore"
FILE = "hotplate.jobs.registry.guarded.LockedFileRegistryStore"
S3 = "hotplate.jobs.registry.s3.S3RegistryStore"
"""The `registry_store_type` of each: Feast imports the class by this name."""

S3_REGION = "region_name"
"""The name of the bucket's region among the settings of a registry in S3."""

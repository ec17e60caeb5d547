"""The errors of models and artifacts that cannot be used.

    ModelError                      a model cannot be used
        ModelMissingError           neither the model store nor the artifact store has it
        ModelCorruptError           its files are not those that training wrote
        ContractMismatchError       it was trained on other features than are served
    ArtifactError                   an artifact store does not return an artifact
        ArtifactMissingError        no artifact has that hash
        ArtifactCorruptError        the bytes under that hash have another one
    ContractError (a ValueError)    bytes are not a feature contract as it was written

A message says what is wrong. The fix depends on who reads it, so a Job and a scoring process each
add their own.
"""

from __future__ import annotations


class ModelError(Exception):
    """A model cannot be used."""


class ModelMissingError(ModelError):
    """Neither the model store nor the artifact store has the model."""


class ModelCorruptError(ModelError):
    """The files of a model are not those that training wrote."""


class ContractMismatchError(ModelError):
    """A model was trained on other features than are served."""


class ArtifactError(Exception):
    """An artifact store does not return an artifact."""


class ArtifactMissingError(ArtifactError):
    """No artifact has that hash."""


class ArtifactCorruptError(ArtifactError):
    """The bytes under that hash have another one."""


class ContractError(ValueError):
    """Bytes are not a feature contract, or were changed after it was written."""

"""What Jobs write once and scoring processes read: artifacts by hash, and the feature contract.

store       an artifact is put and got by the sha256 of its bytes
contract    the ordered features, types and categories that a model was trained on
"""

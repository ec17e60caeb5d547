"""What a model is, from training to serving.

Training writes a bundle (the ONNX model and the contract of the features that it takes), the
artifact store keeps it, verification and the scoring process open it. All of them use this package,
so that a model that one of them accepts is a model that the others accept.
"""

"""What a model is, from training to serving.

A model is a bundle: an ONNX file, and the contract of the features that it was trained on. Training
saves bundles, the artifact store keeps them, and verification and the scoring process open them.
All of them use this package, so that a bundle that one of them accepts is accepted by the others.
Nothing here knows how a model is trained, where Feast's registry is, or what a resource looks like.
"""

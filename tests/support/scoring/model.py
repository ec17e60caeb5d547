"""Makes the small credit model that tests serve; a script, since it needs BENTOML_HOME.

It trains a tree on made-up rows, keeps it in BentoML's model store as the train Job does, puts its
export and the read plan into the artifact store of its first argument, and prints what the
serving settings need as JSON.
"""

from __future__ import annotations

import json
import sys

import numpy as np
from skl2onnx import to_onnx
from sklearn.tree import DecisionTreeClassifier

from hotplate.model.artifact_store import artifact_store, digest_of
from hotplate.model.bundle import Bundle, BundleStore
from support.scoring.plan import contract, contract_features, read_plan


def tree(names: list[str]) -> bytes:
    """Return an ONNX tree: defaults follow from missed payments and from the loan's size."""
    random = np.random.default_rng(1)
    rows = random.uniform(0, 1, (4000, len(names))).astype(np.float32)
    rows *= [100_000 if name != "missed_payments_1y" else 4 for name in names]
    missed, amount = names.index("missed_payments_1y"), names.index("loan_amnt")
    risk = rows[:, missed] / 4 + rows[:, amount] / 100_000 + random.normal(0, 0.2, len(rows))
    model = DecisionTreeClassifier(max_depth=5, random_state=1).fit(rows, risk > 1)
    onnx = to_onnx(
        model, rows[:1], options={id(model): {"zipmap": False}}, final_types=None, target_opset=17
    )
    onnx.graph.input[0].name = "features"
    for node in onnx.graph.node:
        node.input[:] = ["features" if each == "X" else each for each in node.input]
    return onnx.SerializeToString()


def main(artifacts: str) -> None:
    plan = read_plan()
    onnx = tree([feature.name for feature in contract_features()])
    service_hash = plan.for_service("credit_scoring_v1").hash
    trained = contract(service_hash=service_hash, model_hash=digest_of(onnx))
    store, bundles = artifact_store(artifacts), BundleStore()
    bundle = Bundle.of("credit_scoring", trained, onnx)
    bundles.save(bundle, metadata={}, files={})
    result = {
        "model": {"tag": bundle.tag, "artifact": store.put(bundles.export(bundle.tag))},
        "readPlan": store.put(plan.to_json()),
        "otherReadPlan": store.put(read_plan(extra_feature=True).to_json()),
    }
    print(json.dumps(result))  # noqa: T201  this script's answer


if __name__ == "__main__":
    main(sys.argv[1])

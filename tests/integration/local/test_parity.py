from hotplate.local.state import State
from parity.parity import differences
from support import ROOT


def test_loans_are_decided_over_http_as_the_model_decides_them_offline(tmp_path, start) -> None:
    manifest = ROOT / "examples" / "credit-scoring.yaml"
    run = start(tmp_path / "state", manifest).until("Ctrl-C ends it.", seconds=240)

    compared, different = differences(manifest, State(tmp_path / "state"), rows=2000)
    assert compared == 2000
    assert different.empty, different.head().to_string()
    run.end()

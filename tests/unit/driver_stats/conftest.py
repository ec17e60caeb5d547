import sys

from support import ROOT

sys.path.append(str(ROOT / "examples/driver_stats/feature_repo"))

import sys

from support import ROOT

sys.path.append(str(ROOT / "feature_repo"))

import kopf

from hotplate.api.v1alpha1 import names
from hotplate.controller.settings import OperatorSettings
from hotplate.controller.watch import configure


def test_kopf_watches_only_hotplates_children_and_keeps_its_marks_to_hotplates_group() -> None:
    settings = kopf.OperatorSettings()

    configure(settings, OperatorSettings(namespaces=("ml",)))

    assert settings.persistence.finalizer.startswith(f"{names.GROUP}/")
    assert settings.persistence.finalizer != names.FINALIZER, "Kopf would remove it"
    assert settings.peering.standalone
    assert not settings.posting.enabled
    assert settings.scanning.disabled
    selector = settings.watching.label_selectors["batch", "v1", "jobs"]
    assert selector == "app.kubernetes.io/managed-by=hotplate"

"""The options of the Jobs; each also comes from an environment variable."""

from pathlib import Path
from typing import Annotated

import typer

from hotplate.api.v1alpha1 import names
from hotplate.protocol import bentoml_environment, job_environment
from hotplate.protocol.pod_files import GOLDEN_ROWS_FILE, key_of

File = Annotated[
    Path,
    typer.Argument(envvar=job_environment.MANIFEST, help="YAML file with the resources."),
]
Definitions = Annotated[
    Path | None,
    typer.Option(
        envvar=job_environment.DEFINITIONS,
        help="Folder of the Feast repository. If omitted, the one that annotation"
        f" {names.LOCAL_DEFINITIONS} names.",
    ),
]
EmbeddedStore = Annotated[
    str | None,
    typer.Option(
        envvar=job_environment.EMBEDDED_STORE, help="redis://host:port of the embedded Valkey."
    ),
]
Artifacts = Annotated[
    str | None,
    typer.Option(
        envvar=job_environment.ARTIFACTS,
        help="URL of the artifact store. If omitted, spec.artifacts is used.",
    ),
]
ModelStore = Annotated[
    Path | None,
    typer.Option(
        envvar=bentoml_environment.HOME, help="BentoML's home, which holds the model store."
    ),
]
PinnedVersion = Annotated[
    str | None,
    typer.Option(
        envvar=job_environment.MODEL,
        help="name:version@sha256:… of the model. If omitted, the last one is verified.",
    ),
]
GoldenRows = Annotated[
    Path | None,
    typer.Option(
        envvar=job_environment.GOLDEN_ROWS,
        help=f"{key_of(GOLDEN_ROWS_FILE)} with requests and their known decisions.",
    ),
]
GitUrl = Annotated[
    str, typer.Option(envvar=job_environment.GIT_URL, help="URL of the Git repository.")
]
GitRef = Annotated[
    str, typer.Option(envvar=job_environment.GIT_REF, help="Branch, tag or commit to read.")
]
GitSecret = Annotated[
    Path | None,
    typer.Option(
        envvar=job_environment.GIT_SECRET,
        help="Folder with the keys of the repository's Secret. If omitted, it is public.",
    ),
]
Checkout = Annotated[
    Path,
    typer.Option(envvar=job_environment.CHECKOUT, help="Empty folder to put the files into."),
]
StoredDigest = Annotated[
    str, typer.Option(envvar=job_environment.RESULT, help="Hash of the stored result, sha256:….")
]
Part = Annotated[
    int, typer.Option(envvar=job_environment.RESULT_PART, help="Which part; the first is 0.")
]
PlanHash = Annotated[
    str | None,
    typer.Option(
        envvar=job_environment.PLAN_HASH,
        help="Hash of the plan to apply, sha256:…. If omitted, whatever is planned is applied.",
    ),
]
Readers = Annotated[
    str | None,
    typer.Option(
        envvar=job_environment.READERS,
        help=(
            "JSON list of the models that read the online data, each with name, feature_service"
            " and read_plan. If omitted, online data of removed features is kept."
        ),
    ),
]
View = Annotated[str, typer.Option(envvar=job_environment.VIEW, help="Name of the feature view.")]
Start = Annotated[
    str | None,
    typer.Option(
        envvar=job_environment.START,
        help="Start of the window, RFC 3339. If omitted, the watermark is used.",
    ),
]
End = Annotated[
    str | None,
    typer.Option(
        envvar=job_environment.END, help="End of the window, RFC 3339. If omitted, it is now."
    ),
]

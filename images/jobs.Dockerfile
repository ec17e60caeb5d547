# What the Jobs of a feature store run: Git, Feast, training, BentoML's model store.
# Without dependencies of Feast that no Job uses: its web page, and mypy.
# Base of the image that carries a project's own definitions.
FROM python:3.11-slim AS dependencies
COPY requirements/jobs.lock /src/requirements/
RUN python -m venv --without-pip /opt/hotplate \
 && pip --no-cache-dir --python /opt/hotplate/bin/python install --require-hashes \
    -r /src/requirements/jobs.lock \
 && pip --python /opt/hotplate/bin/python uninstall --yes mypy \
 && cd /opt/hotplate/lib/python3.11/site-packages \
 && rm -rf */tests */*/tests pyarrow/include pyarrow/src feast/ui

FROM dependencies AS package
COPY requirements/build.lock /src/requirements/
RUN python -m venv --without-pip /opt/build \
 && pip --no-cache-dir --python /opt/build/bin/python install --require-hashes \
    -r /src/requirements/build.lock
COPY LICENSE README.md pyproject.toml /src/
COPY examples /src/examples
COPY operator /src/operator
RUN cd /src \
 && /opt/build/bin/hatchling build -t wheel -d /dist \
 && pip --no-cache-dir --python /opt/hotplate/bin/python install --no-deps --prefix /package \
    /dist/*.whl

FROM python:3.11-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git openssh-client \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /usr/share/doc/* /var/log/*
RUN echo 'hotplate:x:65532:65532::/tmp:/usr/sbin/nologin' >> /etc/passwd
# Two layers: the code changes often, its dependencies rarely.
COPY --from=dependencies /opt/hotplate /opt/hotplate
COPY --from=package /package /opt/hotplate
ENV PATH=/opt/hotplate/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    BENTOML_DO_NOT_TRACK=True \
    BENTOML_HOME=/tmp/bentoml
USER 65532:65532
ENTRYPOINT ["hotplate"]

# The operator: Kopf and the Kubernetes client; neither Feast nor BentoML.
FROM python:3.11-slim AS dependencies
COPY requirements/operator.lock /src/requirements/
RUN python -m venv --without-pip /opt/hotplate \
 && pip --no-cache-dir --python /opt/hotplate/bin/python install --require-hashes \
    -r /src/requirements/operator.lock

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
RUN echo 'hotplate:x:65532:65532::/tmp:/usr/sbin/nologin' >> /etc/passwd
# Two layers: the code changes often, its dependencies rarely.
COPY --from=dependencies /opt/hotplate /opt/hotplate
COPY --from=package /package /opt/hotplate
ENV PATH=/opt/hotplate/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1
USER 65532:65532
ENTRYPOINT ["python", "-m", "hotplate.controller"]

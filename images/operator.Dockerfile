# The operator: Kopf and the Kubernetes client; neither Feast nor BentoML.
FROM python:3.11-slim AS build
RUN python -m venv --without-pip /opt/build \
 && python -m venv --without-pip /opt/hotplate
COPY requirements/build.lock requirements/operator.lock /src/requirements/
RUN cd /src/requirements \
 && pip --no-cache-dir --python /opt/build/bin/python install --require-hashes -r build.lock \
 && pip --no-cache-dir --python /opt/hotplate/bin/python install --require-hashes -r operator.lock
COPY LICENSE README.md pyproject.toml /src/
COPY examples /src/examples
COPY operator /src/operator
RUN cd /src \
 && /opt/build/bin/hatchling build -t wheel -d /dist \
 && pip --no-cache-dir --python /opt/hotplate/bin/python install --no-deps /dist/*.whl

FROM python:3.11-slim
RUN echo 'hotplate:x:65532:65532::/tmp:/usr/sbin/nologin' >> /etc/passwd
COPY --from=build /opt/hotplate /opt/hotplate
ENV PATH=/opt/hotplate/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1
USER 65532:65532
ENTRYPOINT ["python", "-m", "hotplate.controller"]

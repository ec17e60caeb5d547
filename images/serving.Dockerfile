# What a bento runs in: BentoML and the online reader; neither Feast nor pandas nor scikit-learn.
# Base of the image that carries a bento at /bento.
FROM python:3.11-slim AS dependencies
COPY requirements/serving.lock /src/requirements/
RUN python -m venv --without-pip /opt/hotplate \
 && pip --no-cache-dir --python /opt/hotplate/bin/python install --require-hashes \
    -r /src/requirements/serving.lock \
 && cd /opt/hotplate/lib/python3.11/site-packages \
 && rm -rf */tests */*/tests

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
    PYTHONUNBUFFERED=1 \
    BENTOML_DO_NOT_TRACK=True \
    BENTOML_HOME=/tmp/bentoml
USER 65532:65532
WORKDIR /bento
EXPOSE 3000
ENTRYPOINT ["bentoml", "serve"]
CMD ["/bento", "--host", "0.0.0.0", "--port", "3000", "--timeout-keep-alive", "75"]

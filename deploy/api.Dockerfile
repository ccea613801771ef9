# The API process: Segue without torch.
# Build from the repository's root: docker build --file deploy/api.Dockerfile --tag segue-api:0.1.0 .

FROM python:3.11-slim AS build
RUN python -m venv /opt/segue
ENV PATH=/opt/segue/bin:$PATH
WORKDIR /src
# Dependencies first, with empty packages of Segue, so that a code change keeps this layer in the cache.
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY models/weights/NOTICE models/weights/
COPY clients/python/pyproject.toml clients/python/README.md clients/python/LICENSE clients/python/
RUN pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt ./clients/python '.[postgres]'
COPY clients/python clients/python
COPY models models
COPY services services
COPY workers workers
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps --force-reinstall \
    ./clients/python .

FROM python:3.11-slim
# The user id is fixed because it owns the files in the data volume. Incoming uploads go to /data/tmp because they are too
# large for a /tmp in memory.
RUN groupadd --gid 10001 segue \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin segue \
    && install --directory --owner=segue --group=segue --mode=0700 /data /data/tmp
COPY --from=build /opt/segue /opt/segue
COPY deploy/gunicorn_conf.py deploy/api_health.py /etc/segue/
# SEGUE_HOST: clients cannot reach a container's loopback. The published address decides who can reach the port.
# PYTHONDONTWRITEBYTECODE: everything is compiled already, and the root file system may be read-only.
# PYTHONSAFEPATH: files in the working directory must not shadow Segue's packages.
ENV PATH=/opt/segue/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    SEGUE_DATA_DIR=/data \
    SEGUE_HOST=0.0.0.0 \
    TMPDIR=/data/tmp
WORKDIR /data
USER 10001:10001
EXPOSE 8765
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --start-interval=2s --retries=3 \
    CMD ["python", "/etc/segue/api_health.py"]
CMD ["gunicorn", "--config=/etc/segue/gunicorn_conf.py", "services.api.app:create_app()"]

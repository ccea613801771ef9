# A worker: Segue with torch. libsndfile and libsoxr come inside their wheels, so nothing is needed from apt.
# Build from the repository's root: docker build --file deploy/worker.Dockerfile --tag segue-worker:0.1.0 .
# With `--build-arg TORCH_INDEX=…` torch comes from that index: see deploy/README.md.

FROM python:3.11-slim AS build
RUN python -m venv /opt/segue
ENV PATH=/opt/segue/bin:$PATH
WORKDIR /src
# torch first, in a layer that only its version changes. With TORCH_INDEX, an index's address, torch alone comes from
# there, so that no other package of that index can replace one of the same name; the next step installs what it needs.
ARG TORCH_INDEX
COPY constraints.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt \
    ${TORCH_INDEX:+--no-deps --index-url "$TORCH_INDEX"} torch
# Dependencies next, beside a Segue that is still empty: a change of its code leaves this layer in the cache.
COPY pyproject.toml README.md LICENSE ./
COPY models/weights/NOTICE models/weights/
RUN pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt '.[worker,postgres]'
COPY models models
COPY services services
COPY workers workers
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps --force-reinstall .

FROM python:3.11-slim
# The same number as in the API's image: workers read the uploads that the API has stored for its own user only.
RUN groupadd --gid 10001 segue \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin segue \
    && install --directory --owner=segue --group=segue --mode=0700 /data /data/tmp
COPY --from=build /opt/segue /opt/segue
COPY deploy/worker_health.py /etc/segue/
# PYTHONDONTWRITEBYTECODE: pip has compiled everything, and the root file system may be read-only.
# PYTHONSAFEPATH: the folder it is started in must not shadow Segue's packages.
# REMAP_SIGTERM: being stopped is Celery's soft shutdown; `segue worker` sets it too, plain `celery worker` does not.
ENV PATH=/opt/segue/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    REMAP_SIGTERM=SIGQUIT \
    SEGUE_DATA_DIR=/data
WORKDIR /data
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=45s --start-period=60s --start-interval=5s --retries=3 \
    CMD ["python", "/etc/segue/worker_health.py"]
CMD ["segue", "worker"]

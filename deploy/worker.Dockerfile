# The worker: Segue with torch. libsndfile and libsoxr are in their wheels, so only ffmpeg, if wanted, comes from apt.
# Build from the repository's root: docker build --file deploy/worker.Dockerfile --tag segue-worker:0.1.0 .
# `--build-arg TORCH_INDEX=…` installs torch from that index, `--build-arg INSTALL_FFMPEG=1` adds ffmpeg for M4A and other
# formats: see deploy/README.md.

FROM python:3.11-slim AS build
RUN python -m venv /opt/segue
ENV PATH=/opt/segue/bin:$PATH
WORKDIR /src
# torch first, in a layer that changes only with its version. Only torch is installed from TORCH_INDEX, so that no other
# package of that index can replace one of the same name. The next step installs torch's dependencies.
ARG TORCH_INDEX
COPY constraints.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt \
    ${TORCH_INDEX:+--no-deps --index-url "$TORCH_INDEX"} torch
# Dependencies next, with empty packages of Segue, so that a code change keeps this layer in the cache.
COPY pyproject.toml README.md LICENSE ./
COPY models/weights/NOTICE models/weights/
COPY clients/python/pyproject.toml clients/python/README.md clients/python/LICENSE clients/python/
RUN pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt ./clients/python '.[worker,map,postgres]'
COPY clients/python clients/python
COPY models models
COPY services services
COPY workers workers
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps --force-reinstall \
    ./clients/python .

FROM python:3.11-slim
# The same user id as in the API image, because workers read uploads that only the API's user can read.
RUN groupadd --gid 10001 segue \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin segue \
    && install --directory --owner=segue --group=segue --mode=0700 /data /data/tmp
ARG INSTALL_FFMPEG
# Not pinned: Debian keeps one version, and replaces it by a corrected one.
# hadolint ignore=DL3008
RUN if [ "$INSTALL_FFMPEG" = 1 ]; then \
    apt-get update \
    && apt-get install --yes --no-install-recommends ffmpeg \
    && rm -rf /var/lib/apt/lists/*; fi
COPY --from=build /opt/segue /opt/segue
COPY deploy/worker_health.py /etc/segue/
# PYTHONDONTWRITEBYTECODE: everything is compiled already, and the root file system may be read-only.
# PYTHONSAFEPATH: files in the working directory must not shadow Segue's packages.
# REMAP_SIGTERM: SIGTERM starts Celery's soft shutdown. `segue worker` sets this too, plain `celery worker` does not.
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

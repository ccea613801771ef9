# The worker: Segue with torch. libsndfile and libsoxr are in their wheels, so only ffmpeg, if wanted, comes from apt.
# Each layer changes only with what its comment names.
# Build from the repository's root: docker build --file deploy/worker.Dockerfile --tag segue-worker:0.1.0 .
# `--build-arg TORCH_INDEX=…` installs torch from that index, `--build-arg INSTALL_FFMPEG=1` adds ffmpeg for M4A and other
# formats: see deploy/README.md.

FROM python:3.11-slim AS requirements
WORKDIR /src
COPY pyproject.toml constraints.txt ./
COPY clients/python/pyproject.toml clients/python/
COPY deploy/requirements.py ./
# 1 installs what SEGUE_TRACES_URL needs.
ARG TRACING
RUN python requirements.py "worker,map,postgres${TRACING:+,tracing}" > requirements.txt \
    && grep '^torch[<=>]' constraints.txt > torch.txt

# torch: it changes only with its version. Only torch is installed from TORCH_INDEX, so that no other package of that index
# can replace one of the same name. The next stage installs torch's dependencies.
FROM python:3.11-slim AS torch
ARG TORCH_INDEX
RUN python -m venv --without-pip /opt/segue
WORKDIR /src
COPY --from=requirements /src/torch.txt ./
COPY deploy/slim.py ./
RUN pip --python /opt/segue/bin/python install --no-cache-dir --disable-pip-version-check --no-deps \
        ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} --requirement torch.txt \
    && python slim.py /opt/segue

# Packages: they change with the requirements and the pinned versions, not with the code or the version of Segue.
FROM torch AS packages
COPY --from=requirements /src/requirements.txt ./
COPY constraints.txt ./
RUN pip --python /opt/segue/bin/python install --no-cache-dir --disable-pip-version-check \
        --constraint constraints.txt --prefix /packages --requirement requirements.txt \
    && python slim.py /packages

# Code: a few megabytes.
FROM python:3.11-slim AS code
RUN python -m venv --without-pip /opt/segue
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY clients/python clients/python
COPY models models
COPY services services
COPY workers workers
RUN pip --python /opt/segue/bin/python install --no-cache-dir --disable-pip-version-check --no-deps --prefix /code \
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
COPY --from=torch /opt/segue /opt/segue
COPY --from=packages /packages /opt/segue
COPY --from=code /code /opt/segue
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

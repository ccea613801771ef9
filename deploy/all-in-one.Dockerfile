# Everything in one container, for one machine: `segue up` with its own broker, catalogue and index.
# Build from the repository's root: docker build --file deploy/all-in-one.Dockerfile --tag segue:0.1.0 .
# Run: docker run --init --volume ~/Music:/music:ro --volume segue:/data --publish 8765:8765 segue:0.1.0
# The build arguments are those of worker.Dockerfile.

FROM python:3.11-slim AS requirements
WORKDIR /src
COPY pyproject.toml constraints.txt ./
COPY clients/python/pyproject.toml clients/python/
COPY deploy/requirements.py ./
# 1 installs what SEGUE_TRACES_URL needs.
ARG TRACING
RUN python requirements.py "worker,map,local${TRACING:+,tracing}" > requirements.txt \
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
RUN install --directory --owner=10001 --group=10001 --mode=0700 /data
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
COPY deploy/api_health.py deploy/all-in-one/start.sh /etc/segue/
COPY deploy/all-in-one/segue.sh /etc/segue/bin/segue
# SEGUE_HOST: clients cannot reach a container's loopback. The published address decides who can reach the port.
# PUID, PGID: the user and the group of the processes, which own /data and must be allowed to read the music.
# PYTHONDONTWRITEBYTECODE: everything is compiled already.
# PYTHONSAFEPATH: files in the working directory must not shadow Segue's packages.
ENV PATH=/etc/segue/bin:/opt/segue/bin:$PATH \
    HOME=/data \
    MUSIC=/music \
    PUID=10001 \
    PGID=10001 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    SEGUE_DATA_DIR=/data \
    SEGUE_HOST=0.0.0.0
WORKDIR /data
# The container starts as root, gives the data to PUID and PGID, and goes on as them. With `--user` it never is root.
EXPOSE 8765
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --start-interval=2s --retries=3 \
    CMD ["python", "/etc/segue/api_health.py"]
CMD ["/etc/segue/start.sh"]

